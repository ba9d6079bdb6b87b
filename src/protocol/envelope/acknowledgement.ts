/** What a referrer gets for a stored referral: docs/PROTOCOL.md, "What the service checks". */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Bytes32, Instant, Uuid, UuidV7 } from '../../referral/format.ts'
import { utf8 } from '../bytes.ts'
import { dammDigit, dammValid } from '../damm.ts'
import { sha256 } from '../sodium.ts'

/** Seven digits and a check digit, to say on the telephone. It opens nothing. */
export const Reference = Type.String({ pattern: '^[0-9]{8}$', minLength: 8, maxLength: 8 })

/** An id, or in its place the reference of a referral. */
export const IdOrReference = Type.String({
  pattern: '^([0-9]{8}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$',
  minLength: 8,
  maxLength: 36,
  description: 'An id, or the reference of a referral: seven digits and a check digit',
})

export const Acknowledgement = Type.Object(
  {
    referralId: UuidV7,
    reference: Reference,
    receivedAt: Instant,
    envelopeHash: Bytes32,
    entryId: Uuid,
  },
  { additionalProperties: false },
)
export type Acknowledgement = Static<typeof Acknowledgement>

/**
 * So many references may be taken before a referral is refused, and so many a client tries. Of ten million
 * with a hundred thousand in use, five are taken once in 10^10.
 */
export const referenceTriesMax = 5

/**
 * The reference of a referral. There are 10^7, so the store keeps them unique, and asks for another
 * where one is taken.
 *
 * It is made of the referral's id, which its client drew at random: one that is sent again after the
 * service lost it gets the number that it had, unless another has it by then.
 *
 * @param tries - 1, and one more each time that the reference was taken: `referenceTriesMax` at most
 */
export function makeReference(referralId: string, tries: number): string {
  const bytes = sha256(utf8(`reference ${referralId} ${tries}`))
  const number = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0) % 10_000_000n
  const digits = String(number).padStart(7, '0')
  return digits + dammDigit(digits)
}

/**
 * Whether `reference` is one that this referral can have, by its id alone: a server cannot name another
 * referral by a reference that somebody was told.
 */
export function isReferenceOf(referralId: string, reference: string): boolean {
  for (let tries = 1; tries <= referenceTriesMax; tries += 1) {
    if (makeReference(referralId, tries) === reference) return true
  }
  return false
}

/** Whether `text` is eight digits of which the last checks the others. */
export function isReference(text: string): boolean {
  return text.length === 8 && dammValid(text)
}

/** Whether `name`, an `IdOrReference`, is a reference. */
export function isReferenceForm(name: string): boolean {
  return name.length === 8
}
