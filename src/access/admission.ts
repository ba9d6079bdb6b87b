/**
 * Which requests are begun next. Whoever floods the service keeps every turn of its loop busy with new requests,
 * while each step of one that was begun, an answer of the database for instance, waits for the next turn. So few
 * are begun in a turn, of each block of addresses in turn and in it of each token: a flood waits behind itself.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Refusal } from '../errors.ts'
import { blockOf } from './networks.ts'

/** So many are begun in one turn. Fewer would slow a service that nobody floods. */
const begunPerTurnMax = 2

const waitingMax = 5_000
/** Of one block. Whoever sends many requests on one connection fills its own part of the line and no other. */
const waitingOfBlockMax = 1_000

type Begin = () => void

/** Those of one block that wait, of each token, and how many they are. */
type Waiting = { readonly byToken: Map<string, Begin[]>; count: number }

/** Those that wait, of each block. */
type Line = Map<string, Waiting>

/** To be registered before anything that costs time. */
export const admission = fp(async (app) => {
  const line: Line = new Map()
  let begun = 0
  let waiting = 0

  app.addHook('onRequest', async (request, reply) => {
    if (begun === 0) setImmediate(nextTurn)
    begun += 1
    if (begun <= begunPerTurnMax) return
    const block = blockOf(request.ip)
    if (waiting >= waitingMax || (line.get(block)?.count ?? 0) >= waitingOfBlockMax) {
      throw new Refusal('not-ready', 'too many requests are waiting', { retryAfterSeconds: 1 })
    }
    waiting += 1
    await new Promise<void>((begin) => join(line, block, request, begin))
    waiting -= 1
    requireListening(reply)
  })

  function nextTurn(): void {
    begun = 0
    while (begun < begunPerTurnMax) {
      const begin = takeNext(line)
      if (!begin) break
      begun += 1
      begin()
    }
    if (begun > 0) setImmediate(nextTurn)
  }
})

/** @throws Refusal `request-incomplete` once the client has hung up, which nothing tells of afterwards */
export function requireListening({ raw }: FastifyReply): void {
  if (raw.destroyed) throw new Refusal('request-incomplete', 'the client hung up')
}

/** A token is not believed yet: a new one each time is still of the same block. */
function join(line: Line, block: string, { headers }: FastifyRequest, begin: Begin): void {
  const token = headers.authorization ?? ''
  const waiting = line.get(block) ?? { byToken: new Map<string, Begin[]>(), count: 0 }
  const queue = waiting.byToken.get(token) ?? []
  queue.push(begin)
  waiting.byToken.set(token, queue)
  waiting.count += 1
  line.set(block, waiting)
}

/** The next in line. Its block, and its token there, go to the end, behind everybody else. */
function takeNext(line: Line): Begin | undefined {
  for (const [block, waiting] of line) {
    line.delete(block)
    const { byToken } = waiting
    for (const [token, queue] of byToken) {
      byToken.delete(token)
      const begin = queue.shift()
      waiting.count -= 1
      if (queue.length > 0) byToken.set(token, queue)
      if (waiting.count > 0) line.set(block, waiting)
      return begin
    }
  }
  return undefined
}
