/** The tables of the tree: what waits for its place, places, tiles, and the head of each log. */
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import { bytesArray } from '../database/types.ts'
import type { Read } from '../protocol/log/reader.ts'
import { parseTilePath, type Tile } from '../protocol/log/tile.ts'

/** A log as its row says. `checkpoint` is the newest that was signed; none before the first entry. */
export type Head = {
  readonly n: number
  readonly origin: string
  readonly size: number
  readonly checkpoint: string | null
  readonly signedAt: string | null
  /** The entry that the log begins with, where it was opened after another. */
  readonly firstEntryId: string | null
}

/** The log that is open; none before the first. */
export async function selectOpenLog(tx: Tx): Promise<Head | undefined> {
  const [head] = await tx.sql<Head[]>`
    select ${columns(tx)} from audit_log where closed_at is null`
  return head
}

/**
 * The same, locked until the transaction ends. Whoever appends to the tree, or closes a log, holds this
 * lock; none where somebody else does, without waiting for it. Two without it would not spoil the log, whose indexes
 * are unique: the later would wait for the first and then fail.
 */
export async function lockOpenLog(tx: Tx): Promise<Head | undefined> {
  const [head] = await tx.sql<Head[]>`
    select ${columns(tx)} from audit_log where closed_at is null for update skip locked`
  return head
}

function columns(tx: Tx) {
  return tx.sql`
    n, origin, size::float8 as size, checkpoint, ${iso(tx, 'signed_at')} as "signedAt",
    first_entry_id as "firstEntryId"`
}

/** Begins the first log, unless there is one. */
export async function insertFirstLog(tx: Tx, origin: string): Promise<void> {
  await tx.sql`
    insert into audit_log (n, origin) select 1, ${origin}
    where not exists (select from audit_log)
    on conflict do nothing`
}

/** What waits for its place: how much, counted up to a bound, and since when the oldest does. */
export type Waiting = {
  readonly count: number
  readonly oldestSeconds: number
  /** The time of the oldest, not later; that of the look where nothing waits. */
  readonly oldest: string
}

/** Looks at what waits. @param from - entries of an earlier time are not looked at */
export async function countPending(
  tx: Tx,
  countedMax: number,
  from: string | undefined,
): Promise<Waiting> {
  const [row] = await tx.sql<[Waiting]>`
    select count::int as count, ${iso(tx, 'oldest')} as oldest,
           extract(epoch from now() - oldest)::float8 as "oldestSeconds"
    from (
      select coalesce(min(at), now()) as oldest, count(*) as count
      from (
        select at from audit_pending where ${since(tx, from)}
        order by at, entry_id limit ${countedMax}) waiting) seen`
  return row
}

/**
 * Takes what waits, the oldest first, at most `count`; of a log that begins with a certain entry that one
 * alone. What has a place already, because somebody put it here twice, is passed over.
 * @param from - entries of an earlier time are left for later
 */
export async function takePending(
  tx: Tx,
  first: string | undefined,
  count: number,
  from: string,
): Promise<{ id: string; leaf: Uint8Array }[]> {
  const only = first === undefined ? since(tx, from) : tx.sql`entry_id = ${first}`
  // By the place of the row: nobody else deletes any while the head is locked, and no plan reads more.
  return tx.sql<{ id: string; leaf: Uint8Array }[]>`
    with taken as (
      delete from audit_pending
      where ctid = any (array(
        select ctid from audit_pending where ${only} order by at, entry_id limit ${count}))
      returning at, entry_id)
    select e.id, e.leaf
    from taken t join audit_entry e on e.id = t.entry_id
    where not exists (select from audit_index i where i.entry_id = t.entry_id)
    order by t.at, t.entry_id`
}

/** At or after a time, if one is given. */
function since(tx: Tx, from: string | undefined) {
  return from === undefined ? tx.sql`true` : tx.sql`at >= ${from}`
}

/** Gives entries their indexes, from `index` on. */
export async function insertIndexes(
  tx: Tx,
  { n, size }: Pick<Head, 'n' | 'size'>,
  ids: readonly string[],
): Promise<void> {
  await tx.sql`
    insert into audit_index (log, index, entry_id)
    select ${n}, ${size}::bigint + place - 1, id
    from unnest(${[...ids]}::uuid[]) with ordinality as given (id, place)`
}

/** Writes tiles. One that is there grows: of the same place only the longer is kept. */
export async function upsertTiles(tx: Tx, log: number, tiles: readonly Tile[]): Promise<void> {
  await tx.sql`
    insert into audit_tile (log, level, n, hashes)
    select ${log}, level, n, hashes
    from unnest(${tiles.map(({ level }) => level)}::int[],
                ${tiles.map(({ index }) => String(index))}::text[]::bigint[],
                ${bytesArray(tiles.map(({ hashes }) => hashes))}::bytea[])
      as given (level, n, hashes)
    on conflict (log, level, n) do update set hashes = excluded.hashes
    where octet_length(excluded.hashes) > octet_length(audit_tile.hashes)`
}

/** Those of the tiles that are there, in no order. */
export function selectTiles(
  tx: Tx,
  log: number,
  places: readonly Pick<Tile, 'level' | 'index'>[],
): Promise<Tile[]> {
  return tx.sql<Tile[]>`
    select level::int as level, n::float8 as index, hashes from audit_tile
    where log = ${log} and (level, n) in (
      select * from unnest(${places.map(({ level }) => level)}::int[],
                           ${places.map(({ index }) => String(index))}::text[]::bigint[]))`
}

/** The hash tiles of a log by their paths, as far as they have grown. */
export function tilesIn(tx: Tx, log: number): Read {
  return async (path) => {
    const { level, index } = parseTilePath(path) ?? {}
    if (typeof level !== 'number' || index === undefined) return undefined
    return (await selectTiles(tx, log, [{ level, index }]))[0]?.hashes
  }
}

/** Moves the head of a log from `before`. @returns whether it still stood there */
export async function moveHead(
  tx: Tx,
  before: Pick<Head, 'n' | 'size'>,
  after: { readonly size: number; readonly checkpoint: string },
): Promise<boolean> {
  const rows = await tx.sql`
    update audit_log set size = ${after.size}, checkpoint = ${after.checkpoint}, signed_at = now()
    where n = ${before.n} and size = ${before.size} and closed_at is null
    returning n`
  return rows.length === 1
}

/** The newest checkpoint of a log, and the lines of witnesses that belong below it. */
export async function selectCheckpoint(
  tx: Tx,
  n: number,
): Promise<{ checkpoint: string; lines: string[] } | undefined> {
  const [row] = await tx.sql<{ checkpoint: string; lines: string[] }[]>`
    select l.checkpoint, array(
      select c.line from audit_cosignature c
      where c.log = l.n and c.size = l.size order by c.witness) as lines
    from audit_log l where l.n = ${n} and l.checkpoint is not null`
  return row
}

/** The leaves of a log from `first` up to `end`, in their order; fewer where it ends before. */
export async function selectLeaves(
  tx: Tx,
  log: number,
  first: number,
  end: number,
): Promise<Uint8Array[]> {
  const rows = await tx.sql<{ leaf: Uint8Array }[]>`
    select e.leaf from audit_index i join audit_entry e on e.id = i.entry_id
    where i.log = ${log} and i.index >= ${first} and i.index < ${end}
    order by i.index`
  return rows.map(({ leaf }) => leaf)
}

/** An entry with its place in a log. */
export type Sequenced = { readonly log: number; readonly index: number; readonly leaf: Uint8Array }

/** The entry of this id; none before it has its place. */
export async function selectSequenced(tx: Tx, id: string): Promise<Sequenced | undefined> {
  const [row] = await tx.sql<Sequenced[]>`
    select i.log, i.index::float8 as index, e.leaf
    from audit_index i join audit_entry e on e.id = i.entry_id
    where i.entry_id = ${id}`
  return row
}

/** The first opening of a referral by one recipient key: the day in London, its entry, and where that stands. */
export type OwnOpening = {
  readonly recipient: string
  readonly day: string
  readonly leaf: Uint8Array
  /** Both null for an entry that waits for its place. */
  readonly log: number | null
  readonly index: number | null
}

/** Of a referral of the caller's own, up to the end of yesterday in London, the earliest first. */
export function selectOwnOpenings(tx: Tx, referralId: string): Promise<OwnOpening[]> {
  return tx.sql<OwnOpening[]>`
    select recipient, day, leaf, log, place::float8 as index
    from own_openings(${referralId}) order by opened_at, recipient`
}

/** Closes the log that is open, once nobody appends to it any more. @returns it as it ended */
export async function closeOpenLog(tx: Tx): Promise<Head | undefined> {
  const [head] = await tx.sql<Head[]>`
    update audit_log set closed_at = now() where closed_at is null returning ${columns(tx)}`
  return head
}

/** Opens a log, which begins with that entry. */
export async function insertLogAfter(
  tx: Tx,
  n: number,
  origin: string,
  firstEntryId: string,
): Promise<void> {
  await tx.sql`
    insert into audit_log (n, origin, first_entry_id) values (${n}, ${origin}, ${firstEntryId})`
}

/** The largest tree of a log that a witness signed, and when. */
export type Cosigned = { readonly witness: string; readonly size: number; readonly at: string }

/** Of each witness the largest that it signed. */
export function selectCosigned(tx: Tx, log: number): Promise<Cosigned[]> {
  return tx.sql<Cosigned[]>`
    select distinct on (witness) witness, size::float8 as size, ${iso(tx, 'at')} as at
    from audit_cosignature where log = ${log} order by witness, size desc`
}

/** Keeps what a witness signed; the same again is passed over. */
export async function insertCosignature(
  tx: Tx,
  row: { log: number; size: number; witness: string; checkpoint: string; line: string },
): Promise<void> {
  await tx.sql`
    insert into audit_cosignature ${tx.sql({ ...row, at: tx.now.toISOString() })}
    on conflict do nothing`
}

/** The index of the newest keyset's entry in a log; -1 where none is in it. */
export async function selectPublishedIndex(tx: Tx, log: number): Promise<number> {
  const [row] = await tx.sql<{ index: number }[]>`
    select i.index::float8 as index
    from audit_entry e join audit_index i on i.entry_id = e.id and i.log = ${log}
    where e.action = 'keyset.published' and e.outcome = 'permitted'
    -- Not by time: the clock may have stepped back.
    order by i.index desc limit 1`
  return row?.index ?? -1
}

/** The largest tree of a log that witnesses signed and that holds this index, with their lines. */
export async function selectWitnessed(
  tx: Tx,
  log: number,
  index: number,
): Promise<{ checkpoint: string; lines: string[] } | undefined> {
  const [row] = await tx.sql<{ checkpoint: string; lines: string[] }[]>`
    select min(checkpoint) as checkpoint, array_agg(line order by witness) as lines
    from audit_cosignature where log = ${log} and size > ${index}
    group by size order by size desc limit 1`
  return row
}
