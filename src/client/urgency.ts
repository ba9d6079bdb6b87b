/** A person's word on how urgent an item is. */
import type { Urgency } from '../referral/codes/clear.ts'
import { itemPath } from './naming.ts'
import type { Note, Notes } from './notes.ts'
import type { SeenItem } from './parking.ts'
import { type Item, ItemAnswer, readAnswer } from './schemas.ts'
import type { Transport } from './transport.ts'

/** What it is to be; and, if it is to stand as it was read, what it was. */
export type UrgencyOptions = { readonly urgency: Urgency; readonly from?: Urgency }

/** @see createReader */
export type Setting = {
  /**
   * Sets the urgency of an item, up or down, whoever holds it. Why is sealed, behind the notes there are about its
   * referral, which takes the scope `cases:review`.
   *
   * @returns the item as it stands then
   * @throws ServiceProblem `item-changed` if the fence or `from` is an older one, `not-found`
   */
  setUrgency(item: SeenItem, options: UrgencyOptions, why: Note): Promise<Item>
}

/** The part of a reader that sets the urgency of items. */
export function createSetting(transport: Transport, notes: Notes): Setting {
  return {
    setUrgency: ({ itemId, fence }, options, why) =>
      notes.sendWith(why, async (sealed) => {
        const path = itemPath(itemId, 'urgency')
        const seen = fence !== undefined && { fence }
        const body = { ...seen, ...options, ...sealed }
        const answer = await transport.send({ method: 'POST', path, body, repeatable: true })
        return readAnswer(ItemAnswer, answer, `POST ${path}`)
      }),
  }
}
