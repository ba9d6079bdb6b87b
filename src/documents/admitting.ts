/** Whose documents are whose: what a caller may add to, go on with and fetch. */
import { type SendingCaller, senderOf } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { isFrom } from '../vault/sender.ts'
import { isKnownReceipt } from '../vault/service.ts'
import { type DocumentRow, selectDocument, selectStanding } from './store.ts'

/** Told of each receipt that nothing was sent under. */
export type UnknownReceipt = { readonly onUnknownReceipt: () => void }

/** What is handed out, and for whom: a recipient key, or whoever sent the referral. */
export type Asked = { readonly id: string; readonly referralId?: string; readonly kid?: string }

/** Whose upload it is, or none's but the receipt's. */
export function clientOf(caller: SendingCaller): string | null {
  return 'clientId' in caller ? caller.clientId : null
}

/**
 * Requires a referral that the caller sent, or that one of its keys opens: `kid`, if one is named.
 *
 * @throws Refusal `not-found`, `recipient-not-yours`
 */
export async function requireReferral(
  tx: Tx<SendingCaller>,
  { onUnknownReceipt }: UnknownReceipt,
  referralId: string,
  kid?: string,
): Promise<void> {
  const { caller } = tx
  const own = 'kids' in caller ? [...caller.kids] : []
  if (kid !== undefined && !own.includes(kid)) {
    throw new Refusal('recipient-not-yours', 'recipient is no key of your client')
  }
  const standing = await selectStanding(tx, referralId, kid === undefined ? own : [kid])
  const isSenders = standing !== undefined && isFrom(standing, senderOf(caller))
  const isAdmitted = standing?.isOpened || (kid === undefined && isSenders)
  if (isAdmitted && !standing?.isErased) return
  if (caller.kind === 'bearer' && !(await isKnownReceipt(tx))) onUnknownReceipt()
  throw new Refusal('not-found', 'there is no such referral, or none of yours')
}

/** Requires an upload that the caller began. @throws Refusal `not-found` */
export async function requireOwnUpload(
  tx: Tx<SendingCaller>,
  options: UnknownReceipt,
  id: string,
): Promise<DocumentRow> {
  const row = await selectDocument(tx, id)
  if (row?.clientId !== clientOf(tx.caller)) throw await noDocument(tx, options)
  // A client may have lost the referral since: by its erasure, or by another key.
  await requireReferral(tx, options, row.referralId)
  return row
}

/** Requires a document that the caller may fetch. @throws Refusal `not-found`, `recipient-not-yours` */
export async function requireReadable(
  tx: Tx<SendingCaller>,
  options: UnknownReceipt,
  { id, referralId, kid }: Asked,
): Promise<DocumentRow> {
  const row = await selectDocument(tx, id)
  // Whoever names a key is told first that it is not theirs.
  if (kid !== undefined && referralId !== undefined) {
    await requireReferral(tx, options, referralId, kid)
  }
  if (!row || (referralId !== undefined && row.referralId !== referralId)) {
    throw await noDocument(tx, options)
  }
  if (kid === undefined) await requireSent(tx, options, row.referralId)
  return row
}

/** Requires a referral that the caller sent: staff see all, and fetch what others sent by a key. */
async function requireSent(
  tx: Tx<SendingCaller>,
  options: UnknownReceipt,
  referralId: string,
): Promise<void> {
  const standing = await selectStanding(tx, referralId, [])
  if (standing && !standing.isErased && isFrom(standing, senderOf(tx.caller))) return
  throw await noDocument(tx, options)
}

async function noDocument(
  tx: Tx<SendingCaller>,
  { onUnknownReceipt }: UnknownReceipt,
): Promise<Refusal> {
  if (tx.caller.kind === 'bearer' && !(await isKnownReceipt(tx))) onUnknownReceipt()
  return new Refusal('not-found', 'there is no such document, or none of yours')
}
