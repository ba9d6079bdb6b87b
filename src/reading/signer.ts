/** Whose word on a referral this is: only who holds what it is made from can have made it. */
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { compartmentsOf, recipientSigning } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import type { Recipient } from '../protocol/trust/keyset.ts'
import type { CompartmentName } from '../referral/compartment.ts'
import { requireKid } from '../vault/service.ts'

/**
 * The recipient that signs with the key `kid`, which is one of the caller's.
 *
 * @param compartments - what it must hold
 * @throws Refusal `unknown-signer`, `recipient-not-yours`, `recipient-lacks-compartments`
 */
export async function requireSigner(
  tx: Tx<KnownCaller>,
  kid: string,
  compartments: readonly CompartmentName[],
): Promise<Recipient> {
  const recipient = await recipientSigning(tx, kid)
  if (!recipient) {
    const detail = 'signature.kid is no signing key of a recipient of a keyset in use'
    throw new Refusal('unknown-signer', detail)
  }
  requireKid(tx, recipient.kid)
  if (compartments.every((name) => recipient.compartments.includes(name))) return recipient
  const detail = `the recipient of signature.kid does not hold all of ${compartments.join(', ')}`
  throw new Refusal('recipient-lacks-compartments', detail)
}

/**
 * Refuses the word of a recipient that was not given the compartments of this referral: what it holds
 * by a later keyset it was not sealed, and so cannot have read, unless that was granted to it.
 *
 * @param stored - the keyset that the referral was sealed under, or what was granted
 * @throws Refusal `recipient-lacks-compartments`
 */
export async function requireGiven(
  tx: Tx,
  { kid }: Recipient,
  { keysetVersion, granted }: Given,
  compartments: readonly CompartmentName[],
): Promise<void> {
  const given = granted ?? (await compartmentsOf(tx, keysetVersion, kid))
  if (compartments.every((name) => given.includes(name))) return
  const by = granted ? 'by its grant' : `under keyset ${keysetVersion}, by which it was sealed`
  const detail = `of this referral the recipient of signature.kid does not hold all of`
  throw new Refusal('recipient-lacks-compartments', `${detail} ${compartments.join(', ')} ${by}`)
}

type Given = {
  readonly keysetVersion: number
  readonly granted: readonly CompartmentName[] | null
}

/** A statement is of now: one that was kept back could raise an item, or let somebody in, long after. */
const clockDiffersMsMax = 5 * 60_000

/** @throws Refusal `clock-differs` for what was signed at another time than now */
export function requireNow(at: string, now: Date): void {
  const differsMs = Math.abs(Date.parse(at) - now.getTime())
  if (differsMs <= clockDiffersMsMax) return
  const detail = 'at is over 5 minutes from the clock of the service, which `Date` shows'
  throw new Refusal('clock-differs', detail)
}
