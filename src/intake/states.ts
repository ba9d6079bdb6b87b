/** What became of referrals, for those who sent them. */
import type { Static } from 'typebox'
import type { KnownCaller, SendingCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { pageRows } from '../protocol/page.ts'
import { isKnownReceipt, ownState, receiptStates, statesSince } from '../vault/service.ts'
import type { IntakeOptions, ReceiptOptions } from './options.ts'
import type { ChangedQuery, OwnReferral, OwnReferrals, ReceiptQuery } from './schemas.ts'

/**
 * What became of the referrals under a receipt: a page, and where to go on if there are more.
 *
 * @throws Refusal `not-found` if there are none, `malformed-request`
 */
export async function readReceipt(
  tx: Tx<SendingCaller>,
  options: ReceiptOptions,
  query: ReceiptQuery,
): Promise<Static<typeof OwnReferrals>> {
  await requireReceipt(tx, options)
  const page = await receiptStates(tx, query)
  const [first] = page.referrals
  const object = first && ({ kind: 'referral', id: first.referralId } as const)
  const details = { referrals: page.referrals.length }
  await options.appendRepetition(tx, { action: 'receipt.read', ...(object && { object }), details })
  return page
}

/** The referrals of the caller's organisation that are new or stand otherwise since a page. @throws as `statesSince` */
export async function listOwn(
  tx: Tx<KnownCaller>,
  { appendRepetition, placeKey: key }: Pick<IntakeOptions, 'appendRepetition' | 'placeKey'>,
  { changedSince: cursor, limit = pageRows }: ChangedQuery,
): Promise<Static<typeof OwnReferrals>> {
  const page = await statesSince(tx, { key, cursor, limit })
  const details = { referrals: page.referrals.length }
  await appendRepetition(tx, { action: 'states.read', details })
  return page
}

/** One of them. @throws Refusal `not-found` for any that another sent */
export async function readOwn(
  tx: Tx<KnownCaller>,
  { appendRepetition }: Repeating,
  name: string,
): Promise<Static<typeof OwnReferral>> {
  const own = await ownState(tx, name)
  if (!own) throw new Refusal('not-found', 'your organisation sent no referral of that id')
  const object = { kind: 'referral', id: own.referralId } as const
  await appendRepetition(tx, { action: 'states.read', object })
  return own
}

type Repeating = Pick<IntakeOptions, 'appendRepetition'>

/** Requires that something was sent under the receipt of the caller. @throws Refusal `not-found`, counted */
export async function requireReceipt(
  tx: Tx<SendingCaller>,
  { onUnknownReceipt }: ReceiptOptions,
): Promise<void> {
  if (await isKnownReceipt(tx)) return
  onUnknownReceipt()
  throw new Refusal('not-found', 'nothing was sent under this receipt')
}
