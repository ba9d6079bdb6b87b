/**
 * Goal: a request that was answered leaves nothing behind in the process.
 * Method: Fastify tells of each request as its handler starts. Its request, body and reply are held weakly, and
 * some of each kind must be gone after a collection. Memory itself would not tell in a short time: the heap
 * finds its size slowly (bench/intake/soak.ts).
 */
import { subscribe } from 'node:diagnostics_channel'
import { queryObjects } from 'node:v8'
import type { FastifyReply, FastifyRequest } from 'fastify'
import t from 'tap'
import { createReader } from '../../src/client/index.ts'
import { build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'

type Started = { readonly request: FastifyRequest; readonly reply: FastifyReply }

t.test('nothing is kept of a referral that was submitted, claimed and completed', async (t) => {
  const acts = 5
  const held: { readonly name: string; readonly what: WeakRef<object> }[] = []
  subscribe('tracing:fastify.request.handler:start', (message) => {
    const { request, reply } = message as Started
    const { method, routeOptions, body } = request
    for (const [part, what] of Object.entries({ request, reply, body })) {
      if (!what) continue
      held.push({ name: `${part} of ${method} ${routeOptions.url}`, what: new WeakRef(what) })
    }
  })
  const built = await build(t)
  const { world, url } = built
  const token = await world.token(world.clients.casework)
  const recipient = world.recipients.casework
  const reader = createReader({ url, trust: world.trust, token: () => token, recipient })
  for (let act = 0; act < acts; act += 1) {
    await refer(built)
    for (const claim of await reader.claim({ max: 1, leaseSeconds: 60 })) {
      const referrals = claim.referrals.map(({ referralId }) => referralId)
      await reader.complete(claim, { outcome: 'accepted', referrals })
    }
  }
  // Collects first what it then counts.
  queryObjects(Object, { format: 'count' })
  const names = [...new Set(held.map(({ name }) => name))]
  t.match(names.join(), /body of PUT .*body of POST .*claims.*body of POST .*completion/)
  for (const name of names) {
    const those = held.filter((each) => each.name === name)
    const kept = those.filter(({ what }) => what.deref()).length
    // A connection that stays open may keep its last one.
    t.ok(kept < those.length, `${name}: ${kept} of ${those.length} are kept`)
  }
})
