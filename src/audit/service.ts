/**
 * The access log: what is appended to it, and what auditors read. An act and its entry share a
 * transaction; a refused or failed act is undone first and its entry then commits by itself, before the
 * answer (sums.ts). After a crash the log may name an access that reached nobody, never the other way
 * round.
 */
import type { Static } from 'typebox'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { type PageQuery, page } from '../database/page.ts'
import { encodeBase64url, equalBytes } from '../protocol/bytes.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import { newId } from '../protocol/uuid.ts'
import {
  type Act,
  type Action,
  commitmentsOf,
  type Opening,
  type Outcome,
  writeEntry,
} from './entry.ts'
import type { EntriesPage } from './schemas.ts'
import {
  countEntries,
  type EntryRow,
  type Filter,
  hasEntry,
  insertEntries,
  selectEntries,
} from './store.ts'
import {
  countAll,
  selectGivenUp,
  selectGrantActs,
  selectPlaces,
  selectSubmissions,
} from './stored-store.ts'
import { hasher } from './tree.ts'

export { countAll, hasEntry }

/** Adds the entry of `act` to the transaction that does it. @param id - of the entry */
export function append(tx: Tx, act: Act, id = newId()): Promise<void> {
  return insertEntries(tx, [writeEntry(tx.caller, act, id, tx.now)])
}

/** The same for several acts of one transaction, in as many statements as one. */
export function appendAll(tx: Tx, acts: readonly Act[]): Promise<void> {
  return insertEntries(
    tx,
    acts.map((act) => writeEntry(tx.caller, act, newId(), tx.now)),
  )
}

/** How many acts of this kind the caller's client was permitted within the last seconds. */
export function countOwn(tx: Tx<KnownCaller>, action: Action, seconds: number): Promise<number> {
  const since = new Date(tx.now.getTime() - seconds * 1000)
  return countEntries(tx, tx.caller.clientId, action, since)
}

/** A page of entries, newest first. The reading is itself an entry, committed before the answer. */
export async function list(
  tx: Tx<KnownCaller>,
  query: Omit<Filter, 'before'> & { cursor?: string },
  limit: number,
): Promise<Static<typeof EntriesPage>> {
  const { cursor, ...filter } = query
  const { rows, ...rest } = await page(
    { limit, ...(cursor !== undefined && { cursor }) },
    (before, count) => selectEntries(tx, { ...filter, ...(before && { before }) }, count),
    ({ at, id }) => ({ at, id }),
  )
  const details = { entries: rows.length, filters: Object.keys(query).sort().join(' ') }
  await append(tx, { action: 'audit.searched', details })
  return { entries: rows.map(present), ...rest }
}

/** A page of the entries about some objects, newest first, as auditors read them. Who asks writes the entry of that. */
export async function entriesAbout(
  tx: Tx,
  objects: readonly string[],
  query: PageQuery,
): Promise<{ entries: PresentedEntry[]; next?: string }> {
  const { rows, ...rest } = await page(
    query,
    (before, count) => selectEntries(tx, { objects, ...(before && { before }) }, count),
    ({ at, id }) => ({ at, id }),
  )
  return { entries: rows.map(present), ...rest }
}

/** The entries of these ids, as auditors read them. */
export async function entriesOf(tx: Tx, ids: readonly string[]): Promise<PresentedEntry[]> {
  return (await selectEntries(tx, { ids }, ids.length)).map(present)
}

/** Those of the entries that stand in the tree as they are, or still wait for their place. */
export async function standingInTree(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  const places = await selectPlaces(tx, ids)
  const standing = places.filter(({ leaf, hash, isWaiting }) => {
    return hash === null ? isWaiting : equalBytes(hasher.leaf(leaf), hash)
  })
  return new Set(standing.map(({ id }) => id))
}

/** Which keys gave up their wrap of these referrals, as `id kid`. */
export async function givenUpWraps(tx: Tx, referralIds: readonly string[]): Promise<Set<string>> {
  const said = (await selectGivenUp(tx, referralIds)).map(({ leaf }) => readCanonical(leaf))
  return new Set(said.filter(isLeaf).map(({ object, recipient }) => `${object?.id} ${recipient}`))
}

/** What the log says of the grants of one referral. */
type GrantsSaid = {
  /** Whether what opens each entry is there: what retention has emptied names no key. */
  whole: boolean
  /** Whether what stands beside each entry is what it says. */
  intact: boolean
  /** How often a wrap was given to a key, and taken from it; and when the last that was given ends, if it does. */
  readonly byKid: Map<string, { given: number; taken: number; ends?: string | undefined }>
}

/** What the log says of the grants of these referrals, by referral; of those without one, nothing. */
export async function grantsSaid(
  tx: Tx,
  referralIds: readonly string[],
): Promise<ReadonlyMap<string, GrantsSaid>> {
  const said = new Map<string, GrantsSaid>()
  // The oldest first.
  const entries = (await entriesOf(tx, await selectGrantActs(tx, referralIds))).reverse()
  for (const { object, action, recipient, opening, intact } of entries) {
    const id = object?.id ?? ''
    const of = said.get(id) ?? { whole: true, intact: true, byKid: new Map() }
    said.set(id, of)
    of.intact &&= intact
    const { to, from, until, ends = until, repeated } = opening.details ?? {}
    const named = { 'grant.given': to, 'grant.revoked': from }[action] ?? recipient
    if (repeated) continue
    of.whole &&= opening.details !== undefined || action === 'grant.ended'
    if (typeof named !== 'string') continue
    const before = of.byKid.get(named) ?? { given: 0, taken: 0 }
    const end = typeof ends === 'string' ? ends : undefined
    const isGiven = action === 'grant.given'
    of.byKid.set(
      named,
      isGiven
        ? { ...before, given: before.given + 1, ends: end }
        : { ...before, taken: before.taken + 1 },
    )
  }
  return said
}

/** A part of the log, by the ids of its entries: the referrals of which it says that they were stored. */
export type Submissions = {
  readonly referralIds: readonly string[]
  /** What to go on behind; none at the end. */
  readonly last: string | undefined
}

/** Reads the next `count` entries behind the id `after`. */
export async function submissionsAfter(tx: Tx, after: string, count: number): Promise<Submissions> {
  const rows = await selectSubmissions(tx, after, count)
  const said = rows.map(({ leaf }) => leaf && readCanonical(leaf)).filter(isLeaf)
  return {
    referralIds: said.flatMap(({ object }) => (object ? [object.id] : [])),
    last: rows.at(-1)?.id,
  }
}

export type PresentedEntry = ReturnType<typeof present>

/** An entry as auditors read it: what its leaf says, what opens it, and whether they agree. */
export function present(row: EntryRow) {
  const opening = openingOf(row)
  const { actorSalt, detailsSalt } = opening
  const { v: _, actor, details, ...shown } = readLeaf(row)
  return {
    ...shown,
    opening: {
      ...(opening.actor && { actor: opening.actor }),
      ...(opening.details && { details: opening.details }),
      ...(actorSalt && { actorSalt: encodeBase64url(actorSalt) }),
      ...(detailsSalt && { detailsSalt: encodeBase64url(detailsSalt) }),
    },
    leaf: encodeBase64url(row.leaf),
    intact: isIntact(row, { actor, details }, opening),
  }
}

type Leaf = {
  readonly v?: 1
  readonly id: string
  readonly at: string
  readonly action: string
  readonly outcome: Outcome
  readonly reason?: string
  readonly object?: { kind: string; id: string; digest?: string }
  readonly caller: string
  readonly recipient?: string
  readonly request: string
  readonly actor?: string
  readonly details?: string
}

/** What the leaf says; of one that was spoilt, what stands beside it, so that the page is shown. */
function readLeaf({ id, at, action, outcome, leaf }: EntryRow): Leaf {
  const said = readCanonical(leaf)
  if (isLeaf(said)) return said
  return { id, at, action, outcome, caller: 'unreadable', request: '' }
}

function readCanonical(bytes: Uint8Array): unknown {
  try {
    return parseCanonical(bytes)
  } catch {
    return undefined
  }
}

function isLeaf(value: unknown): value is Leaf {
  if (typeof value !== 'object' || value === null) return false
  const { object = { kind: '', id: '' }, ...rest } = value as Partial<Leaf>
  const { id, at, action, outcome, caller, request } = rest
  const required = [id, at, action, outcome, caller, request, object?.kind, object?.id]
  return required.every((member) => typeof member === 'string')
}

/** Recomputed on every read, so that a changed row shows at once and not only to a verifier. */
function isIntact(
  entry: EntryRow,
  committed: { actor: string | undefined; details: string | undefined },
  opening: Opening,
): boolean {
  const leaf = readCanonical(entry.leaf)
  if (!isLeaf(leaf)) return false
  const recomputed = commitmentsOf(opening)
  return (
    leaf.id === entry.id &&
    leaf.at === entry.at &&
    leaf.action === entry.action &&
    leaf.outcome === entry.outcome &&
    (leaf.object?.id ?? null) === entry.objectId &&
    entry.refusalStands &&
    // An emptied opening is retention's doing; a wrong one is not.
    (!opening.actor || recomputed.actor === committed.actor) &&
    (!opening.details || recomputed.details === committed.details)
  )
}

function openingOf(row: EntryRow): Opening {
  const { actorSalt, details, detailsSalt } = row
  const actor = actorOf(row)
  return {
    ...(actor && actorSalt && { actor, actorSalt }),
    ...(details && detailsSalt && { details, detailsSalt }),
  }
}

function actorOf(row: EntryRow): Opening['actor'] {
  const { clientId: client, organisationId: organisation, person } = row
  const { clientLabel, organisationLabel } = row
  if (client === null || organisation === null) return undefined
  const labels = clientLabel !== null &&
    organisationLabel !== null && { client: clientLabel, organisation: organisationLabel }
  return { client, organisation, ...(labels && { labels }), ...(person && { person }) }
}
