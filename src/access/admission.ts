/**
 * Which requests are begun next. Whoever floods the service keeps every turn of its loop busy with new requests,
 * while each step of one that was begun, an answer of the database for instance, waits for the next turn. So few
 * are begun in a turn, and of each sender in turn: a flood of bad tokens waits behind itself.
 */
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** So many are begun in one turn. Fewer would slow a service that nobody floods. */
const begunPerTurnMax = 2

type Begin = () => void

/** To be registered before anything that costs time. */
export const admission = fp(async (app) => {
  const waiting = new Map<string, Begin[]>()
  let begun = 0

  app.addHook('onRequest', async (request) => {
    if (begun === 0) setImmediate(nextTurn)
    begun += 1
    if (begun <= begunPerTurnMax) return
    await new Promise<void>((begin) => queueOf(senderOf(request)).push(begin))
  })

  function queueOf(sender: string): Begin[] {
    const queue = waiting.get(sender) ?? []
    waiting.set(sender, queue)
    return queue
  }

  function nextTurn(): void {
    begun = 0
    for (const [sender, queue] of waiting) {
      if (begun === begunPerTurnMax) break
      begun += 1
      queue.shift()?.()
      // To the end of the line, behind everybody else.
      waiting.delete(sender)
      if (queue.length > 0) waiting.set(sender, queue)
    }
    if (begun > 0) setImmediate(nextTurn)
  }
})

/** Nobody is known yet: as far as it matters here, one token is one sender, and so is one address. */
function senderOf({ headers, ip }: FastifyRequest): string {
  return headers.authorization ?? ip
}
