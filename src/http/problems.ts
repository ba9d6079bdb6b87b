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
    next: 'Shorten the narrative or leave out documents; a body holds 524,288 bytes at most.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request does not match its schema',
    retry: 'never',
    next: 'Correct what `detail` and `errors` name; openapi/openapi.json holds the schema.',
  },
  'unknown-property': {
    status: 400,
    title: 'The body holds a property that is not in the schema',
    retry: 'never',
    next: 'Remove it. Nothing unknown is stored, so that no plaintext slips in beside what is sealed.',
  },
  'not-found': {
    status: 404,
    title: 'There is no such thing, or none that you may see',
    retry: 'never',
    next: 'Check the path and the id. What belongs to others answers the same.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are larger than the limit',
    retry: 'never',
    next: 'Send fewer headers; all of them together hold 16,384 bytes at most.',
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
    next: 'Pad each compartment as docs/PROTOCOL.md says: its length must say nothing.',
  },
  'missing-compartment': {
    status: 422,
    title: 'A compartment is missing',
    retry: 'never',
    next: 'Seal all ten compartments, the empty ones too.',
  },
  'commitments-mismatch': {
    status: 422,
    title: 'The commitments do not name exactly the ten compartments',
    retry: 'never',
    next: clientBug,
  },
  'referral-id-mismatch': {
    status: 422,
    title: 'The header names another referral than the path',
    retry: 'never',
    next: 'Send the envelope to /v1/referrals/ followed by the id of its header.',
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
    next: 'Use a client that speaks a protocol of the keyset.',
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
    title: 'Sealed to a key that an earlier keyset had and this one has not',
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
    title: 'Sealed under a keyset that is revoked',
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
    title: 'The reply key is no valid key',
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
    title: 'The signature does not fit the envelope',
    retry: 'never',
    next: 'Seal and sign again. If it happens twice, something on the way changes the bytes.',
  },
  'unknown-signer': {
    status: 422,
    title: 'Signed with a key that is not a current one of your organisation',
    retry: 'never',
    next: 'Ask the administrator whether your signing key stands in the published directory.',
  },
  'receipt-unsupported': {
    status: 422,
    title: 'Signed by a receipt, for which there is no route yet',
    retry: 'never',
    next: "Sign the envelope with your organisation's key.",
  },
  'referral-id-taken': {
    status: 409,
    title: 'This referral id is taken',
    retry: 'never',
    next: 'To send the same referral again, send the same bytes. For another, make a new id.',
  },
  'trust-invalid': {
    status: 422,
    title: 'A signed document is not valid',
    retry: 'never',
    next: 'Do not use it. Ask the administrator, by another way than this service.',
  },
  'trust-rolled-back': {
    status: 422,
    title: 'A signed document is older than one already seen',
    retry: 'never',
    next: 'Do not use it. Ask the administrator, by another way than this service.',
  },
  unauthenticated: {
    status: 401,
    title: 'A valid access token is required',
    retry: 'after-refresh',
    next: 'Send a current token as `Authorization: Bearer …`.',
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
  'recipient-not-yours': {
    status: 403,
    title: 'The recipient key is not one of your client',
    retry: 'never',
    next: 'Name a key that the administrator bound to your client.',
  },
  'recipient-lacks-compartments': {
    status: 422,
    title: 'The recipient key does not hold the compartments that this is made from',
    retry: 'never',
    next: 'Leave it to a recipient that holds the compartments named in `detail`.',
  },
  'element-invalid': {
    status: 422,
    title: 'An element is none of the group',
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
    title: 'The proof is not by the key of the keyset',
    retry: 'never',
    next: 'Do not use the values. Send the referral without match keys and tell the administrator.',
  },
  'batch-mismatch': {
    status: 422,
    title: 'The answer does not fit what was asked',
    retry: 'never',
    next: 'Send 1 to 40 elements at once; an answer has as many as were asked, of each holder.',
  },
  'matching-budget-spent': {
    status: 429,
    title: 'No more match keys can be made today',
    retry: 'later',
    next: 'Send the referral without match keys: it is accepted, and matched when it is opened.',
  },
  'matching-unavailable': {
    status: 503,
    title: 'The holder of the matching key does not answer',
    retry: 'later',
    next: 'Send the referral without match keys: it is accepted, and matched when it is opened.',
  },
  'clock-differs': {
    status: 422,
    title: 'The time of the statement differs too much from the clock of the service',
    retry: 'never',
    next: 'Set the clock of this machine, by NTP if you can, and state the urgency again.',
  },
  'lease-lost': {
    status: 409,
    title: 'The lease has passed on',
    retry: 'after-refresh',
    next: 'Stop work on this item: another holder may have it, or detail names the item it goes on as. Claim again.',
  },
  'case-changed': {
    status: 409,
    title: 'The case is no longer what the request takes it for',
    retry: 'after-refresh',
    next: 'Read the case again, and decide on what it holds now.',
  },
  'case-full': {
    status: 409,
    title: 'The case holds as many referrals as a case may',
    retry: 'never',
    next: 'Split off what is not about the same person, or keep the two cases apart.',
  },
  'note-not-next': {
    status: 409,
    title: 'The note is not the next about its referral',
    retry: 'after-refresh',
    next: 'Read the notes about the referral again, seal the note anew as the next of them, and send it.',
  },
  'search-budget-spent': {
    status: 429,
    title: 'Your client has searched as often as an hour allows',
    retry: 'later',
    next: 'Wait, or ask the administrator what all these searches are for.',
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
    next: 'Do not refer, or say in consent.safeguardingNote why it must be sent all the same.',
  },
  'referral-too-large': {
    status: 422,
    title: 'The referral is larger than an envelope may be',
    retry: 'never',
    next: 'Shorten the longest field named.',
  },
  'keyset-expired': {
    status: 422,
    title: 'The keyset expired too long ago to seal with',
    retry: 'after-refresh',
    next: 'Fetch GET /v1/keyset. If it is no newer, tell the administrator that it must be renewed.',
  },
  'key-file-invalid': {
    status: 422,
    title: 'The key file cannot be read',
    retry: 'never',
    next: 'Check that the path is that of a file made by `intake keys generate`.',
  },
  'passphrase-wrong': {
    status: 422,
    title: 'The passphrase does not open the key file',
    retry: 'never',
    next: 'Type the passphrase again.',
  },
  'receipt-mistyped': {
    status: 422,
    title: 'The receipt has a mistyped digit',
    retry: 'never',
    next: 'Compare the digits with the paper and type them again.',
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
    next: 'Repeat the same request: what was stored already is not stored twice.',
  },
} as const satisfies Record<ErrorCode, Problem>
