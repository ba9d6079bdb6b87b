/**
 * A person sets the urgency of an item, up or down, and seals why. It moves at once, also while somebody holds it.
 *
 * Only a person lowers: rules and referrals raise. Of an item that is several referrals those move that have to, so
 * that the most urgent of them is what was said. What is stated of a referral later raises it again only if it is more
 * than was ever stated of it: a client that states the same each time it opens one does not undo what a person said.
 */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal, required } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import type { Urgency } from '../referral/codes/clear.ts'
import { mostUrgent } from '../referral/urgency.ts'
import { dueText } from './calendar.ts'
import { itemOf } from './listing.ts'
import { type TakeNote, takeNoteOf } from './noting.ts'
import type { Item } from './schemas.ts'
import {
  insertSettings,
  lockItem,
  type Moved,
  moveItem,
  selectSeen,
  selectWorked,
  type Worked,
} from './store/urgency.ts'
import type { UrgencySetting } from './urgencyschemas.ts'

/**
 * Sets it, with the note beside it. The very note sent again changes nothing more.
 *
 * @returns the item as it stands then
 * @throws Refusal `not-found`, `item-changed` for what was read before something was done with it, and as `TakeNote`
 */
export async function setUrgency(
  tx: Tx<KnownCaller>,
  itemId: string,
  { urgency, from, fence, note }: UrgencySetting,
  take: TakeNote,
): Promise<Static<typeof Item>> {
  const named = { id: itemId, clientId: tx.caller.clientId }
  if (!(await selectSeen(tx, named))) throw notFound()
  const taken = await takeNoteOf(tx, itemId, { note, take }, { item: itemId, urgency })
  await lockItem(tx, itemId)
  const seen = await selectSeen(tx, named)
  if (!seen) throw notFound()
  const worked = await selectWorked(tx, itemId)
  const before = urgencyOf(worked)
  if (!taken.isKept) {
    requireUnchanged({ from, fence }, { from: before, fence: seen.fence })
    if (!seen.referralIds.includes(note.header.referralId)) {
      throw new Refusal('item-changed', 'the referral of the note has left the case of this item')
    }
    await taken.keep()
  }
  const move = moveOf(itemId, worked, urgency)
  const entryId = newId()
  if (!taken.isKept && move.moved.length > 0) {
    await Promise.all([moveItem(tx, move), insertSettings(tx, move, entryId)])
    tx.announce()
  }
  const details = {
    ...{ from: before, to: urgency, referrals: move.moved.length },
    ...(taken.isKept && { repeated: true }),
  }
  const object = { kind: 'item', id: itemId } as const
  await append(tx, { action: 'urgency.set', object, details }, entryId)
  return required(await itemOf(tx, seen.caseId), 'the item is locked')
}

function notFound(): Refusal {
  return new Refusal('not-found', 'there is no open item of that id that you can open')
}

type Standing = { readonly from?: Urgency | undefined; readonly fence?: number | undefined }

function requireUnchanged(read: Standing, now: Required<Standing>): void {
  if (read.fence !== undefined && read.fence !== now.fence) {
    throw new Refusal('item-changed', 'fence is not the current one of this item')
  }
  if (read.from !== undefined && read.from !== now.from) {
    throw new Refusal('item-changed', 'from is not the urgency of this item any more')
  }
}

function urgencyOf(worked: readonly Worked[]): Urgency {
  const [first, ...others] = worked.map(({ urgency }) => urgency)
  return mostUrgent(required(first, 'an item is of a referral'), ...others)
}

/** Raised, all of them are as urgent as was said; lowered, those that were more urgent. */
function moveOf(headId: string, worked: readonly Worked[], urgency: Urgency): Moved {
  const before = urgencyOf(worked)
  const isHigher = urgency !== before && mostUrgent(before, urgency) === urgency
  const moves = (own: Urgency) => own !== urgency && (isHigher || mostUrgent(own, urgency) === own)
  const all = worked.map((one) =>
    moves(one.urgency) ? { ...one, dueAt: dueText({ ...one, urgency }) } : one,
  )
  const [headDueAt = ''] = all.map((one) => one.dueAt).sort()
  const moved = all.filter((_, index) => moves(required(worked[index], 'one for one').urgency))
  return { headId, headDueAt, urgency, isHigher, moved }
}
