/**
 * What one client may have of a replica, so that one that floods it does not stand in the way of the others:
 * a few requests worked on at once, some more that wait, and a number a minute. Each replica counts by itself.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Refusal, required } from '../errors.ts'
import { requireListening } from './admission.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Its body counts for one request, however long it is: its bytes are counted elsewhere, before they are read. */
    countsOnce?: boolean
  }
  interface FastifyRequest {
    /** Its place goes to the next of its client: from now on it waits for others, and works no more than to look. */
    leaveShare(): void
  }
}

export type ShareOptions = {
  /** How many requests of one client are worked on at once; more wait, in the order in which they came. */
  readonly requestsAtOnce: number
  /** How many requests one client may send in a minute; a body counts again for each 64 KiB, but for `countsOnce`. */
  readonly requestsPerMinute: number
  /** How long a request waits for those before it. Where the database hangs, nobody waits behind others for it. */
  readonly waitMsMax: number
}

/** Who has more than this waiting does not wait for its answers, and what it sends costs memory. */
const waitingMax = 100

/** A sealed referral is about half of this. */
const bytesPerRequest = 65_536

type Share = {
  working: number
  /** Each takes the place of one that is done. */
  readonly waiting: (() => void)[]
  minute: number
  /** In that minute. */
  sent: number
}

/** A request in its share: given back when its handler is done, or when it never gets that far. */
type Held = { begun: boolean; readonly giveBack: () => void }

/** Holds each known caller to its share, before its body is read. To be registered after `access`. */
export const shares = fp<ShareOptions>(async (app, options) => {
  const byClient = new Map<string, Share>()
  const held = new WeakMap<FastifyRequest, Held>()

  app.addHook('onRequest', async (request, reply) => {
    if (!('clientId' in request.caller)) return
    const share = shareOf(byClient, request.caller.clientId)
    charge(share, request, options.requestsPerMinute)
    // It may have hung up while it was found out who it is: nobody would give its place back.
    requireListening(reply)
    if (share.working < options.requestsAtOnce) share.working += 1
    else await placeOf(share, reply, options.waitMsMax)
    const mine = { begun: false, giveBack: onlyOnce(() => giveBack(share)) }
    held.set(request, mine)
    reply.raw.once('close', () => mine.begun || mine.giveBack())
  })

  app.decorateRequest('leaveShare', function () {
    held.get(this)?.giveBack()
  })

  // Whoever hangs up does not end the work that was begun, and may not begin more beside it.
  app.addHook('onRoute', (route) => {
    const { handler } = route
    route.handler = async function (request, reply) {
      const mine = held.get(request)
      if (mine) mine.begun = true
      try {
        return await handler.call(this, request, reply)
      } finally {
        mine?.giveBack()
      }
    }
  })
})

function onlyOnce(act: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) act()
    isDone = true
  }
}

function shareOf(byClient: Map<string, Share>, clientId: string): Share {
  const known = byClient.get(clientId)
  if (known) return known
  const share: Share = { working: 0, waiting: [], minute: 0, sent: 0 }
  byClient.set(clientId, share)
  return share
}

/** Counts a request. @throws Refusal `too-many-requests` */
function charge(share: Share, request: FastifyRequest, requestsPerMinute: number): void {
  const now = Date.now()
  const minute = Math.floor(now / 60_000)
  if (share.minute !== minute) Object.assign(share, { minute, sent: 0 })
  share.sent += Math.max(1, Math.ceil(bytesOf(request) / bytesPerRequest))
  if (share.sent <= requestsPerMinute) return
  const detail = `this client may send ${requestsPerMinute} requests a minute`
  const retryAfterSeconds = Math.ceil(((minute + 1) * 60_000 - now) / 1000)
  throw new Refusal('too-many-requests', detail, { retryAfterSeconds })
}

/** How long a body is; one that does not say so in advance (chunked) counts as the longest that the route takes. */
function bytesOf({ headers, routeOptions }: FastifyRequest): number {
  if (routeOptions.config.countsOnce) return 0
  if (headers['transfer-encoding'] !== undefined)
    return required(routeOptions.bodyLimit, 'a route has a limit')
  return Number(headers['content-length'] ?? 0)
}

/**
 * Waits until a request of the same client is done, whose place it takes.
 *
 * @throws Refusal `too-many-requests` if too many wait already, `not-ready` if it takes too long,
 *   `request-incomplete` if it hangs up
 */
function placeOf({ waiting }: Share, { raw }: FastifyReply, msMax: number): Promise<void> {
  if (waiting.length >= waitingMax) {
    const detail = `${waitingMax} requests of this client are waiting already`
    throw new Refusal('too-many-requests', detail, { retryAfterSeconds: 1 })
  }
  return new Promise((resolve, reject) => {
    const leave = () => {
      raw.off('close', hungUp)
      clearTimeout(timer)
    }
    const giveUp = (refusal: Refusal) => {
      leave()
      waiting.splice(waiting.indexOf(take), 1)
      reject(refusal)
    }
    const hungUp = () => giveUp(new Refusal('request-incomplete', 'the client hung up'))
    const take = () => {
      leave()
      resolve()
    }
    raw.once('close', hungUp)
    const timer = setTimeout(() => {
      const detail = `the requests of this client before it took longer than ${msMax} ms`
      giveUp(new Refusal('not-ready', detail, { retryAfterSeconds: 1 }))
    }, msMax)
    waiting.push(take)
  })
}

function giveBack(share: Share): void {
  const next = share.waiting.shift()
  if (next) next()
  else share.working -= 1
}
