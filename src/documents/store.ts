/** Rows of sealed files. */
import type { Tx } from '../database/connect.ts'

/** A sealed file, and how far it is. */
export type DocumentRow = {
  readonly id: string
  readonly referralId: string
  /** None where the bearer of a receipt uploads it. */
  readonly clientId: string | null
  readonly bytes: number
  readonly isStored: boolean
}

/** What decides who may add to a referral, and fetch from it. */
export type Standing = {
  readonly organisationId: string | null
  readonly receiptHash: Uint8Array | null
  readonly isErased: boolean
  /** Whether there is a wrap for one of the keys that were asked for. */
  readonly isOpened: boolean
}

/** The referral, if the caller sees it. */
export async function selectStanding(
  tx: Tx,
  referralId: string,
  kids: readonly string[],
): Promise<Standing | undefined> {
  const [row] = await tx.sql<Standing[]>`
    select organisation_id as "organisationId", receipt_hash as "receiptHash",
           shown_state = 'erased' as "isErased",
           exists (
             select from wrap
             where referral_id = ${referralId} and kid = any (${kids as string[]}::text[])
           ) as "isOpened"
    from referral
    where id = ${referralId}`
  return row
}

/** The document of this id, if the caller sees it. */
export async function selectDocument(tx: Tx, id: string): Promise<DocumentRow | undefined> {
  const [row] = await tx.sql<DocumentRow[]>`
    select id, referral_id as "referralId", client_id as "clientId", bytes::float8 as bytes,
           stored_at is not null as "isStored"
    from document where id = ${id}`
  return row
}

/** The ids of those of a referral that are noted to be stored whole. */
export async function selectWhole(tx: Tx, referralId: string): Promise<string[]> {
  const rows = await tx.sql<{ id: string }[]>`
    select id from document where referral_id = ${referralId} and stored_at is not null order by id`
  return rows.map(({ id }) => id)
}

/** What a referral holds, and what a client began in the 24 hours before now. */
export async function selectUsed(tx: Tx, referralId: string, clientId: string | null) {
  const [[own], [today]] = await Promise.all([
    tx.sql<[{ count: number; bytes: number }]>`
      select count(*)::int as count, coalesce(sum(bytes), 0)::float8 as bytes
      from document where referral_id = ${referralId}`,
    tx.sql<[{ bytes: number }]>`
      select coalesce(sum(bytes), 0)::float8 as bytes
      from document
      where client_id = ${clientId} and begun_at > ${tx.now.toISOString()}::timestamptz - interval '24 hours'`,
  ])
  return { count: own.count, bytes: own.bytes, bytesOfClient: today.bytes }
}

/** @returns whether it is there now; not where another has the id */
export async function insertDocument(
  tx: Tx,
  { id, referralId, clientId, bytes }: Omit<DocumentRow, 'isStored'>,
): Promise<boolean> {
  const { count } = await tx.sql`
    insert into document (id, referral_id, client_id, bytes, begun_at)
    values (${id}, ${referralId}, ${clientId}, ${bytes}, ${tx.now.toISOString()})
    on conflict do nothing`
  return count === 1
}

/** Notes that a document is stored whole. @returns whether it was not noted before */
export async function updateStored(tx: Tx, id: string): Promise<boolean> {
  const { count } = await tx.sql`
    update document set stored_at = ${tx.now.toISOString()} where id = ${id} and stored_at is null`
  return count === 1
}

/**
 * Deletes rows of uploads that were begun so long ago and never finished, and of any that was begun while its referral
 * was being erased.
 */
export function deleteUnfinished(
  tx: Tx,
  hours: number,
  max: number,
): Promise<Pick<DocumentRow, 'id' | 'referralId'>[]> {
  return tx.sql`
    delete from document
    where id in (
      select d.id from document d join referral r on r.id = d.referral_id
      where r.state = 'erased'
         or d.stored_at is null
            and d.begun_at < ${tx.now.toISOString()}::timestamptz - make_interval(hours => ${hours})
      order by d.begun_at
      limit ${max})
    returning id, referral_id as "referralId"`
}

/** Deletes all rows of documents of these referrals. @returns how many there were */
export async function deleteOf(tx: Tx, referralIds: readonly string[]): Promise<number> {
  const { count } = await tx.sql`
    delete from document where referral_id = any (${referralIds as string[]}::uuid[])`
  return count
}

/**
 * The time that a database lost by being restored: behind the newest document that it knows of before, until it was served
 * again; in milliseconds of Unix time. `undefined` where that is more than so many days ago.
 */
export async function selectLostTime(
  tx: Tx,
  days: number,
): Promise<{ from: number; until: number } | undefined> {
  const [row] = await tx.sql<{ from: number; until: number }[]>`
    select (extract(epoch from coalesce(known.newest, 'epoch')) * 1000)::float8 as from,
           (extract(epoch from since) * 1000)::float8 as until
    from served_as cross join lateral (
      select max(begun_at) as newest from document where begun_at < since) known
    where since > ${tx.now.toISOString()}::timestamptz - make_interval(days => ${days})`
  return row
}

/** When this database was first served, where that is known; in milliseconds of Unix time. */
export async function selectServedSince(tx: Tx): Promise<number | undefined> {
  const [row] = await tx.sql<{ since: number }[]>`
    select (extract(epoch from since) * 1000)::float8 as since from served_as`
  return row?.since
}

/** Those of `ids` that have a row. */
export async function selectKnown(tx: Tx, ids: readonly string[]): Promise<Set<string>> {
  const rows = await tx.sql<{ id: string }[]>`
    select id from document where id = any (${ids as string[]}::uuid[])`
  return new Set(rows.map(({ id }) => id))
}
