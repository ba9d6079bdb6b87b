/**
 * Each code of a refusal as it goes over the wire: RFC 9457, with what to do next. Pure; one table,
 * and as long as there are codes.
 */
import type { ErrorCode } from '../errors.ts'

/**
 * `retry`: `never` with these bytes, `later` as they are, or `after-refresh` of what they were made
 * from (a keyset, a token, a claim).
 */
export type Problem = {
  readonly status: number
  readonly title: string
  readonly retry: 'never' | 'later' | 'after-refresh'
  readonly next: string
}

const reseal = 'Fetch GET /v1/keyset, verify it, and seal the referral again.'
const correct = 'Correct the request and send it again.'
const clientBug = 'Seal with a current client; if this one is current, report it as a defect.'

export const problems = {
  'malformed-json': {
    status: 400,
    title: 'The body is not JSON',
    retry: 'never',
    next: correct,
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The media type of the body is not accepted',
    retry: 'never',
    next: 'Send the body as application/json.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is larger than the limit',
    retry: 'never',
    next: 'Shorten the narrative or leave out documents: a body holds at most 524,288 bytes.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request does not match its schema',
    retry: 'never',
    next: 'Correct what `detail` and `errors` name; GET /openapi.json holds the schema.',
  },
  'unknown-property': {
    status: 400,
    title: 'The body holds a property that is not in the schema',
    retry: 'never',
    next: 'Remove it. Nothing unknown is stored, so that no plaintext slips in beside what is sealed.',
  },
  'not-found': {
    status: 404,
    title: 'Nothing is here, or nothing that you may see',
    retry: 'never',
    next: 'Check the path and the id. The answer is the same for what belongs to others.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are larger than the limit',
    retry: 'never',
    next: 'Send fewer headers: together they hold at most 16,384 bytes.',
  },
  'request-incomplete': {
    status: 408,
    title: 'The request broke off, or took too long to arrive',
    retry: 'later',
    next: 'Send the same request again.',
  },
  'not-sealed': {
    status: 422,
    title: 'A compartment is not a sealed string',
    retry: 'never',
    next: 'Seal each compartment before sending it. Plaintext is never accepted.',
  },
  'sealed-length': {
    status: 422,
    title: 'A compartment has a length that is not permitted',
    retry: 'never',
    next: 'Pad each compartment as docs/PROTOCOL.md says, so that its length tells nothing.',
  },
  'missing-compartment': {
    status: 422,
    title: 'A compartment is missing',
    retry: 'never',
    next: 'Seal all ten compartments, including empty ones.',
  },
  'commitments-mismatch': {
    status: 422,
    title: 'The commitments are not those of the ten compartments',
    retry: 'never',
    next: clientBug,
  },
  'referral-id-mismatch': {
    status: 422,
    title: 'The header and the path name different referrals',
    retry: 'never',
    next: 'Send the envelope to /v1/referrals/ followed by the id in its header.',
  },
  'wrong-origin': {
    status: 422,
    title: 'The referral was sealed for another service',
    retry: 'never',
    next: 'Check which service the client is configured for, and seal again.',
  },
  'unsupported-protocol': {
    status: 422,
    title: 'The protocol version is not supported',
    retry: 'never',
    next: 'Use a client that speaks one of the protocols named in the keyset.',
  },
  'wraps-mismatch': {
    status: 422,
    title: 'The wraps are not those that the header names',
    retry: 'never',
    next: clientBug,
  },
  'missing-recipient': {
    status: 422,
    title: 'A required recipient has no wrap',
    retry: 'after-refresh',
    next: reseal,
  },
  'unknown-recipient-key': {
    status: 422,
    title: 'Sealed to a key that is not in the keyset',
    retry: 'after-refresh',
    next: reseal,
  },
  'retired-recipient-key': {
    status: 422,
    title: 'Sealed to a key that is no longer in the keyset',
    retry: 'after-refresh',
    next: reseal,
  },
  'unknown-keyset': {
    status: 422,
    title: 'Sealed under a keyset that was never published here',
    retry: 'after-refresh',
    next: reseal,
  },
  'keyset-revoked': {
    status: 422,
    title: 'Sealed under a revoked keyset',
    retry: 'after-refresh',
    next: reseal,
  },
  'keyset-superseded': {
    status: 422,
    title: 'Sealed under a keyset that is too old',
    retry: 'after-refresh',
    next: reseal,
  },
  'unknown-matching-epoch': {
    status: 422,
    title: 'The match values are of an epoch or a type that the keyset does not list',
    retry: 'after-refresh',
    next: reseal,
  },
  'invalid-reply-key': {
    status: 422,
    title: 'The reply key is not a valid key',
    retry: 'never',
    next: clientBug,
  },
  'signature-missing': {
    status: 422,
    title: 'The envelope is not signed',
    retry: 'never',
    next: "Sign the envelope with your organisation's key.",
  },
  'signature-invalid': {
    status: 422,
    title: 'The signature does not match',
    retry: 'never',
    next: 'Sign again. If this happens twice, something between you and the service changes the bytes.',
  },
  'unknown-signer': {
    status: 422,
    title: 'Signed with a key that does not count here',
    retry: 'never',
    next: 'Ask the administrator whether your signing key is in the published keyset or directory.',
  },
  'referral-id-taken': {
    status: 409,
    title: 'This referral id is taken',
    retry: 'never',
    next: 'To send the same referral again, send the same bytes. For another referral, make a new id.',
  },
  'trust-invalid': {
    status: 422,
    title: 'The signed keyset or directory is not valid',
    retry: 'never',
    next: 'Do not use it. Ask the administrator, by a way that does not go through this service.',
  },
  'trust-rolled-back': {
    status: 422,
    title: 'The signed keyset or directory is older than one already seen',
    retry: 'never',
    next: 'Do not use it. Ask the administrator, by a way that does not go through this service.',
  },
  unauthenticated: {
    status: 401,
    title: 'A valid access token is required',
    retry: 'after-refresh',
    next: 'Sign in again, and send the new token.',
  },
  'receipt-required': {
    status: 401,
    title: 'A receipt is required',
    retry: 'never',
    next: 'Send `Authorization: Receipt …` with the access tag of the receipt, as docs/PROTOCOL.md says ("Receipts").',
  },
  'dpop-required': {
    status: 401,
    title: 'The access token was sent without its proof',
    retry: 'after-refresh',
    next: 'Sign in with DPoP (RFC 9449), and send the token with a proof for each request.',
  },
  'dpop-proof-invalid': {
    status: 401,
    title: 'The DPoP proof is missing or not valid for this request',
    retry: 'after-refresh',
    next: 'Make a new proof for each request, with a clock that is right.',
  },
  'insufficient-scope': {
    status: 403,
    title: 'The client lacks a required scope',
    retry: 'never',
    next: 'Ask the administrator to grant the scope named.',
  },
  'caller-disabled': {
    status: 403,
    title: 'The client or its organisation is disabled',
    retry: 'never',
    next: 'Ask the administrator.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Your client sends too many requests',
    retry: 'later',
    next: 'Wait as long as Retry-After says, then send it again. Send fewer at once, one connection is enough for most.',
  },
  'proof-required': {
    status: 403,
    title: 'A proof of work is missing, or does not count any more',
    retry: 'after-refresh',
    next: 'Get a new challenge from POST /v1/public/challenges, solve it, and send the same bytes with it.',
  },
  'too-many-unopened': {
    status: 503,
    title: 'Too many referrals wait to be opened',
    retry: 'later',
    next: 'Keep the same bytes and send them again later, with a new proof; or refer by telephone.',
  },
  'recipient-not-yours': {
    status: 403,
    title: 'The recipient key does not belong to your client',
    retry: 'never',
    next: 'Name a key that the administrator bound to your client.',
  },
  'recipient-lacks-compartments': {
    status: 422,
    title: 'The recipient cannot open the compartments that this is made from',
    retry: 'never',
    next: 'Leave this to a recipient that can open the compartments named in `detail`.',
  },
  'element-invalid': {
    status: 422,
    title: 'An element is not an element of the group',
    retry: 'never',
    next: 'Blind the match keys again with a current client; if this one is current, report it.',
  },
  'scalar-invalid': {
    status: 422,
    title: 'A scalar is not below the order of the group',
    retry: 'never',
    next: 'Do not use it. Ask for the evaluation again; if it comes back, tell the administrator.',
  },
  'proof-invalid': {
    status: 422,
    title: 'The proof was not made with the key in the keyset',
    retry: 'never',
    next: 'Do not use the values. Send the referral without match keys and tell the administrator.',
  },
  'batch-mismatch': {
    status: 422,
    title: 'The answer does not match the request',
    retry: 'never',
    next: 'Send 1 to 40 elements at once. Each keyholder answers with as many as were sent.',
  },
  'matching-budget-spent': {
    status: 429,
    title: 'The daily limit of match keys is reached',
    retry: 'later',
    next: 'Send the referral without match keys: it is accepted, and matched once a recipient has opened it.',
  },
  'matching-unavailable': {
    status: 503,
    title: 'The keyholder does not answer',
    retry: 'later',
    next: 'Send the referral without match keys: it is accepted, and matched once a recipient has opened it.',
  },
  'clock-differs': {
    status: 422,
    title: 'The time of the statement differs too much from the clock of the service',
    retry: 'never',
    next: 'Set the clock of this machine, with NTP if you can, and state the urgency again.',
  },
  'lease-lost': {
    status: 409,
    title: 'The lease is no longer yours',
    retry: 'after-refresh',
    next: 'Stop work on this item: somebody else may hold it now, or it was merged into the item that `detail` names. Claim again.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key was sent with another request before',
    retry: 'never',
    next: 'Make a new random key for each claim, and send it again only with the very same request.',
  },
  'cursor-outdated': {
    status: 410,
    title: 'What came next may be forgotten',
    retry: 'never',
    next: 'Ask once without since, then list the items that you watch, and go on from next of that answer.',
  },
  'endpoint-refused': {
    status: 422,
    title: 'The service sends no messages to this endpoint',
    retry: 'never',
    next: 'Correct what `detail` names; ask the operator where the endpoint is in a private network.',
  },
  'item-held': {
    status: 409,
    title: 'The item that you asked for is held',
    retry: 'never',
    next: 'Take a message for whoever holds it. The lease ends by itself; GET /v1/triage/items shows until when.',
  },
  'item-changed': {
    status: 409,
    title: 'The item has changed since you read it',
    retry: 'after-refresh',
    next: 'List the item again, and decide from how it stands now.',
  },
  'reopening-over': {
    status: 409,
    title: 'The completion is too old to be taken back',
    retry: 'never',
    next: 'The answer stands. Ask whoever sent the referral to amend it: that comes to the queue as new work.',
  },
  'state-refused': {
    status: 409,
    title: 'The referral does not go from its state to that one',
    retry: 'never',
    next: 'Read how it stands. What has no answer yet is answered first, by completing its item.',
  },
  'withdrawal-refused': {
    status: 409,
    title: 'The referral has its answer, or its withdrawal is decided',
    retry: 'never',
    next: 'Read how it stands. What has its answer is not withdrawn: ask the charity to close it.',
  },
  'document-too-large': {
    status: 413,
    title: 'The document is larger than the limit',
    retry: 'never',
    next: 'Make it smaller, such as by scanning at a lower resolution, or send it in parts.',
  },
  'documents-full': {
    status: 409,
    title: 'The referral holds as many documents as it may',
    retry: 'never',
    next: 'Leave out what is not needed, or ask the recipient how to send the rest.',
  },
  'document-budget-spent': {
    status: 429,
    title: 'The daily limit of documents is reached',
    retry: 'later',
    next: 'Send the rest tomorrow, or ask the administrator for more.',
  },
  'document-id-taken': {
    status: 409,
    title: 'This document id is taken',
    retry: 'never',
    next: 'Seal the file again, under a new id and a new key.',
  },
  'document-incomplete': {
    status: 503,
    title: 'The document has not been uploaded to its end yet',
    retry: 'later',
    next: 'Ask again later. If it stays so, ask whoever sent it to send it again.',
  },
  'upload-offset-differs': {
    status: 409,
    title: 'The upload stands at another place',
    retry: 'after-refresh',
    next: 'Ask with HEAD where it stands, and go on from there.',
  },
  'document-exchanged': {
    status: 422,
    title: 'This is another file than the sender named',
    retry: 'never',
    next: 'Do not use it. Tell the administrator, and ask the sender to send it again.',
  },
  'document-altered': {
    status: 422,
    title: 'The file was changed after it was sealed',
    retry: 'never',
    next: 'Do not use it. Tell the administrator, and ask the sender to send it again.',
  },
  'document-truncated': {
    status: 422,
    title: 'The end of the file is missing',
    retry: 'never',
    next: 'Fetch it again. If it stays so, tell the administrator, and ask the sender to send it again.',
  },
  'document-refused': {
    status: 422,
    title: 'The file is not what it was said to be, or may do something by itself',
    retry: 'never',
    next: 'Ask the sender what it is. Open it only where nothing can be harmed, with --allow-active.',
  },
  erased: {
    status: 410,
    title: 'The referral was erased',
    retry: 'never',
    next: 'Nothing of it is left to be read. Who needs help still refers anew.',
  },
  'erasure-refused': {
    status: 409,
    title: 'The referral may not be erased now',
    retry: 'later',
    next: 'Read in `detail` what stands against it: a legal hold is lifted first, and the days after a withdrawal are waited for.',
  },
  'case-changed': {
    status: 409,
    title: 'The case has changed since you read it',
    retry: 'after-refresh',
    next: 'Read the case again, and decide from what it holds now.',
  },
  'case-full': {
    status: 409,
    title: 'The case would hold too many referrals',
    retry: 'never',
    next: 'Split off the referrals that are about somebody else, or leave the two cases separate.',
  },
  'note-not-next': {
    status: 409,
    title: 'The note is not the next one about its referral',
    retry: 'after-refresh',
    next: 'Read the notes about the referral again, seal this note as the next one, and send it.',
  },
  'message-not-next': {
    status: 409,
    title: 'The message is not the next one of its side about its referral',
    retry: 'after-refresh',
    next: 'Read the messages about the referral again, seal this one as the next, and send it.',
  },
  'messages-unread': {
    status: 429,
    title: 'Many messages about this referral have still to be read',
    retry: 'later',
    next: 'They will be read: wait until tomorrow to write more, or ring. To change what you sent, amend the referral.',
  },
  'search-budget-spent': {
    status: 429,
    title: 'Your client has reached the hourly limit of searches',
    retry: 'later',
    next: 'Wait, and tell the administrator if your client made fewer searches than this.',
  },
  'referral-invalid': {
    status: 422,
    title: 'The referral does not match its schema',
    retry: 'never',
    next: 'See `errors` for each place, and openapi/referral.schema.json for the schema.',
  },
  'consent-refused': {
    status: 422,
    title: 'The person refused an assessment',
    retry: 'never',
    next: 'Do not refer, or say in consent.safeguardingNote why the referral must be sent nevertheless.',
  },
  'referral-too-large': {
    status: 422,
    title: 'The referral is larger than an envelope may be',
    retry: 'never',
    next: 'Shorten the longest field named.',
  },
  'keyset-expired': {
    status: 422,
    title: 'The keyset expired too long ago to be used for sealing',
    retry: 'after-refresh',
    next: 'Fetch GET /v1/keyset. If there is no newer one, tell the administrator that it must be renewed.',
  },
  'key-file-invalid': {
    status: 422,
    title: 'The key file cannot be read',
    retry: 'never',
    next: 'Check that the path names a file made by `intake keys generate`.',
  },
  'passphrase-wrong': {
    status: 422,
    title: 'The passphrase does not open the key file',
    retry: 'never',
    next: 'Type the passphrase again.',
  },
  'block-damaged': {
    status: 422,
    title: 'The block is not whole, or not one of ours',
    retry: 'never',
    next: 'Have it sent again, from its BEGIN to its END line, best as an attachment.',
  },
  'block-unproven': {
    status: 422,
    title: 'The block does not prove what it says',
    retry: 'never',
    next: 'Use nothing of it. Ring the other side, by a number that you knew before.',
  },
  'block-spent': {
    status: 422,
    title: 'The block was used before',
    retry: 'never',
    next: 'See `intake admin client list`. A partner that begins again makes new keys: intake partner init.',
  },
  'fingerprint-differs': {
    status: 422,
    title: 'The fingerprint that was read aloud is not that of the block',
    retry: 'never',
    next: 'Read it aloud once more. If it still differs, the block was exchanged on the way: use nothing of it.',
  },
  'receipt-mistyped': {
    status: 422,
    title: 'The receipt has a mistyped digit',
    retry: 'never',
    next: 'Compare the digits with the paper, and type them again.',
  },
  'reference-mistyped': {
    status: 422,
    title: 'The reference has a mistyped digit',
    retry: 'never',
    next: 'Compare the digits, or ask for them again, and type them again.',
  },
  'reference-mismatch': {
    status: 422,
    title: 'The reference is not one of that referral',
    retry: 'never',
    next: 'Do not pass it on. Tell the administrator, by another way than this service.',
  },
  'not-sequenced': {
    status: 503,
    title: 'The entry has no place in the tree yet',
    retry: 'later',
    next: 'Ask again in a second or two: the next checkpoint is over it.',
  },
  'not-ready': {
    status: 503,
    title: 'The service is not ready',
    retry: 'later',
    next: 'Wait a moment and repeat the same request.',
  },
  'outcome-unknown': {
    status: 503,
    title: 'It is not known whether this was done',
    retry: 'later',
    next: 'Repeat the same request: nothing is stored twice.',
  },
} as const satisfies Record<ErrorCode, Problem>
