/** The statements of whoever delivers: leases of endpoints, and what became of them. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import { type DisabledFor, type EndpointPlace, type Failure, failuresMax } from '../message.ts'

/** An endpoint that is ours until its time is over, by the fence. */
export type Leased = {
  readonly id: string
  readonly clientId: string
  readonly fence: string
  readonly url: string
  /** Sealed, the newest first. */
  readonly secrets: readonly Uint8Array[]
  readonly place: EndpointPlace
  readonly gapAt: string | null
  readonly tries: number
}

/** Of the days that have begun since: how much was sent until then. */
export async function markDays(tx: Tx, max: number): Promise<{ id: string; sent: number }[]> {
  return tx.sql<{ id: string; sent: number }[]>`
    with due as (
      select id, sent from webhook_endpoint
      where disabled_at is null and recorded_on < (now() at time zone 'UTC')::date
      order by id limit ${max} for update skip locked)
    update webhook_endpoint e
    set recorded_on = (now() at time zone 'UTC')::date, sent = 0
    from due where e.id = due.id
    returning e.id, due.sent::float8 as sent`
}

/** Where the changes end (triage/service.ts). */
type End = {
  readonly epoch: string
  readonly end: string
  readonly newest: { readonly position: string; readonly number: string }
}

type Lease = {
  readonly max: number
  /** Of one client, with those under way. */
  readonly clientMax: number
  readonly seconds: number
  /** Of this replica: their ids, and the client of each. */
  readonly underWay: {
    readonly endpointIds: readonly string[]
    readonly clientIds: readonly string[]
  }
}

/**
 * Leases endpoints that there may be something for, and whose client may still have it: of each client a few, so that
 * nobody's slow receivers hold all places. One for which a replica writes something just now is passed over.
 */
export async function leaseDue(tx: Tx, end: End, lease: Lease): Promise<Leased[]> {
  const { epoch, newest } = end
  const { endpointIds, clientIds } = lease.underWay
  type Row = Omit<Leased, 'place' | 'secrets'> &
    EndpointPlace & { secret: Uint8Array; earlier: Uint8Array | null }
  const rows = await tx.sql<Row[]>`
    update webhook_endpoint
    set leased_until = now() + make_interval(secs => ${lease.seconds}), fence = fence + 1
    where id = any (array(
      select due.id
      from client c
      join organisation o on o.id = c.organisation_id
      cross join lateral (
        select e.id, e.next_try_at
        from webhook_endpoint e
        where e.client_id = c.id and e.disabled_at is null and e.next_try_at <= now()
          and (e.leased_until is null or e.leased_until <= now())
          and e.recorded_on >= (now() at time zone 'UTC')::date
          and e.id <> all (${endpointIds as string[]}::uuid[])
          and (e.gap_at is not null or e.epoch <> ${epoch} or e.position > ${end.end}::bigint
               or (e.position, e.number) < (${newest.position}::bigint, ${newest.number}::bigint))
        order by e.next_try_at, e.id
        limit greatest(0, ${lease.clientMax}::int
                          - cardinality(array_positions(${clientIds as string[]}::uuid[], c.id)))
        for update skip locked) due
      where c.disabled_at is null and o.disabled_at is null
        and c.scopes @> '{webhooks:manage,triage:work}'
      order by due.next_try_at, due.id
      limit ${lease.max}))
    returning id, client_id as "clientId", fence::text, url, secret,
              case when earlier_until > now() then earlier_secret end as earlier,
              epoch, position::text, number::text, ${iso(tx, 'gap_at')} as "gapAt", tries`
  return rows.map(({ secret, earlier, epoch, position, number, ...rest }) => ({
    ...rest,
    secrets: earlier ? [secret, earlier] : [secret],
    place: { epoch, position, number },
  }))
}

/** Some of what was behind its place may be missing: it goes on from here, and is to be told so. */
export async function updateGap(tx: Tx, id: string, place: EndpointPlace): Promise<string> {
  const { epoch, position, number } = place
  const [row] = await tx.sql<[{ gapAt: string }]>`
    update webhook_endpoint
    set gap_at = now(), epoch = ${epoch}, position = ${position}::bigint, number = ${number}::bigint
    where id = ${id}
    returning ${iso(tx, 'gap_at')} as "gapAt"`
  return row.gapAt
}

/** What came of a lease. */
export type Settled = {
  /** Messages that were taken. */
  readonly sent: number
  /** Behind the last change that was. */
  readonly place: EndpointPlace
  /** Whether it has been told of the gap, if there was one. */
  readonly gapTold: boolean
  readonly failed?: {
    readonly failure: Failure
    readonly tries: number
    /** None, where it is disabled. */
    readonly delaySeconds: number | undefined
    readonly disabledFor: DisabledFor | undefined
  }
}

/** Writes it and ends the lease. Returns `false`, and changes nothing, if the endpoint is no longer ours. */
export async function settle(
  tx: Tx,
  { id, fence }: Pick<Leased, 'id' | 'fence'>,
  { sent, place, gapTold, failed }: Settled,
): Promise<boolean> {
  const { epoch, position, number } = place
  const { failure, disabledFor = null, delaySeconds = 0, tries = 0 } = failed ?? {}
  const { count } = await tx.sql`
    update webhook_endpoint
    set epoch = ${epoch}, position = ${position}::bigint, number = ${number}::bigint,
        gap_at = case when ${gapTold} then null else gap_at end,
        sent = sent + ${sent},
        delivered_at = case when ${sent} > 0 then now() else delivered_at end,
        tries = case when ${failed !== undefined} then ${tries} when ${sent} > 0 then 0 else tries end,
        next_try_at = now() + make_interval(secs => ${delaySeconds}),
        disabled_for = ${disabledFor},
        disabled_at = case when ${disabledFor}::text is not null then now() end,
        failures = case when ${failure !== undefined} then
          (select jsonb_agg(failure order by at)
           from (select failure, at from jsonb_array_elements(
                   failures || ${JSON.stringify(failure ?? null)}::text::jsonb) with ordinality it (failure, at)
                 order by at desc limit ${failuresMax}) newest)
          else failures end,
        leased_until = null
    where id = ${id} and fence = ${fence}::bigint`
  return count === 1
}
