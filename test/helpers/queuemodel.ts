/** The queue as a list in memory, as naive as what it promises (test/triage/model.test.ts). */
import type { Urgency } from '../../src/referral/codes/clear.ts'
import {
  dueOf,
  isMoreUrgent,
  type Standing,
  standingOf,
  urgencyOf,
  type Worked,
} from './queuestanding.ts'

export type Who = 'casework' | 'clinic'

export type Item = {
  readonly id: string
  readonly caseId: string
  readonly arrivedAt: number
  worked: Worked[]
  isVerified: boolean
  /** Since it was claimed: other referrals, or another urgency. */
  changed: boolean
  fence: number
  lapses: number
  lease?: { who: Who; ended: boolean }
  /** A report that nothing has followed. */
  reported?: { who: Who; fence: number }
  done?: { who: Who; fence: number; answer: unknown }
  isOpen: boolean
  /** Its completion was taken back. */
  reopened?: boolean
  escalated: boolean
  parked?: { over: boolean; isTimed: boolean; by?: { who: Who; fence: number }; aside?: string }
}

/** A claim that was given out, whatever became of it. */
export type Held = {
  readonly item: Item
  readonly who: Who
  readonly fence: number
  /** Those that one claim gave out have the same. */
  readonly claim?: number
}

export type Claimed = Standing & { readonly claimId: string; readonly fence: number }

/** How an item stood on somebody's screen, as far as they say. */
type Seen = { readonly fence?: number; readonly from?: Urgency }

/** A lease that has ended. */
export type Attempt = {
  readonly itemId: string
  readonly fence: number
  readonly who: Who
  readonly ending: string
}

/** As it comes to the queue. */
type New = Pick<Item, 'id' | 'caseId' | 'arrivedAt' | 'isVerified'> & Omit<Worked, 'at'>

const isHeld = ({ lease }: Item) => lease !== undefined && !lease.ended
/** By the clock, also before anybody wrote it down. */
const isEscalated = ({ escalated, lease, lapses }: Item) =>
  escalated || (lapses >= 4 && lease?.ended === true)

/** Ids rise with time. */
const byId = (a: Item, b: Item) => (a.id < b.id ? -1 : 1)

export class Model {
  readonly items: Item[] = []
  readonly held: Held[] = []
  readonly asides: string[] = []
  readonly attempts: Attempt[] = []
  private claims = 0

  add({ referralId, urgency, ...item }: New): void {
    const rest = { fence: 0, lapses: 0, isOpen: true, escalated: false, changed: false }
    this.items.push({ ...item, ...rest, worked: [{ referralId, urgency, at: item.arrivedAt }] })
  }

  claim(who: Who, max: number): Claimed[] {
    this.writeDown()
    const free = this.items.filter((item) => {
      return item.isOpen && !item.escalated && !item.parked && !isHeld(item)
    })
    const due = free.sort((a, b) => dueOf(a) - dueOf(b) || byId(a, b))
    return due.slice(0, max).map((item) => this.lease(who, item))
  }

  claimOne(who: Who, item: Item): Claimed[] | string {
    if (isHeld(item)) return 'item-held'
    this.writeDown()
    return [this.lease(who, item)]
  }

  renew(held: Held): (Standing & { changed: boolean }) | string {
    const lease = leaseOf(held)
    if (!lease) return 'lease-lost'
    lease.ended = false
    return { ...standingOf(held.item), changed: held.item.changed }
  }

  /** Raised, all are as urgent as is said; lowered, those that were more urgent. What slept as less urgent is awake. */
  setUrgency(item: Item, urgency: Urgency, seen: Seen): Standing | string {
    const before = urgencyOf(item)
    const refusal = refusalOf(item, seen.fence ?? item.fence)
    if (refusal) return refusal
    if ((seen.from ?? before) !== before) return 'item-changed'
    const isRaised = isMoreUrgent(urgency, before)
    item.changed ||= urgency !== before
    item.worked = item.worked.map((one) => {
      const moves = isRaised || isMoreUrgent(one.urgency, urgency)
      return moves ? { ...one, urgency } : one
    })
    if (isRaised) delete item.parked
    return standingOf(item)
  }

  release(held: Held): string {
    if (!leaseOf(held)) return 'lease-lost'
    this.end(held.item, 'released')
    held.item.fence += 1
    delete held.item.lease
    return 'done'
  }

  /** @param answer - what the service says: of one that is not the first it is the first again */
  complete(held: Held, answer: unknown): unknown {
    const { item, who, fence } = held
    const lease = leaseOf(held)
    if (!lease) return isBy(item.done, held) ? item.done?.answer : 'lease-lost'
    const late = lease.ended
    this.end(item, 'completed')
    item.fence += 1
    item.isOpen = false
    item.done = { who, fence, answer }
    const { completedAt } = answer as { completedAt: string }
    return { outcome: 'accepted', completedAt, late, requeued: [] }
  }

  report(held: Held): string {
    const { item, who, fence } = held
    if (leaseOf(held)) {
      this.end(item, 'unopenable')
      item.fence += 1
      item.escalated = true
      delete item.lease
      item.reported = { who, fence }
      return 'done'
    }
    const isLast = item.isOpen && item.fence === fence + 1
    return isLast && isBy(item.reported, held) ? 'done' : 'lease-lost'
  }

  endLease({ lease, isOpen }: Item): void {
    if (lease && isOpen) lease.ended = true
  }

  park(held: Held, isTimed: boolean): string {
    const { item, who, fence } = held
    if (leaseOf(held)) {
      this.end(item, 'parked')
      this.sleep(item, { isTimed, by: { who, fence } })
      return 'done'
    }
    const { parked } = item
    const isSame = item.isOpen && parked && !parked.over && parked.isTimed === isTimed
    return isSame && isBy(parked.by, held) ? 'done' : 'lease-lost'
  }

  parkItem(item: Item, isTimed: boolean, fence = item.fence): string {
    const refusal = refusalOf(item, fence)
    if (refusal) return refusal
    if (isHeld(item)) return 'item-held'
    this.writeDown()
    this.lapse(item)
    this.sleep(item, { isTimed })
    return 'done'
  }

  wake(item: Item, fence = item.fence): string {
    const refusal = refusalOf(item, fence)
    if (refusal) return refusal
    if (item.parked) item.fence += 1
    delete item.parked
    return 'done'
  }

  timeComes({ parked }: Item): void {
    if (parked?.isTimed) parked.over = true
  }

  setAside(aside: string): number {
    this.writeDown()
    const burst = this.items.filter((item) => {
      const isWaiting = item.isOpen && !item.escalated && !item.parked && !isHeld(item)
      return isWaiting && !item.isVerified
    })
    for (const item of burst) {
      this.lapse(item)
      this.sleep(item, { isTimed: false, aside })
    }
    this.asides.push(aside)
    return burst.length
  }

  wakeAside(aside: string): number {
    const woken = this.items.filter(({ parked }) => parked?.aside === aside)
    for (const item of woken) this.wake(item)
    return woken.length
  }

  /** @param open - as which item it is open again, where that is done */
  reopen(item: Item, open?: Pick<Item, 'id' | 'arrivedAt'>): string {
    if (!item.done && !item.reopened) return 'not-found'
    if (item.reopened || !open) return 'done'
    const { caseId, isVerified, escalated, worked } = item
    const again = { caseId, isVerified, escalated, worked, changed: false }
    this.items.push({ ...open, ...again, fence: 0, lapses: 0, isOpen: true })
    item.reopened = true
    delete item.done
    return 'done'
  }

  /** Who holds one keeps it; else one that is not escalated goes on; else the first. Whatever slept is awake. */
  merge(one: Item, other: Item): void {
    const [kept, merged] = [one, other].sort(
      (a, b) =>
        Number(isHeld(b)) - Number(isHeld(a)) ||
        (isHeld(a) ? this.claimedAt(a) - this.claimedAt(b) : 0) ||
        Number(isEscalated(a)) - Number(isEscalated(b)) ||
        a.arrivedAt - b.arrivedAt ||
        byId(a, b),
    ) as [Item, Item]
    kept.escalated &&= isEscalated(merged)
    kept.worked = [...kept.worked, ...merged.worked]
    kept.changed = true
    kept.isVerified ||= merged.isVerified
    delete kept.parked
    delete merged.parked
    this.end(merged, isHeld(merged) ? 'merged' : 'lapsed')
    delete merged.lease
    merged.isOpen = false
  }

  private claimedAt(item: Item): number {
    return this.held.find((held) => held.item === item && held.fence === item.fence)?.claim ?? 0
  }

  /** What the clock did, as whoever acts next notes it. */
  private writeDown(): void {
    this.claims += 1
    for (const item of this.items) {
      item.escalated = isEscalated(item)
      if (item.parked?.over) delete item.parked
    }
  }

  private lease(who: Who, item: Item): Claimed {
    this.lapse(item)
    item.fence += 1
    item.lease = { who, ended: false }
    delete item.parked
    this.held.push({ item, who, fence: item.fence, claim: this.claims })
    item.changed = false
    return { claimId: item.id, fence: item.fence, ...standingOf(item) }
  }

  private lapse(item: Item): void {
    this.end(item, 'lapsed')
    if (item.lease) item.lapses += 1
    delete item.lease
  }

  private end({ id: itemId, fence, lease }: Item, ending: string): void {
    if (lease) this.attempts.push({ itemId, fence, who: lease.who, ending })
  }

  private sleep(item: Item, parked: Omit<NonNullable<Item['parked']>, 'over'>): void {
    item.fence += 1
    delete item.lease
    delete item.reported
    item.parked = { ...parked, over: false }
  }
}

/** The lease of a claim as its holder sees it, or `undefined` once anything has overtaken it. */
function leaseOf({ item, who, fence }: Held) {
  return item.isOpen && item.fence === fence && item.lease?.who === who ? item.lease : undefined
}

function isBy(act: { who: Who; fence: number } | undefined, { who, fence }: Held): boolean {
  return act?.who === who && act.fence === fence
}

function refusalOf(item: Item, fence: number): string | undefined {
  if (!item.isOpen) return 'not-found'
  return fence === item.fence ? undefined : 'item-changed'
}
