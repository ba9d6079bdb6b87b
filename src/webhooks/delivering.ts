/**
 * The step that tells endpoints what became of items: each at least once, in the order of the changes.
 *
 * A delivery is a lease, requests, and a settlement. The lease is a transaction that reads some messages, the requests
 * go out without one, and the settlement moves the endpoint's place behind what was taken, if the fence still stands.
 * One message at a time: the next waits until this one was taken, or the endpoint is disabled. Whoever dies after the
 * lease leaves the endpoint to the next when that has ended, who sends the same messages under the same ids.
 *
 * The entry of the access log is one a day and endpoint, written before the day's first message and whether or not there
 * is one. One a message would tell whoever watches the size of the public log that two cases were merged.
 */
import { append, appendAll } from '../audit/service.ts'
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { Step } from '../database/lock.ts'
import { newId } from '../protocol/uuid.ts'
import {
  changeMessage,
  gapMessage,
  openWebhookSecret,
  type WebhookMessage,
  webhookHeaders,
} from '../protocol/webhook.ts'
import { changesEnd, follow } from '../triage/service.ts'
import type { Answer, DisabledFor, EndpointPlace, Failure, Send } from './message.ts'
import { delaySeconds, readRetryAfter } from './schedule.ts'
import {
  type Leased,
  leaseDue,
  markDays,
  type Settled,
  settle,
  updateGap,
} from './store/delivery.ts'

/** Endpoints that one replica delivers to at once. */
const deliveriesMax = 8
/** Of those, for one client: its slow receivers delay its own. */
const clientDeliveriesMax = 2
/** Messages of one lease: as many are sent again where a replica dies. */
const messagesMax = 50
/** After this no further message of a lease is begun; with the longest request it ends well within it. */
const deliveryMsMax = 20_000
const leaseSeconds = 60
/** Entries that one transaction writes. */
const daysMax = 100

export type DeliveringOptions = {
  /** Under which secrets are sealed. */
  readonly key: Uint8Array
  readonly send: Send
  /** Told of messages that were taken, and of one that failed. */
  readonly onSettled: (sent: number, failure: Failure | undefined) => void
  /** Told of an endpoint that was disabled. */
  readonly onDisabled: (reason: DisabledFor) => void
  /** Told of a delivery that came to no end: its lease will. */
  readonly onError: (error: unknown) => void
}

type Delivering = Step & Required<Pick<Step, 'stop'>>

type Delivery = Leased & { readonly messages: readonly Placed[] }
/** A message, and where the endpoint stands once it was taken. */
type Placed = WebhookMessage & { readonly place: EndpointPlace }

/**
 * The step; each replica has one, and they share the endpoints.
 *
 * @param msMax - another is for tests
 */
export function createDelivering(
  database: Database,
  options: DeliveringOptions,
  msMax = deliveryMsMax,
): Delivering {
  const system: Caller = { kind: 'system', request: newId() }
  const underWay = new Map<string, { clientId: string; ended: Promise<void> }>()
  const ending = new AbortController()

  async function deliver(delivery: Delivery): Promise<void> {
    const settled = await sendAll(delivery, { ...options, msMax }, ending.signal)
    const isOurs = await database.inTransaction(system, (tx) => settleWith(tx, delivery, settled))
    if (!isOurs) return
    options.onSettled(settled.sent, settled.failed?.failure)
    const reason = settled.failed?.disabledFor
    if (reason) options.onDisabled(reason)
  }

  return {
    name: 'delivering to webhooks',
    async run() {
      const max = deliveriesMax - underWay.size
      if (max === 0 || ending.signal.aborted) return false
      const lease = {
        ...{ max, clientMax: clientDeliveriesMax, seconds: leaseSeconds },
        underWay: {
          endpointIds: [...underWay.keys()],
          clientIds: Array.from(underWay.values(), ({ clientId }) => clientId),
        },
      }
      const deliveries = await database.inTransaction(system, async (tx) => {
        await beginDays(tx)
        const leased = await leaseDue(tx, await changesEnd(tx), lease)
        const read: Delivery[] = []
        for (const endpoint of leased) read.push(await withMessages(tx, endpoint))
        return read
      })
      for (const delivery of deliveries) {
        const ended = deliver(delivery).catch(options.onError)
        underWay.set(delivery.id, {
          clientId: delivery.clientId,
          ended: ended.then(() => void underWay.delete(delivery.id)),
        })
      }
      return false
    },
    async stop() {
      ending.abort()
      await Promise.all(Array.from(underWay.values(), ({ ended }) => ended))
    },
  }
}

/** The entry of each endpoint for which a day has begun. */
async function beginDays(tx: Tx): Promise<void> {
  const begun = await markDays(tx, daysMax)
  if (begun.length === 0) return
  await appendAll(
    tx,
    begun.map(({ id, sent }) => ({
      ...({ action: 'webhook.sent', object: { kind: 'endpoint', id } } as const),
      details: { sent },
    })),
  )
}

/** Reads what there is behind its place; or, where some of that may be gone, what says so. */
async function withMessages(tx: Tx, leased: Leased): Promise<Delivery> {
  const followed = await follow(tx, leased.place, messagesMax)
  const place = followed.isOutdated ? followed.next : leased.place
  const gapAt = followed.isOutdated ? await updateGap(tx, leased.id, place) : leased.gapAt
  const changes = followed.isOutdated ? [] : followed.changes
  const { epoch } = place
  const gap = gapAt === null ? [] : [{ ...gapMessage(epoch, place.position, gapAt), place }]
  const told = changes.map((change) => {
    const { position, id: number } = change
    return { ...changeMessage(epoch, change), place: { epoch, position, number } }
  })
  return { ...leased, place, gapAt, messages: [...gap, ...told] }
}

/** Sends one after the other until one fails. */
async function sendAll(
  { id, clientId, url, messages, place, gapAt, tries, ...leased }: Delivery,
  { key, send, msMax }: Pick<DeliveringOptions, 'key' | 'send'> & { readonly msMax: number },
  signal: AbortSignal,
): Promise<Settled> {
  const owner = { endpointId: id, clientId, url }
  const secrets = leased.secrets.flatMap((sealed) => openWebhookSecret(key, owner, sealed) ?? [])
  let [sent, at] = [0, place]
  const settled = () => ({ sent, place: at, gapTold: gapAt !== null && sent > 0 })
  const until = performance.now() + msMax
  for (const message of messages) {
    if (secrets.length === 0) return { ...settled(), failed: unopened(message, tries + 1) }
    if (signal.aborted || performance.now() > until) break
    const headers = webhookHeaders(message, secrets, Math.floor(Date.now() / 1000))
    const answer = await send(url, headers, message.body, signal)
    // What was cut because the service ends failed by no fault of the receiver.
    if (!isTaken(answer) && signal.aborted) break
    if (!isTaken(answer)) {
      return { ...settled(), failed: failed(message, answer, sent > 0 ? 1 : tries + 1) }
    }
    sent += 1
    at = message.place
  }
  return settled()
}

type Failed = NonNullable<Settled['failed']>

function isTaken(answer: Answer): boolean {
  return 'status' in answer && answer.status >= 200 && answer.status < 300
}

function failed({ id: messageId }: Placed, answer: Answer, tries: number): Failed {
  const at = new Date()
  const [status, asked] = 'status' in answer ? [answer.status, answer.retryAfter] : []
  const delay = delaySeconds(tries, readRetryAfter(asked, at.getTime()), Math.random())
  const disabledFor = status === 410 ? 'gone' : delay === undefined ? 'failed' : undefined
  const failure = {
    at: at.toISOString(),
    messageId,
    tries,
    ...('fault' in answer ? answer : { status: answer.status }),
  }
  return { failure, tries, delaySeconds: delay, disabledFor }
}

/** Another key seals secrets now. */
function unopened({ id: messageId }: Placed, tries: number): Failed {
  const failure = { at: new Date().toISOString(), messageId, tries }
  return { failure, tries, delaySeconds: undefined, disabledFor: 'secret' }
}

async function settleWith(tx: Tx, delivery: Delivery, settled: Settled): Promise<boolean> {
  if (!(await settle(tx, delivery, settled))) return false
  const reason = settled.failed?.disabledFor
  if (reason !== undefined) {
    const object = { kind: 'endpoint', id: delivery.id } as const
    await append(tx, { action: 'webhook.disabled', object, details: { reason } })
  }
  return true
}
