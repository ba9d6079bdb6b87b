/**
 * What becomes of a referral. Its state is its own, never its case's: another referral about the same person, a merge, a
 * split or a claim changes nothing that its referrer sees.
 */
import type { Act } from '../audit/entry.ts'
import { type Sender, type SendingCaller, senderOf } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { type PageQuery, page } from '../database/page.ts'
import { Refusal } from '../errors.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import { openPlace, sealPlace } from '../protocol/place.ts'
import type { DeclineReason, ShownState, State } from '../referral/codes/state.ts'
import type { Header } from '../referral/header.ts'
import { isFrom } from './sender.ts'
import {
  type OwnRow,
  type ShownPlace,
  selectByReceipt,
  selectOwn,
  selectShown,
  updateState,
} from './state-store.ts'

/** A referral as its referrer sees it. */
export type OwnReferral = {
  readonly referralId: string
  readonly reference: string
  readonly receivedAt: string
  readonly state: ShownState
  /** Since when: at first when it was received. */
  readonly changedAt: string
  readonly declineReason?: DeclineReason
  readonly supersedes?: string
  /** When it was withdrawn by its organisation, or when that was asked for under its receipt. */
  readonly withdrawalAskedAt?: string
  /** When a person declined what was asked for. */
  readonly withdrawalDeclinedAt?: string
  /** Of one that was withdrawn, or whose withdrawal is asked for: nothing is erased before. */
  readonly keptUntil?: string
  /** Messages that it has not read. */
  readonly unread: number
}

/** What became of the referrals under a receipt: a page of them, the newest first. */
export async function receiptStates(
  tx: Tx<SendingCaller>,
  query: Pick<PageQuery, 'cursor'> = {},
): Promise<{ referrals: OwnReferral[]; next?: string }> {
  const sender = senderOf(tx.caller)
  if (sender.kind !== 'receipt') return { referrals: [] }
  const { rows, ...rest } = await page(
    query,
    (after, count) => selectByReceipt(tx, sender.hash, { after, count }),
    ({ receivedAt, referralId }) => ({ at: receivedAt, id: referralId }),
  )
  return { referrals: rows.filter((row) => isUnder(row, sender)).map(present), ...rest }
}

/** One referral under the receipt of the caller, by its id; `undefined` for any other. */
export async function receiptState(
  tx: Tx<SendingCaller>,
  id: string,
): Promise<OwnReferral | undefined> {
  const sender = senderOf(tx.caller)
  if (sender.kind !== 'receipt') return undefined
  const [row] = await selectByReceipt(tx, sender.hash, { id })
  return row && isUnder(row, sender) ? present(row) : undefined
}

/** Whether anything was ever sent under the receipt of the caller. */
export async function isKnownReceipt(tx: Tx<SendingCaller>): Promise<boolean> {
  const sender = senderOf(tx.caller)
  if (sender.kind !== 'receipt') return false
  return (await selectByReceipt(tx, sender.hash, { count: 1 })).length > 0
}

/** What was erased has no receipt any more, and was found by its mark. */
function isUnder(row: OwnRow, sender: Sender): boolean {
  return row.state === 'erased' || isFrom(row, sender)
}

/** One referral of the caller's organisation, by its id or reference; `undefined` for any other. */
export async function ownState(
  tx: Tx<SendingCaller>,
  name: string,
): Promise<OwnReferral | undefined> {
  const sender = senderOf(tx.caller)
  if (sender.kind !== 'organisation') return undefined
  const named = isReferenceForm(name) ? { reference: name } : { id: name }
  const row = await selectOwn(tx, sender.id, named)
  return row && present(row)
}

/**
 * The referrals of the caller's organisation that are new, or stand otherwise, since a page was read: each at least once, as
 * it stands now. Without a cursor all of them.
 *
 * @param key - under which cursors are sealed (protocol/place.ts)
 * @returns a page, whole where more may follow, and where to go on: now, or when something may have changed
 * @throws Refusal `cursor-outdated` where the database was restored since, or for a cursor that no page gave, or that was
 *   sealed under an earlier key
 */
export async function statesSince(
  tx: Tx<SendingCaller>,
  {
    key,
    cursor,
    limit,
  }: {
    readonly key: Uint8Array
    readonly cursor: string | undefined
    readonly limit: number
  },
): Promise<{ referrals: OwnReferral[]; next: string }> {
  const sender = senderOf(tx.caller)
  if (sender.kind !== 'organisation') throw new Error('a receipt has no feed')
  const after = cursor === undefined ? undefined : readPlace(openPlace(key, sender.id, cursor))
  const { epoch, rows } = await selectShown(tx, sender.id, after ?? begin, limit)
  if (after && after.epoch !== wide(epoch)) {
    throw new Refusal('cursor-outdated', 'the database was restored since this page was read')
  }
  const last = rows.at(-1)
  const place = last ? { shownBy: last.shownBy, id: last.referralId } : (after ?? begin)
  const next = sealPlace(key, sender.id, writePlace(epoch, place))
  return { referrals: rows.map(present), next }
}

/** The entry of a move that is no answer. */
export function movedEntry(id: string, state: State): Act {
  return { action: 'referral.moved', object: { kind: 'referral', id }, details: { state } }
}

/**
 * Moves those of `ids` to `state` that may go there (referral/codes/state.ts). What is erased loses more than its state:
 * that is another act (erasure/ending.ts).
 *
 * @returns which these are
 */
export function move(
  tx: Tx,
  ids: readonly string[],
  state: Exclude<State, 'erased'>,
): Promise<string[]> {
  return updateState(tx, ids, state)
}

function present(row: OwnRow): OwnReferral {
  const { referralId, reference, receivedAt, state, shownAt, supersedes } = row
  const { withdrawalAskedAt, withdrawalDeclinedAt, keptUntil } = row
  return {
    ...{ referralId, reference, receivedAt, state, changedAt: shownAt, unread: row.unread },
    ...(row.declineReason !== null && isToldWhy(row) && { declineReason: row.declineReason }),
    ...(supersedes !== null && { supersedes }),
    ...(withdrawalAskedAt !== null && { withdrawalAskedAt }),
    ...(withdrawalDeclinedAt !== null && { withdrawalDeclinedAt }),
    ...(keptUntil !== null && { keptUntil }),
  }
}

/** Why somebody was declined is not for whoever may not be the person, nor act for them by their profession. */
function isToldWhy({ organisationId, header }: OwnRow): boolean {
  return organisationId !== null && (parseCanonical(header) as Header).channel !== 'family_friend'
}

const begin: ShownPlace = { shownBy: '0', id: '00000000-0000-0000-0000-000000000000' }

/** Three numbers of 8, 8 and 16 bytes. */
function writePlace(epoch: string, { shownBy, id }: ShownPlace): Uint8Array {
  const numbers = [wide(epoch), wide(BigInt(shownBy).toString(16)), id.replaceAll('-', '')]
  return Uint8Array.from(Buffer.from(numbers.join(''), 'hex'))
}

function readPlace(place: Uint8Array | undefined): ShownPlace & { readonly epoch: string } {
  if (!place) throw new Refusal('cursor-outdated', 'changedSince is not one that a page gave you')
  const hex = Buffer.from(place).toString('hex')
  const id = hex.slice(32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { epoch: hex.slice(0, 16), shownBy: String(BigInt(`0x${hex.slice(16, 32)}`)), id }
}

const wide = (hex: string) => hex.padStart(16, '0')
