/** The queue's figures, and what they are for. Pure. */
import type { Urgency } from '../referral/codes/clear.ts'

/**
 * From arrival to the time by which somebody should have claimed the item. They are a time to a *first
 * claim*; the time to *act* is the urgency's own.
 */
export const allowances: Record<Urgency, Allowance> = {
  immediate: { hours: 1 },
  urgent: { hours: 4 },
  soon: { workingDays: 1 },
  standard: { workingDays: 5 },
}

export type Allowance = { readonly hours: number } | { readonly workingDays: number }

/** An item whose lease expires this many times is escalated instead of being queued again. */
export const lapsesMax = 5

/** One claim escalates at most this many items; the next claim escalates the rest. */
export const escalatedItemsMax = 200

/** Referrals of one case; `cases` flags one long before. */
export const caseReferralsMax = 50

/**
 * Why an item is parked: a closed list, because in free text somebody would one day write what it was about.
 * What is awaited are parts of a referral that somebody has still to give, or who has to be found for it.
 */
export const parkReasons = [
  ...['call_back', 'returned_for_information', 'waiting_list'],
  ...['awaiting_consent', 'awaiting_documents', 'awaiting_interpreter', 'awaiting_representative'],
] as const
export type ParkReason = (typeof parkReasons)[number] | 'set_aside'

/** An item that sleeps longer would be forgotten by those who parked it. */
export const parkedDaysMax = 366

/** One claim wakes at most this many items whose time has come; the next claim wakes the rest. */
export const wokenItemsMax = 200

/** So long after it a completion may be taken back: who was mistaken notices the same or the next day. */
export const reopenedHoursMax = 24

/** One act sets aside at most this many items: as many referrals as the public door takes by default. */
export const asideItemsMax = 10_000

/** Shorter than this a slow network loses the lease; longer, and a dead consumer holds it. */
export const leaseSecondsMin = 30
export const leaseSecondsMax = 3600

/** A list of ids is short; whoever wants more reads on with the cursor. */
export const itemsPageMax = 200

/** One claim leases at most this many items. */
export const claimItemsMax = 50

/**
 * Once the items of an answer hold this many referrals, each of which may be a few hundred kilobytes, no
 * further item is claimed with them. A case is never divided, so an answer may hold more.
 */
export const claimReferralsMax = 50

/** Who is told that nobody holds an `immediate` item: first those on duty, later others. */
export type DutyStep = 1 | 2

/** After so many minutes in which nobody holds it. */
export const unheldMinutes: Record<DutyStep, number> = { 1: 10, 2: 30 }
