/** What a referrer gets for a stored referral: docs/PROTOCOL.md, "What the service checks". */
import { type Static, Type } from 'typebox'
import { Bytes32, Instant, Uuid, UuidV7 } from '../referral/format.ts'
import { dammDigit, dammValid } from './damm.ts'
import { sodium } from './sodium.ts'

/** Seven digits and a check digit, to say on the telephone. It opens nothing. */
export const Reference = Type.String({ pattern: '^[0-9]{8}$', minLength: 8, maxLength: 8 })

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

/** A random reference. There are 10^7: the store keeps them unique and draws again. */
export function makeReference(): string {
  const digits = String(sodium.randombytes_uniform(10_000_000)).padStart(7, '0')
  return digits + dammDigit(digits)
}

/** Whether `text` is eight digits of which the last checks the others. */
export function isReference(text: string): boolean {
  return text.length === 8 && dammValid(text)
}
