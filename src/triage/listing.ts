/** Items as they are listed, without claiming them: by their ids, and nothing that is sealed. */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { page } from '../database/page.ts'
import { type Asked, filterOf } from './filter.ts'
import type { Item, ItemsPage, ItemsQuery, OwnClaimsQuery } from './schemas.ts'
import { type ListedRow, selectHeld, selectItems, selectOpenItem } from './store/list.ts'

/** The open items in one state that fit, earliest deadline first. */
export async function list(
  tx: Tx,
  { state, cursor, limit, ...asked }: Static<typeof ItemsQuery>,
): Promise<Static<typeof ItemsPage>> {
  const filter = await filterOf(tx, severally(asked))
  const { rows, ...rest } = await page(
    { ...(cursor !== undefined && { cursor }), ...(limit !== undefined && { limit }) },
    (after, count) => selectItems(tx, { state, filter }, after, count),
    placeOf,
  )
  const filters = Object.keys(asked).sort().join(' ')
  const details = { state, items: rows.length, ...(filters && { filters }) }
  await append(tx, { action: 'triage.listed', details })
  return { items: rows.map(asItem), ...rest }
}

/** A list asks for one of each, a claim for any of several. */
function severally(asked: Omit<Static<typeof ItemsQuery>, 'state' | 'cursor' | 'limit'>): Asked {
  const { region, urgency, channel, organisation, ...rest } = asked
  return {
    ...rest,
    ...(region && { regions: [region] }),
    ...(urgency && { urgencies: [urgency] }),
    ...(channel && { channels: [channel] }),
    ...(organisation && { organisations: [organisation] }),
  }
}

/**
 * What the caller's client holds now, each with the fence by which it can be renewed, completed or released: for one
 * that crashed, or whose answer was lost. Nothing that is sealed is in it.
 */
export async function listOwn(
  tx: Tx<KnownCaller>,
  query: Static<typeof OwnClaimsQuery>,
): Promise<Static<typeof ItemsPage>> {
  const { rows, ...rest } = await page(
    query,
    (after, count) => selectHeld(tx, tx.caller.clientId, after, count),
    placeOf,
  )
  await append(tx, { action: 'triage.listed', details: { own: true, items: rows.length } })
  return { items: rows.map((row) => ({ ...asItem(row), fence: Number(row.fence) })), ...rest }
}

/** The open item of a case. */
export async function itemOf(tx: Tx, caseId: string): Promise<Static<typeof Item> | undefined> {
  const row = await selectOpenItem(tx, caseId)
  return row && asItem(row)
}

function placeOf({ dueAt, itemId }: ListedRow) {
  return { at: dueAt, id: itemId }
}

function asItem(listed: ListedRow): Static<typeof Item> {
  const { fence, leasedUntil, holder, parkReason, parkedUntil, asideId, ...row } = listed
  return {
    ...row,
    // That of a claim is its holder's, and nobody else acts on the item meanwhile.
    ...(leasedUntil === null && { fence: Number(fence) }),
    ...(leasedUntil !== null && { leasedUntil }),
    ...(holder !== null && { holder }),
    ...(parkReason !== null && { parkReason }),
    ...(parkedUntil !== null && { parkedUntil }),
    ...(asideId !== null && { asideId }),
  }
}
