/**
 * Sealed referrals at rest: stored once, released to the holder of one recipient key, and moved
 * through the states of a referral's life. It has no routes: `intake`, `reading` and `triage` are its doors.
 */
import { type KnownCaller, type Sender, type SendingCaller, senderOf } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { encodeBase64url, equalBytes } from '../protocol/bytes.ts'
import type { Acknowledgement } from '../protocol/envelope/acknowledgement.ts'
import type { CheckedEnvelope } from '../protocol/envelope/check.ts'
import type { Released } from '../protocol/envelope/released.ts'
import { erasedOn } from './naming.ts'
import { isFrom } from './sender.ts'
import {
  insertReferral,
  isOfAnotherSigner,
  type NewReferral,
  type Stored,
  selectReferral,
  takeTurnUnder,
} from './store.ts'

export {
  addGrant,
  endGrants,
  giveUpPassed,
  grantsOf,
  type Held,
  heldBy,
  releaseWraps,
  removeGrant,
} from './grants.ts'
export {
  keepFromErasing,
  keepStatement,
  requireId,
  resolveLists,
  standingUrgency,
} from './naming.ts'
export { release } from './releasing.ts'
export { requireStanding, type SignedReferral, signedByOwn, signedFor } from './signed.ts'
export { showAgain } from './signed-store.ts'
export {
  answering,
  renumberShown,
  selectState as stateOf,
  updateBegun as beginTriage,
  updateInformed as lookAgain,
  updateUnanswered as takeBackAnswers,
} from './state-store.ts'
export {
  isKnownReceipt,
  move,
  movedEntry,
  ownState,
  receiptState,
  receiptStates,
  statesSince,
} from './states.ts'
export { selectHeader as headerOf, selectOpened as opened } from './store.ts'
export {
  countUnopened,
  deleteUnopened,
  insertUnopened as addUnopened,
  type Unopened,
} from './unopened-store.ts'
export {
  type AskedRow as AskedWithdrawal,
  insertWithdrawal as addWithdrawal,
  lockAsked as askedOf,
  selectAsked as listAsked,
  selectUnsettled as unsettledWithdrawal,
  updateDecision as keepDecision,
  updateSettled as settleWithdrawal,
  updateWithdrawn as withdrawOwn,
} from './withdrawal-store.ts'
export { keptUntilOf } from './withdrawals.ts'

/**
 * Stores what `checked` holds. A known id, a reference that is taken and a second successor of
 * one referral are the database's unique constraints, and fail the transaction.
 */
export async function addReferral(tx: Tx, referral: NewReferral): Promise<Acknowledgement> {
  await insertReferral(tx, referral)
  return {
    referralId: referral.checked.header.referralId,
    reference: referral.reference,
    receivedAt: tx.now.toISOString(),
    envelopeHash: encodeBase64url(referral.checked.envelopeHash),
    entryId: referral.entryId,
  }
}

/** The first acknowledgement again, when the same hand sends the same bytes. @throws Refusal `referral-id-taken`, `erased` */
export async function acknowledgeAgain(
  tx: Tx<SendingCaller>,
  checked: CheckedEnvelope,
): Promise<Acknowledgement> {
  const { referralId } = checked.header
  const row = await selectReferral(tx, referralId)
  requireUnerased(referralId, row)
  if (!isSame(row, senderOf(tx.caller), checked)) {
    throw new Refusal('referral-id-taken', `referral ${referralId} exists with other bytes`)
  }
  return {
    referralId,
    reference: row.reference,
    receivedAt: row.receivedAt,
    envelopeHash: encodeBase64url(row.envelopeHash),
    entryId: row.entryId,
  }
}

/** Whether these very bytes are stored already, sent by the same hand. */
export async function isStored(tx: Tx<SendingCaller>, checked: CheckedEnvelope): Promise<boolean> {
  const row = await selectReferral(tx, checked.header.referralId)
  return isSame(row, senderOf(tx.caller), checked)
}

/**
 * Requires that the receipt which `checked` names, if any, is the sender's: that of somebody without an account,
 * whose key signed all that was sent under it. Recipients see the hash of a receipt, and have no such key.
 */
export async function requireOwnReceipt(
  tx: Tx<SendingCaller>,
  { receipt, signer }: CheckedEnvelope,
): Promise<void> {
  if (receipt === undefined) return
  if (senderOf(tx.caller).kind === 'organisation') {
    throw new Refusal('malformed-request', 'receipt is here: an organisation refers without one')
  }
  // Asked when this one's turn has come, of what was stored before it.
  const [, isOfAnother] = await Promise.all([
    takeTurnUnder(tx, receipt),
    isOfAnotherSigner(tx, receipt, signer),
  ])
  if (isOfAnother) {
    throw new Refusal('unknown-signer', 'header.signer is not the key of the receipt')
  }
}

/**
 * Whether what `checked` amends is a referral of the caller: the policy shows no other, and all under one
 * receipt are of one key.
 */
export async function amendsOwn(
  tx: Tx<SendingCaller>,
  { header }: CheckedEnvelope,
): Promise<boolean> {
  if (header.supersedes === undefined) return true
  const row = await selectReferral(tx, header.supersedes)
  requireUnerased(header.supersedes, row)
  return row !== undefined && isFrom(row, senderOf(tx.caller))
}

/**
 * The version of the keyset that a referral of the caller's own is sealed under; `undefined` for any other id.
 *
 * @throws Refusal `erased`
 */
export async function keysetOfOwn(tx: Tx<SendingCaller>, id: string): Promise<number | undefined> {
  const row = await selectReferral(tx, id)
  requireUnerased(id, row)
  return row && isFrom(row, senderOf(tx.caller)) ? row.keysetVersion : undefined
}

/** The policy shows of what was erased only the caller's own. */
function requireUnerased(id: string, row: Stored | undefined): void {
  if (row?.shownState === 'erased') throw erasedOn(id, row.shownAt)
}

function isSame(
  row: Stored | undefined,
  sender: Sender,
  { envelopeHash, signature }: CheckedEnvelope,
): row is Stored {
  return (
    row !== undefined &&
    isFrom(row, sender) &&
    equalBytes(row.envelopeHash, envelopeHash) &&
    equalBytes(row.signature, signature)
  )
}

/**
 * The entry of a referral's bytes leaving the service for one recipient key, under the reference it has.
 *
 * @param compartments - those that left, where the recipient chose among them
 */
export function releasedEntry(
  { referralId, reference }: Pick<Released, 'referralId' | 'reference'>,
  recipient: string,
  compartments?: readonly string[],
) {
  const object = { kind: 'referral', id: referralId } as const
  const chosen = compartments && { compartments: compartments.join(' ') || 'none' }
  const details = { reference, ...chosen }
  return { action: 'referral.opened', object, recipient, details } as const
}

/** Only internal apps hold recipient keys, and only those the directory binds them to. */
export function requireKid({ caller }: Tx<KnownCaller>, kid: string): void {
  if (!caller.kids.has(kid)) {
    throw new Refusal('recipient-not-yours', 'your client is not bound to that recipient key')
  }
}
