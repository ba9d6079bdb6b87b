/**
 * What parking tells the referrers of a case: that theirs is on the waiting list, or that something is asked of them. It is
 * the state of each referral that is listed, for the others of the case are other people's.
 */
import type { Act } from '../audit/entry.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { move, movedEntry, opened, resolveLists } from '../vault/service.ts'
import type { Parking } from './store/park.ts'
import { selectListed } from './store/successor.ts'

const told = ['waiting_list', 'returned_for_information'] as const
type Told = (typeof told)[number]

function isTold(reason: Parking['reason']): reason is Told {
  return (told as readonly string[]).includes(reason)
}

/**
 * Moves the listed referrals of an item, but for those that were answered.
 *
 * @param listed - their ids or references; none where nobody is told
 * @returns the entries
 * @throws Refusal `malformed-request` for another's referral, or a reason that nobody is told of; `recipient-not-yours` for
 * one of the case that no key of the client opens
 */
export async function tellReferrers(
  tx: Tx<KnownCaller>,
  itemId: string,
  reason: Parking['reason'],
  listed: readonly string[] | undefined,
): Promise<Act[]> {
  if (listed === undefined) return []
  if (!isTold(reason)) {
    const detail = `tellReferrersOf is given with the reasons ${told.join(' and ')} only`
    throw new Refusal('malformed-request', detail)
  }
  const [ids = []] = await resolveLists(tx, [listed])
  const own = await selectListed(tx, itemId)
  if (!ids.every((id) => own.includes(id))) {
    throw new Refusal('malformed-request', 'tellReferrersOf names one that is not of this item')
  }
  const read = await opened(tx, ids, [...tx.caller.kids])
  if (!ids.every((id) => read.includes(id))) {
    const detail = 'tellReferrersOf names one that no key of your client opens'
    throw new Refusal('recipient-not-yours', detail)
  }
  const moved = await move(tx, ids, reason)
  return moved.map((id) => movedEntry(id, reason))
}
