/** What became of referrals, for those who sent them. */
import type { Static } from 'typebox'
import type { KnownCaller, SendingCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal, required } from '../errors.ts'
import { pageRows } from '../protocol/page.ts'
import { ownState, receiptStates, statesSince } from '../vault/service.ts'
import type { IntakeOptions, ReceiptOptions } from './options.ts'
import type { ChangedQuery, OwnReferral, OwnReferrals } from './schemas.ts'

/** What became of the referrals under a receipt. @throws Refusal `not-found` if there are none */
export async function readReceipt(
  tx: Tx<SendingCaller>,
  options: ReceiptOptions,
): Promise<Static<typeof OwnReferrals>> {
  const referrals = await requireStates(tx, options)
  const object = {
    kind: 'referral',
    id: required(referrals[0], 'there is one').referralId,
  } as const
  const details = { referrals: referrals.length }
  await options.appendRepetition(tx, { action: 'receipt.read', object, details })
  return { referrals }
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

/** The referrals under the receipt of the caller. @throws Refusal `not-found`, counted, if there are none */
export async function requireStates(tx: Tx<SendingCaller>, { onUnknownReceipt }: ReceiptOptions) {
  const referrals = await receiptStates(tx)
  if (referrals.length > 0) return referrals
  onUnknownReceipt()
  throw new Refusal('not-found', 'nothing was sent under this receipt')
}
