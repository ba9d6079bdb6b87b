/**
 * Webhooks: a client's server is told what became of items, instead of asking. A message holds ids and types and
 * nothing else: a doorbell. Each endpoint stands at a place among the changes, and is told them in their order.
 */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal, required } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import { newWebhookSecret, sealWebhookSecret, writeWebhookSecret } from '../protocol/webhook.ts'
import { follow, placeBefore } from '../triage/service.ts'
import { changeOf } from './message.ts'
import type { ReplayRequest, WebhookEndpoint, WebhookEndpoints } from './schemas.ts'
import { endpointsMax } from './schemas.ts'
import {
  deleteEndpoint,
  type EndpointRow,
  insertEndpoint,
  type Named,
  selectEndpoints,
  updateActive,
  updatePlace,
  updateSecret,
} from './store/endpoint.ts'

export { createDelivering } from './delivering.ts'

export type WebhookOptions = {
  /** Under which secrets are sealed (protocol/webhook.ts). */
  readonly key: Uint8Array
  /** What is wrong with an address, as far as it shows without asking for its name. */
  readonly faultOf: (url: string) => string | undefined
}

type Endpoint = Static<typeof WebhookEndpoint>

/** A new endpoint, told what happens from now on. @throws Refusal `endpoint-refused` */
export async function createEndpoint(
  tx: Tx<KnownCaller>,
  { key, faultOf }: WebhookOptions,
  address: string,
): Promise<Endpoint> {
  const fault = faultOf(address)
  if (fault !== undefined) throw new Refusal('endpoint-refused', fault)
  // As it is called: what was typed may hold characters that a database or a terminal does not take as they are.
  const { href: url, host } = new URL(address)
  const id = newId()
  const secret = newWebhookSecret()
  const { next: place } = await follow(tx, undefined, 0)
  const { clientId } = tx.caller
  const sealed = sealWebhookSecret(key, { endpointId: id, clientId, url }, secret)
  if (!(await insertEndpoint(tx, { id, clientId, url, secret: sealed, place }, endpointsMax))) {
    throw new Refusal('endpoint-refused', `a client has at most ${endpointsMax} endpoints`)
  }
  const object = { kind: 'endpoint', id } as const
  await append(tx, { action: 'webhook.created', object, details: { host } })
  return shownWith(tx, id, secret)
}

/** The endpoints of the caller's client. */
export async function listEndpoints(tx: Tx<KnownCaller>): Promise<Static<typeof WebhookEndpoints>> {
  const rows = await selectEndpoints(tx, tx.caller.clientId)
  await append(tx, { action: 'webhook.listed', details: { endpoints: rows.length } })
  return { endpoints: rows.map(present) }
}

/** Delivers to it again, or no longer. @throws Refusal `not-found`, as all that name one */
export async function setActive(
  tx: Tx<KnownCaller>,
  endpointId: string,
  active: boolean,
): Promise<Endpoint> {
  await requireOwn(updateActive(tx, ownNamed(tx, endpointId), active))
  return changed(tx, endpointId, { active })
}

/** Another secret. */
export async function rotateSecret(
  tx: Tx<KnownCaller>,
  { key }: WebhookOptions,
  endpointId: string,
  overlapHours: number,
): Promise<Endpoint> {
  const secret = newWebhookSecret()
  const { clientId } = tx.caller
  const [row] = await selectEndpoints(tx, clientId, endpointId)
  if (!row) throw notYours()
  const sealed = sealWebhookSecret(key, { endpointId, clientId, url: row.url }, secret)
  await requireOwn(updateSecret(tx, ownNamed(tx, endpointId), sealed, overlapHours))
  await changed(tx, endpointId, { overlapHours })
  return shownWith(tx, endpointId, secret)
}

/**
 * Sends again what was sent, from a time or a message on.
 *
 * @throws Refusal `cursor-outdated` for a message whose change is forgotten
 */
export async function replay(
  tx: Tx<KnownCaller>,
  endpointId: string,
  { since, messageId }: Static<typeof ReplayRequest>,
): Promise<Endpoint> {
  const from = since === undefined ? changeOf(messageId ?? '') : { since }
  if (!from) throw new Refusal('malformed-request', 'messageId is not one that a message had')
  const place = await placeBefore(tx, from)
  if (!place) throw new Refusal('cursor-outdated', 'what the message told of may be forgotten')
  await requireOwn(updatePlace(tx, ownNamed(tx, endpointId), place))
  return changed(tx, endpointId, { replayed: since ?? messageId ?? '' })
}

/** Removes it. What is under way may still arrive. */
export async function removeEndpoint(tx: Tx<KnownCaller>, endpointId: string): Promise<void> {
  await requireOwn(deleteEndpoint(tx, ownNamed(tx, endpointId)))
  await append(tx, { action: 'webhook.removed', object: { kind: 'endpoint', id: endpointId } })
}

function ownNamed(tx: Tx<KnownCaller>, id: string): Named {
  return { id, clientId: tx.caller.clientId }
}

async function requireOwn(done: Promise<boolean>): Promise<void> {
  if (!(await done)) throw notYours()
}

const notYours = () => new Refusal('not-found', 'no endpoint of yours has this id')

/** Writes the entry of a change, and shows the endpoint as it is then. */
async function changed(
  tx: Tx<KnownCaller>,
  id: string,
  details: Record<string, string | number | boolean>,
): Promise<Endpoint> {
  await append(tx, { action: 'webhook.changed', object: { kind: 'endpoint', id }, details })
  return shown(tx, id)
}

async function shown(tx: Tx<KnownCaller>, id: string): Promise<Endpoint> {
  const [row] = await selectEndpoints(tx, tx.caller.clientId, id)
  return present(required(row, 'the transaction wrote it'))
}

async function shownWith(tx: Tx<KnownCaller>, id: string, secret: Uint8Array): Promise<Endpoint> {
  return { ...(await shown(tx, id)), secret: writeWebhookSecret(secret) }
}

function present({
  disabledAt,
  disabledFor,
  deliveredAt,
  failures,
  ...row
}: EndpointRow): Endpoint {
  return {
    ...row,
    ...(disabledAt !== null && { disabledAt }),
    ...(disabledFor !== null && { disabledFor }),
    ...(deliveredAt !== null && { deliveredAt }),
    failures: [...failures],
  }
}
