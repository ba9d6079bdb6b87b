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

/** More than the connections that a flood has: whoever sends several requests on one does not wait for answers. */
const waitingMax = 5_000

type Begin = () => void

/** Those that wait, first of each block, and in it of each token. */
type Line = Map<string, Map<string, Begin[]>>

/** To be registered before anything that costs time. */
export const admission = fp(async (app) => {
  const line: Line = new Map()
  let begun = 0
  let waiting = 0

  app.addHook('onRequest', async (request, reply) => {
    if (begun === 0) setImmediate(nextTurn)
    begun += 1
    if (begun <= begunPerTurnMax) return
    if (waiting >= waitingMax) {
      throw new Refusal('not-ready', 'too many requests are waiting', { retryAfterSeconds: 1 })
    }
    waiting += 1
    await new Promise<void>((begin) => join(line, request, begin))
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
function join(line: Line, { ip, headers }: FastifyRequest, begin: Begin): void {
  const block = blockOf(ip)
  const token = headers.authorization ?? ''
  const tokens = line.get(block) ?? new Map<string, Begin[]>()
  const queue = tokens.get(token) ?? []
  queue.push(begin)
  line.set(block, tokens.set(token, queue))
}

/** The next in line. Its block, and its token there, go to the end, behind everybody else. */
function takeNext(line: Line): Begin | undefined {
  for (const [block, tokens] of line) {
    line.delete(block)
    for (const [token, queue] of tokens) {
      tokens.delete(token)
      const begin = queue.shift()
      if (queue.length > 0) tokens.set(token, queue)
      if (tokens.size > 0) line.set(block, tokens)
      return begin
    }
  }
  return undefined
}
