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
 * by a later keyset it was not sealed, and so cannot have read.
 *
 * @param version - of the keyset that the referral was sealed under
 * @throws Refusal `recipient-lacks-compartments`
 */
export async function requireSealedTo(
  tx: Tx,
  { kid }: Recipient,
  version: number,
  compartments: readonly CompartmentName[],
): Promise<void> {
  const sealed = await compartmentsOf(tx, version, kid)
  if (compartments.every((name) => sealed.includes(name))) return
  const detail = `under keyset ${version}, by which the referral was sealed, the recipient of signature.kid`
  const lacks = `does not hold all of ${compartments.join(', ')}`
  throw new Refusal('recipient-lacks-compartments', `${detail} ${lacks}`)
}
