/** The statements of clients about their endpoints. Each raises the fence: what is under way moves nothing any more. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import type { DisabledFor, EndpointPlace, Failure } from '../message.ts'

/** Whose endpoint, and which. Another client's is not there. */
export type Named = { readonly id: string; readonly clientId: string }

export type EndpointRow = {
  readonly endpointId: string
  readonly url: string
  readonly createdAt: string
  readonly disabledAt: string | null
  readonly disabledFor: DisabledFor | null
  readonly deliveredAt: string | null
  readonly tries: number
  readonly nextTryAt: string
  readonly failures: readonly Failure[]
}

export type NewEndpoint = Named & {
  readonly url: string
  readonly secret: Uint8Array
  readonly place: EndpointPlace
}

/** Makes one, if the client has fewer than `max`, with those that it makes just now; returns whether. */
export async function insertEndpoint(tx: Tx, endpoint: NewEndpoint, max: number): Promise<boolean> {
  const { id, clientId, url, secret, place } = endpoint
  await tx.sql`select pg_advisory_xact_lock(hashtextextended('webhooks ' || ${clientId}, 0))`
  const { count } = await tx.sql`
    insert into webhook_endpoint (id, client_id, url, secret, created_at, next_try_at, recorded_on,
                                  epoch, position, number)
    select ${id}::uuid, ${clientId}::uuid, ${url}, ${secret}::bytea, ${tx.now.toISOString()}::timestamptz,
           ${tx.now.toISOString()}::timestamptz, (now() at time zone 'UTC')::date,
           ${place.epoch}, ${place.position}::bigint, ${place.number}::bigint
    where (select count(*) from webhook_endpoint where client_id = ${clientId}) < ${max}`
  return count === 1
}

/** Those of a client, the oldest first. */
export function selectEndpoints(tx: Tx, clientId: string, id?: string): Promise<EndpointRow[]> {
  return tx.sql<EndpointRow[]>`
    select id as "endpointId", url, ${iso(tx, 'created_at')} as "createdAt",
           ${iso(tx, 'disabled_at')} as "disabledAt", disabled_for as "disabledFor",
           ${iso(tx, 'delivered_at')} as "deliveredAt", tries,
           ${iso(tx, 'next_try_at')} as "nextTryAt", failures
    from webhook_endpoint
    where client_id = ${clientId} ${id === undefined ? tx.sql`` : tx.sql`and id = ${id}`}
    order by created_at, id`
}

/** Returns whether there is such an endpoint, as the others below. */
export async function deleteEndpoint(tx: Tx, { id, clientId }: Named): Promise<boolean> {
  const { count } = await tx.sql`
    delete from webhook_endpoint where id = ${id} and client_id = ${clientId}`
  return count === 1
}

/** Delivers to it again, from where it was: its next message is tried at once. Or no longer. */
export async function updateActive(tx: Tx, { id, clientId }: Named, active: boolean) {
  const changes = active
    ? tx.sql`disabled_at = null, disabled_for = null, tries = 0, next_try_at = now()`
    : tx.sql`disabled_at = coalesce(disabled_at, now()), disabled_for = coalesce(disabled_for, 'asked')`
  const { count } = await tx.sql`
    update webhook_endpoint set ${changes}, leased_until = null, fence = fence + 1
    where id = ${id} and client_id = ${clientId}`
  return count === 1
}

/** Another secret; the one that counted signs beside it for so many hours. */
export async function updateSecret(
  tx: Tx,
  { id, clientId }: Named,
  secret: Uint8Array,
  overlapHours: number,
): Promise<boolean> {
  const { count } = await tx.sql`
    update webhook_endpoint
    set earlier_secret = secret, earlier_until = now() + make_interval(hours => ${overlapHours}),
        secret = ${secret}, leased_until = null, fence = fence + 1
    where id = ${id} and client_id = ${clientId}`
  return count === 1
}

/** Sets an endpoint back, or forth: what is behind the place is sent, at once. */
export async function updatePlace(
  tx: Tx,
  { id, clientId }: Named,
  { epoch, position, number }: EndpointPlace,
): Promise<boolean> {
  const { count } = await tx.sql`
    update webhook_endpoint
    set epoch = ${epoch}, position = ${position}::bigint, number = ${number}::bigint,
        tries = 0, next_try_at = now(), leased_until = null, fence = fence + 1
    where id = ${id} and client_id = ${clientId}`
  return count === 1
}
