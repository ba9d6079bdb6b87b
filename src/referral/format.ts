/**
 * The written forms of bytes, ids and dates, as schemas.
 *
 * Patterns rather than JSON Schema formats: a format is a comment to a validator that does not know
 * it, and a pattern stands in the OpenAPI document for every client to check.
 */
import * as Type from 'typebox'

// The last letter of unpadded base64url holds 6, 4 or 2 bits; the rest of it must be zero, or the
// same bytes would have several spellings.
const lastLetter = { 0: '[A-Za-z0-9_-]', 1: '[AQgw]', 2: '[AEIMQUYcgkosw048]' } as const

/**
 * Unpadded base64url of exactly `bytes` bytes, with zero trailing bits (RFC 4648 sections 3.2, 3.5
 * and 5).
 */
export function base64urlOf(bytes: number) {
  const letters = Math.ceil((bytes * 4) / 3)
  const last = lastLetter[(bytes % 3) as 0 | 1 | 2]
  return Type.String({
    pattern: `^[A-Za-z0-9_-]{${letters - 1}}${last}$`,
    minLength: letters,
    maxLength: letters,
  })
}

/** A key id: docs/PROTOCOL.md, "Keys". */
export const Kid = base64urlOf(16)

/** A 256-bit hash, an Ed25519 or ristretto255 public key, a log key. */
export const Bytes32 = base64urlOf(32)

/** An X-Wing public key. */
export const XWingPublicKey = base64urlOf(1216)

/** A UUID in lower case, of any version. */
export const Uuid = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  minLength: 36,
  maxLength: 36,
})

/** A UUID of version 7: its time gives new referrals their order in every index. */
export const UuidV7 = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$',
  minLength: 36,
  maxLength: 36,
})

const day = '[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'

/** A calendar day, `2026-11-25`. */
export const Day = Type.String({ pattern: `^${day}$`, minLength: 10, maxLength: 10 })

/** A moment in UTC (RFC 3339), to the millisecond at most: `2026-11-22T09:30:00Z`. */
export const Instant = Type.String({
  pattern: `^${day}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{3})?Z$`,
  minLength: 20,
  maxLength: 24,
})

/** A service's name without a scheme, `intake.example.org`, with a port where it is tried out. */
export const Origin = Type.String({
  pattern: '^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$',
  minLength: 1,
  maxLength: 255,
})

/** Where the next page of a list begins: opaque. */
export const Cursor = Type.String({
  pattern: '^[A-Za-z0-9_-]{1,120}$',
  description:
    '`next` of the page before. One that no page gave is refused with `malformed-request`.',
})
