/**
 * Every way this product refuses. The codes are public and permanent: callers branch on them, and
 * `docs/PROBLEMS.md` has a paragraph for each.
 *
 * Pure, and imported from anywhere: the same code names the same fault whether the client finds it
 * before sending or the server after.
 */

/** A closed union: `problems.ts` does not compile while one of these lacks its status and title. */
export type ErrorCode =
  // The request as HTTP and JSON.
  | 'malformed-json'
  | 'unsupported-media-type'
  | 'body-too-large'
  | 'malformed-request'
  | 'unknown-property'
  | 'not-found'
  | 'headers-too-large'
  | 'request-incomplete'
  // The envelope (docs/PROTOCOL.md, "What the service checks").
  | 'not-sealed'
  | 'sealed-length'
  | 'missing-compartment'
  | 'commitments-mismatch'
  | 'referral-id-mismatch'
  | 'wrong-origin'
  | 'unsupported-protocol'
  | 'wraps-mismatch'
  | 'missing-recipient'
  | 'unknown-recipient-key'
  | 'retired-recipient-key'
  | 'unknown-keyset'
  | 'keyset-revoked'
  | 'keyset-superseded'
  | 'unknown-matching-epoch'
  | 'invalid-reply-key'
  | 'signature-missing'
  | 'signature-invalid'
  | 'unknown-signer'
  | 'referral-id-taken'
  // Signed documents (docs/PROTOCOL.md, "Keyset and directory").
  | 'trust-invalid'
  | 'trust-rolled-back'
  // Access.
  | 'unauthenticated'
  | 'receipt-required'
  | 'dpop-required'
  | 'dpop-proof-invalid'
  | 'insufficient-scope'
  | 'caller-disabled'
  | 'too-many-requests'
  | 'proof-required'
  | 'too-many-unopened'
  | 'recipient-not-yours'
  | 'recipient-lacks-compartments'
  | 'already-granted'
  | 'wrap-needed'
  // Matching (RFC 9497 section 4.1, and who may ask how much).
  | 'element-invalid'
  | 'scalar-invalid'
  | 'proof-invalid'
  | 'batch-mismatch'
  | 'matching-budget-spent'
  | 'matching-unavailable'
  // The queue.
  | 'clock-differs'
  | 'lease-lost'
  | 'idempotency-key-reused'
  | 'cursor-outdated'
  | 'item-held'
  | 'item-changed'
  | 'reopening-over'
  | 'state-refused'
  | 'withdrawal-refused'
  | 'erased'
  | 'erasure-refused'
  | 'endpoint-refused'
  // Documents: files that are sealed and stored apart.
  | 'document-too-large'
  | 'documents-full'
  | 'document-budget-spent'
  | 'document-id-taken'
  | 'document-incomplete'
  | 'upload-offset-differs'
  | 'document-exchanged'
  | 'document-altered'
  | 'document-truncated'
  | 'document-refused'
  // Cases.
  | 'case-changed'
  | 'case-full'
  | 'note-not-next'
  | 'search-budget-spent'
  | 'opening-budget-spent'
  // Messages.
  | 'message-not-next'
  | 'messages-unread'
  | 'reply-key-missing'
  // The access log.
  | 'not-sequenced'
  // What a client refuses before it sends, or of what it is answered.
  | 'referral-invalid'
  | 'consent-refused'
  | 'referral-too-large'
  | 'keyset-expired'
  | 'receipt-mistyped'
  | 'reference-mistyped'
  | 'reference-mismatch'
  | 'key-file-invalid'
  | 'passphrase-wrong'
  // Bringing a partner in.
  | 'block-damaged'
  | 'block-unproven'
  | 'block-spent'
  | 'fingerprint-differs'
  // The service itself.
  | 'not-ready'
  | 'outcome-unknown'

/**
 * A refusal the caller can act on. Anything else that is thrown is a bug, and leaves the service as
 * a bare 500.
 *
 * `detail` names fields, ids and limits; it never quotes a value that was submitted or stored.
 */
export class Refusal extends Error {
  readonly code: ErrorCode
  /** After so many seconds the same request may fare better, where that is known. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    code: ErrorCode,
    detail: string,
    { retryAfterSeconds, ...options }: ErrorOptions & { retryAfterSeconds?: number } = {},
  ) {
    super(detail, options)
    this.name = 'Refusal'
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/**
 * `value`, where it cannot be missing.
 *
 * @param words - why it cannot; the message of the bug if it is all the same
 */
export function required<Value>(value: Value | undefined, words: string): Value {
  if (value === undefined) throw new Error(`cannot be: ${words}`)
  return value
}
