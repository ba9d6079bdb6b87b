/** Items that nobody is to work on for a while. */
import type { ParkReason } from '../triage/parkingschemas.ts'
import type { ClaimOptions, Lease } from './claiming.ts'
import { claimPath, itemPath } from './naming.ts'
import type { Note, Notes } from './notes.ts'
import { type Aside, AsideAnswer, type Attempts, AttemptsAnswer, readAnswer } from './schemas.ts'
import type { Transport } from './transport.ts'

/** For what, and until when: RFC 3339, at most 366 days away. Without a time, until something wakes it. */
export type ParkOptions = {
  readonly reason: ParkReason
  readonly until?: string
  /** With `waiting_list` and `returned_for_information`: the ids or references of those whose referrers are told so. */
  readonly tellReferrersOf?: readonly string[]
}

/** An item of the list, with the fence as it was read; without one, however it stands. */
export type SeenItem = { readonly itemId: string; readonly fence?: number }

/** Which items are set aside, all that fit, and until when. */
export type AsideOptions = Pick<
  ClaimOptions,
  'regions' | 'urgencies' | 'channels' | 'dueBefore'
> & {
  /** At most 200. */
  readonly items?: readonly string[]
  readonly until?: string
}

/** @see createReader */
export type Parking = {
  /**
   * Parks what this client holds: nobody works on it until its time, or until its case has another referral. Repeated,
   * it is done already. A note goes with it as with `complete`.
   *
   * @throws ServiceProblem `lease-lost`
   */
  park(lease: Lease, options: ParkOptions, note?: Note): Promise<void>
  /**
   * Parks an item that nobody holds, without a claim, with a note as above.
   *
   * @throws ServiceProblem `item-changed` if the fence is an older one, `item-held`, `not-found`
   */
  parkItem(item: SeenItem, options: ParkOptions, note?: Note): Promise<void>
  /** Ends the parking of an item. @throws ServiceProblem `item-changed` if the fence is an older one, `not-found` */
  wake(item: SeenItem): Promise<void>
  /**
   * Takes the completion of an item back, within 24 hours: what it answered is on the queue again, at its old place, as a
   * new item. Repeated, it is done already.
   *
   * @param itemId - the id of the claim that completed it, or the reference of what it answered
   * @throws ServiceProblem `reopening-over`, `not-found` if this client neither completed it nor opens it
   */
  reopen(itemId: string): Promise<void>
  /**
   * Who held an item, open or completed, and how each lease ended, with those of the other items of its case: the last 200,
   * in the order in which they began.
   *
   * @param itemId - its id, or the reference of a referral of it
   * @throws ServiceProblem `not-found`
   */
  attempts(itemId: string): Promise<Attempts>
  /**
   * Sets waiting items aside by one act, of those that nobody holds and behind which no organisation stands: a burst.
   *
   * @returns the id by which they are listed and brought back, and how many they are: at most 10,000
   */
  setAside(which: AsideOptions): Promise<Aside>
  /** Brings back what is still aside of what one act set aside. */
  wakeAside(asideId: string): Promise<Aside>
}

/** The part of a reader that parks. */
export function createParking(transport: Transport, notes: Notes): Parking {
  async function post(path: string, body?: object, repeatable = false): Promise<unknown> {
    return transport.send({ method: 'POST', path, ...(body && { body }), repeatable })
  }

  return {
    async park({ claimId, fence }, options, note) {
      const path = claimPath(claimId, 'parking')
      await notes.sendWith(note, (sealed) => post(path, { fence, ...options, ...sealed }, true))
    },
    // Sent twice with a fence, the second would be refused after the first was done; but for the very same note.
    async parkItem({ itemId, fence }, options, note) {
      const body = { ...(fence !== undefined && { fence }), ...options }
      const path = itemPath(itemId, 'parking')
      await notes.sendWith(note, (sealed) => post(path, { ...body, ...sealed }, note !== undefined))
    },
    async wake({ itemId, fence }) {
      await post(itemPath(itemId, 'waking'), fence === undefined ? {} : { fence })
    },
    async reopen(itemId) {
      await post(itemPath(itemId, 'reopening'), undefined, true)
    },
    async attempts(itemId) {
      const path = itemPath(itemId, 'attempts')
      const answer = await transport.send({ method: 'GET', path, repeatable: true })
      return readAnswer(AttemptsAnswer, answer, `GET ${path}`)
    },
    async setAside(which) {
      const path = '/v1/triage/asides'
      return readAnswer(AsideAnswer, await post(path, which), `POST ${path}`)
    },
    async wakeAside(asideId) {
      const path = `/v1/triage/asides/${encodeURIComponent(asideId)}/waking`
      return readAnswer(AsideAnswer, await post(path, {}, true), `POST ${path}`)
    },
  }
}
