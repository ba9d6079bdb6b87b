/** How an item of several referrals stands, for the model of the queue: as urgent and as early due as any of them. */
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { dueMs } from './due.ts'

/** A referral that is worked on as an item, and when it came. */
export type Worked = { readonly referralId: string; readonly at: number; readonly urgency: Urgency }

/** How an item stands, as its holder is told. */
export type Standing = {
  readonly urgency: Urgency
  readonly dueAt: number
  readonly referrals: string[]
}

type Several = { readonly worked: readonly Worked[] }

const order: readonly Urgency[] = ['immediate', 'urgent', 'soon', 'standard']
export const isMoreUrgent = (one: Urgency, other: Urgency) =>
  order.indexOf(one) < order.indexOf(other)
export const dueOf = ({ worked }: Several) => Math.min(...worked.map(dueMs))
export const urgencyOf = ({ worked }: Several) =>
  order.find((one) => worked.some(({ urgency }) => urgency === one)) ?? 'standard'
export const referralsOf = ({ worked }: Several) => worked.map((one) => one.referralId).sort()
export const standingOf = (item: Several): Standing => {
  return { urgency: urgencyOf(item), dueAt: dueOf(item), referrals: referralsOf(item) }
}
