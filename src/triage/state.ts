/**
 * The states of an item, and the SQL that says which one a row is in: what more than one statement asks, each
 * about a row of `triage_item` with the alias `item`.
 *
 *     waiting    on the queue. An item whose lease expired is waiting again, at its old place.
 *     leased     held by one client until `leased_until`.
 *     escalated  needs a person: a referral of it did not open, or its leases expired `lapsesMax` times.
 *                Only a claim that asks for escalated items gets it, and it stays escalated meanwhile.
 *     parked     nobody works on it for a while, for a reason, and nobody holds it: until a time, or until
 *                something wakes it.
 *     completed  its work has ended. The row stays, so that a repeated completion gets the same answer. If it is
 *                taken back (reopening.ts), new items are opened, and the row stays as what was.
 *
 *     waiting or escalated  -> leased     claim: the fence rises, and an expired lease counts as a lapse
 *     leased                -> leased     handover to a colleague, or a renewal
 *     leased                -> as before  release, or the lease expires
 *     leased                -> escalated  report `unopenable`, or the last of `lapsesMax` leases expires
 *     leased                -> completed  completion, also late, unless somebody claimed it meanwhile
 *     any but completed     -> parked     its holder, or while nobody holds it a person
 *     any but completed     -> completed  who sent its last referral without an answer withdraws that: outcome `withdrawn`
 *     parked                -> as before  its time has come, its case has other referrals than before, one of
 *                                         them is more urgent, or a person wakes it
 *     parked                -> leased     a claim that names its case: the person rings back
 *
 * The database's clock is the only clock, and nobody sweeps: what expires changes no row. `lapses` therefore
 * counts the leases that expired before the present one, and an item whose last permitted lease has
 * expired is escalated from that moment on, before the next claim writes it down (store/lapse.ts). So is an
 * item whose parking has ended waiting from that moment on, and escalated again if it was.
 *
 * Each referral has an item of its own. The open items of one case are worked on as one of them, the head;
 * the others name it in `merged_into`, and only heads are listed, claimed and completed. What a member
 * would be by itself stays on its row, so that a split needs nothing that a merge wrote over.
 *
 * An item is escalated whole, and its rows note the reason in `escalated_before`: the member whose referral
 * was reported, or the head if its leases expired, because then nobody knows which of its referrals was at
 * fault. After a split the side with the reason stays escalated, and the other waits. An escalated item
 * that was merged with a waiting one is itself the reason, with all its members: whatever was with people
 * goes back to them.
 *
 * A write under a claim names the fence that it was given. Each claim, handover, release, completion, parking and
 * report raises the fence, and so do a waking by a person, a completion that is taken back, and a merge for the
 * item that stops being a head, if it was ever claimed: whoever names an older one has lost the item. Fence 0 therefore means that nobody ever held the item as
 * itself, and a reference of its referral may name the item it was merged into (store/successor.ts).
 *
 * A referral that is withdrawn from a case in which others wait leaves its item. Where that is the head, the head becomes
 * the item of one of the others, whose own row ends as that of the withdrawn one (store/withdraw.ts): so the head's id, its
 * fence and its lease stay with whoever has them. What is off the queue no item lists any more.
 *
 * Parking leaves lapses as they are, for nobody failed; and deadlines too, for the person waits all the same:
 * an item that wakes stands at its old place. What a merge or a split leaves always waits: on what it holds
 * now nobody has decided.
 */
import type { Tx } from '../database/connect.ts'
import { lapsesMax } from './lease.ts'

export type ItemState = 'waiting' | 'leased' | 'escalated' | 'parked'

/** The work has not ended. */
export function isOpen(tx: Tx) {
  return tx.sql`item.completed_at is null`
}

/** An open item that is worked on as itself. */
export function isOpenHead(tx: Tx) {
  return tx.sql`${isOpen(tx)} and item.merged_into is null`
}

/** A referral with this id was withdrawn, or erased since, and the queue knows: no item lists it. */
export function isOffQueue(tx: Tx, id: ReturnType<Tx['sql']>) {
  return tx.sql`(
    exists (select from referral gone where gone.id = ${id} and gone.state in ('withdrawn', 'erased'))
    and not exists (
      select from triage_item own where own.referral_id = ${id} and own.completed_at is null))`
}

/** Nobody holds it: it was given back, never claimed, or its lease has expired. */
export function isFree(tx: Tx) {
  return tx.sql`(item.leased_until is null or item.leased_until <= now())`
}

/** There was a lease, and it has expired. */
export function hasExpired(tx: Tx) {
  return tx.sql`coalesce(item.leased_until <= now(), false)`
}

/** The present lease is the last that may expire without escalation. In the text, as an index has it. */
export function isLastLease(tx: Tx) {
  return tx.sql`item.lapses >= ${tx.sql.unsafe(String(lapsesMax - 1))}`
}

/** Written down as escalated, or about to be: the last permitted lease has expired. */
export function isEscalated(tx: Tx) {
  return tx.sql`(item.escalated_at is not null or (${isLastLease(tx)} and ${hasExpired(tx)}))`
}

/** It stands in the order of the queue, and not in the index of what is parked. */
export function isQueued(tx: Tx) {
  return tx.sql`${isOpenHead(tx)} and item.park_reason is null`
}

/** It is parked, or was and nobody has written down that its time has come. */
export function wasParked(tx: Tx) {
  return tx.sql`${isOpenHead(tx)} and item.park_reason is not null`
}

/** It is parked now. */
export function isParked(tx: Tx) {
  return tx.sql`(item.park_reason is not null and coalesce(item.parked_until > now(), true))`
}

/** What an update sets of an item that is parked no longer. */
export function awake(tx: Tx) {
  return tx.sql`park_reason = null, parked_until = null, aside_id = null`
}

/** The state of an open head. */
export function stateOf(tx: Tx) {
  return tx.sql`
    case when ${isParked(tx)} then 'parked'
         when ${isEscalated(tx)} then 'escalated'
         when item.leased_until > now() then 'leased'
         else 'waiting' end`
}

/** What a write under a claim names: its item, the fence that came with it, and who was given both. */
export type Claim = { readonly id: string; readonly fence: number; readonly clientId: string }

/** The claim is the newest one of an open head: the fence decides, and the clock does not. */
export function isHeldBy(tx: Tx, { id, fence, clientId }: Claim) {
  return tx.sql`
    item.id = ${id} and item.fence = ${fence} and item.leased_by = ${clientId}
    and item.leased_until is not null and ${isOpenHead(tx)}`
}

/** The claim was the newest one, and ended with a completion or a report: nothing came after it. */
export function endedWith(tx: Tx, { id, fence, clientId }: Claim) {
  return tx.sql`
    item.id = ${id} and item.fence = ${fence + 1} and item.leased_by = ${clientId}
    and item.merged_into is null`
}
