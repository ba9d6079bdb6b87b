/** The open items of cases, locked before cases are merged or split. */
import type { Tx } from '../../database/connect.ts'
import { isEscalated, isFree, isOpenHead } from '../state.ts'
import type { Head } from '../survivor.ts'

/**
 * How often the head of a case is looked for while it is locked. Two rounds are enough unless completions
 * keep opening items, or merges keep coming, which no test has shown.
 */
export const headRoundsMax = 10

/**
 * Locks the open heads of these cases, at most one each, and returns them. Waits for a claim or completion
 * that has one of them locked.
 *
 * The statement is repeated until its answer stays the same: a completion that it waited for may have
 * opened another item, which only a statement that begins later can see. Nothing else opens one meanwhile:
 * whoever merges or splits cases holds the lock of `cases`.
 *
 * @throws Error, a bug, if the answer does not settle
 */
export async function lockHeads(tx: Tx, caseIds: readonly string[]): Promise<Head[]> {
  const idsOf = (heads: readonly Head[]) => heads.map(({ id }) => id).join()
  let heads = await selectHeads(tx, caseIds)
  for (let round = 0; round < headRoundsMax; round += 1) {
    const again = await selectHeads(tx, caseIds)
    if (idsOf(again) === idsOf(heads)) return again
    heads = again
  }
  throw new Error(`the open items of a case changed ${headRoundsMax} times while they were locked`)
}

async function selectHeads(tx: Tx, caseIds: readonly string[]): Promise<Head[]> {
  return tx.sql<Head[]>`
    select item.id, item.case_id as "caseId",
           not ${isFree(tx)} as leased, ${isEscalated(tx)} as escalated,
           (extract(epoch from item.claimed_at) * 1000)::float8 as "claimedMs",
           (extract(epoch from item.arrived_at) * 1000)::float8 as "arrivedMs"
    from triage_item item
    where item.case_id = any (${caseIds as string[]}::uuid[])
      and ${isOpenHead(tx)}
    order by item.id
    for update of item`
}
