/** Statements about who could open what: keys and clients, and nothing that is sealed. */
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import type { Place } from '../database/page.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import { type Bound, beginOf } from './store.ts'

export type SealedTo = {
  readonly referralId: string
  readonly reference: string
  readonly receivedAt: string
  readonly keysetVersion: number
  readonly recipients: { readonly kid: string; readonly holds: boolean }[]
}

/** The referral of an id or a reference, with the keys that it was sealed or granted to. */
export async function selectSealedTo(tx: Tx, name: string): Promise<SealedTo | undefined> {
  const { sql } = tx
  const isNamed = isReferenceForm(name) ? sql`r.reference = ${name}` : sql`r.id = ${name}`
  const [row] = await sql<SealedTo[]>`
    select r.id as "referralId", r.reference, ${iso(tx, 'r.received_at')} as "receivedAt",
           r.keyset_version as "keysetVersion",
           (select coalesce(jsonb_agg(jsonb_build_object('kid', signed.kid, 'holds', w.kid is not null)
                                      order by signed.kid), '[]')
            -- Of what was erased no key is left, and no hash of a wrap.
            from (select jsonb_object_keys(nullif(convert_from(r.wrap_hashes, 'UTF8'), '')::jsonb) as kid
                  union select granted.kid from wrap granted where granted.referral_id = r.id) signed
                 left join wrap w on w.referral_id = r.id and w.kid = signed.kid) as recipients
    from referral r where ${isNamed}`
  return row
}

export type BoundRow = {
  readonly client: string
  readonly organisation: string
  readonly clientLabel: string
  readonly organisationLabel: string
  readonly kids: string[]
  readonly scopes: string[]
  readonly addedAt: string | null
  readonly disabledAt: string | null
}

/** The client of an id, or all that are bound to one of the keys, in the order in which they were added. */
export async function selectBound(
  tx: Tx,
  who: { readonly client: string } | { readonly kids: readonly string[] },
): Promise<BoundRow[]> {
  const { sql } = tx
  const isMeant = 'client' in who ? sql`c.id = ${who.client}` : sql`c.kids && ${who.kids}::text[]`
  return sql<BoundRow[]>`
    select c.id as client, o.id as organisation, c.label as "clientLabel",
           o.label as "organisationLabel", c.kids, c.scopes, ${iso(tx, 'added.at')} as "addedAt",
           ${iso(tx, 'ended.at')} as "disabledAt"
    from client c join organisation o on o.id = c.organisation_id,
         lateral (select min(e.at) as at from audit_entry e
                  where e.object_id = c.id::text and e.action = 'client.added'
                    and e.outcome = 'permitted') added,
         lateral (select least(c.disabled_at, o.disabled_at) as at) ended
    where ${isMeant}
    order by added.at, c.id`
}

export type Openable = Omit<SealedTo, 'keysetVersion' | 'recipients'>

/** Before every id. */
const nil = '00000000-0000-0000-0000-000000000000'

/** Of the referrals that keys open those that count: received before an end, by a client that was let in. */
export type Reach = {
  readonly kids: readonly string[]
  readonly to?: Bound
  /** Of a client: the first moment that is asked about, and since when and until when it could ask. */
  readonly from?: Bound
  readonly addedAt?: string
  readonly disabledAt?: string
}

/**
 * The next `count` referrals that one of the keys opens, by id, which for new ones is by age, and of each
 * whether it counts. Those that do not are not passed over here: a page would walk all wraps of a key to find
 * no more that do.
 *
 * The wraps of a key are a range of one index, in its order. With `kid = …` the primary key has that order
 * too, and PostgreSQL walks all wraps by it where few of the key's are left.
 */
export async function selectOpenable(
  tx: Tx,
  { kids, from, to, addedAt, disabledAt }: Reach,
  after: Place | undefined,
  count: number,
): Promise<(Openable & { readonly counts: boolean })[]> {
  const { sql } = tx
  const conditions = [
    to && sql`r.received_at < ${beginOf(tx, to, 1)}`,
    disabledAt && sql`r.received_at < ${disabledAt}::timestamptz`,
    from && disabledAt && sql`${disabledAt}::timestamptz > ${beginOf(tx, from, 0)}`,
    to && addedAt && sql`${addedAt}::timestamptz < ${beginOf(tx, to, 1)}`,
  ].filter((condition) => condition !== undefined && condition !== '')
  const counts = conditions.reduce((all, condition) => sql`${all} and ${condition}`, sql`true`)
  return sql<(Openable & { counts: boolean })[]>`
    select r.id as "referralId", r.reference, ${iso(tx, 'r.received_at')} as "receivedAt",
           ${counts} as counts
    from (select distinct opened.referral_id
          from unnest(${kids}::text[]) held (kid)
               cross join lateral (
                 select w.referral_id from wrap w
                 where (w.kid, w.referral_id) > (held.kid, ${after?.id ?? nil}::uuid)
                   and w.kid <= held.kid
                 order by w.kid, w.referral_id
                 limit ${count}) opened
          order by opened.referral_id
          limit ${count}) opened
         join referral r on r.id = opened.referral_id
    order by r.id`
}
