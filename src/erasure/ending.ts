/**
 * Erasing a referral: all that was sealed, the keys to it, and all that was kept about it go in one transaction. Its id
 * stays, so that the same bytes cannot come again, and with it the hash of its envelope, to which the entries of the log
 * are bound.
 *
 * What it was to others ends as well: its open work, and its place in a case. The others of that stay together.
 */
import type { Fact } from '../audit/entry.ts'
import { append } from '../audit/service.ts'
import { leaveCase } from '../cases/service.ts'
import type { Tx } from '../database/connect.ts'
import { asEraser } from '../database/eraser.ts'
import { casesLock, takeTurn } from '../database/lock.ts'
import { removeDocumentsOf } from '../documents/service.ts'
import { Refusal } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { newId } from '../protocol/uuid.ts'
import { deleteItemsOf, endItemOf, leaveEnded } from '../triage/service.ts'
import type { ErasureRule } from './rules.ts'
import {
  deleteHold,
  deleteParts,
  emptyReferral,
  insertErasure,
  lockReferral,
  type Standing,
  selectStanding,
} from './store.ts'

/** That a referral is erased: when, and which entry says by whom. */
export type Erasure = {
  readonly referralId: string
  readonly erasedAt: string
  readonly entryId: string
}

/**
 * Erases a referral; one that is erased already stays so.
 *
 * The locks are taken in the order of all acts: cases, items, referrals. So whoever claims or completes meanwhile is done
 * before, or finds nothing.
 *
 * @param stillDue - returns what the entry says of why it is to go, or refuses: asked before anything is written, and again
 *   once nobody else moves or amends it
 * @returns `undefined` where there is no such referral
 * @throws Refusal `erasure-refused`
 */
export async function eraseReferral(
  tx: Tx,
  referralId: string,
  rule: ErasureRule,
  stillDue: () => Promise<Readonly<Record<string, Fact>>> = async () => ({}),
): Promise<(Erasure & { readonly isNew: boolean }) | undefined> {
  await takeTurn(tx, casesLock)
  const found = await selectStanding(tx, referralId)
  if (!found) return undefined
  const { erasedAt, entryId: erasedBy } = found
  if (erasedAt !== null && erasedBy !== null) {
    return { referralId, erasedAt, entryId: erasedBy, isNew: false }
  }
  if (rule === 'restored') await liftHoldOfThen(tx, referralId)
  else requireErasable(found)
  await stillDue()
  const entryId = newId()
  await insertErasure(tx, { id: referralId, rule, entryId })
  await leaveEnded(tx, referralId)
  const caseId = await leaveCase(tx, referralId, entryId)
  await endItemOf(tx, referralId)
  await lockReferral(tx, referralId)
  // Asked again, once nobody adds to it: a withdrawal that was answered meanwhile keeps it for its days.
  const before = await selectStanding(tx, referralId)
  if (!before) throw new Error('its row is never deleted')
  if (rule !== 'restored') requireErasable(before)
  const why = await stillDue()
  await removeDocumentsOf(tx, [referralId])
  await asEraser(tx, async () => {
    await deleteItemsOf(tx, referralId)
    await deleteParts(tx, referralId)
    await emptyReferral(tx, referralId)
  })
  const digest = encodeBase64url(before.envelopeHash)
  const object = { kind: 'referral', id: referralId, digest } as const
  const details = {
    rule,
    ...why,
    from: before.state,
    ...(caseId !== undefined && { case: caseId }),
  }
  await append(tx, { action: 'referral.erased', object, details }, entryId)
  return { referralId, erasedAt: tx.now.toISOString(), entryId, isNew: true }
}

/**
 * A restored erasure was allowed when it was made: what stands in an older database says nothing of that. A hold that was
 * placed before the backup had been lifted by then, and is lifted again, for nothing that is held can be erased.
 */
async function liftHoldOfThen(tx: Tx, id: string): Promise<void> {
  if (!(await deleteHold(tx, id))) return
  const object = { kind: 'referral', id } as const
  await append(tx, { action: 'hold.lifted', object, details: { restored: true } })
}

function requireErasable({ hold, isKept, askedAt, keptUntil }: Standing): void {
  if (hold !== null) {
    throw new Refusal('erasure-refused', `the referral is under a legal hold: ${hold}`)
  }
  if (isKept) {
    const when = `its withdrawal was asked for on ${askedAt?.slice(0, 10)}`
    const detail = `${when}, and nothing of it is erased before ${keptUntil?.slice(0, 10)}`
    throw new Refusal('erasure-refused', detail)
  }
}
