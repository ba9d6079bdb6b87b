/** Goal: a body with more structure than any of ours is refused before anything looks at what it says. */
import t from 'tap'
import { requireModestStructure } from '../../src/http/body.ts'
import { build } from '../helpers/build.ts'
import { callerOf } from '../helpers/referral.ts'
import { codeOf } from '../protocol/world.ts'

const faultOf = (body: unknown) => codeOf(() => requireModestStructure(body))
const members = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [at, at]))

t.test('lists, objects and nesting have a most each', (t) => {
  const nested = (levels: number, wrap: (inner: unknown) => unknown) => {
    let body: unknown = 1
    for (let level = 0; level < levels; level += 1) body = wrap(body)
    return body
  }
  for (const wrap of [(inner: unknown) => [inner], (inner: unknown) => ({ a: 1, inner })]) {
    t.equal(faultOf(nested(8, wrap)), undefined)
    t.equal(faultOf(nested(9, wrap)), 'malformed-request')
    t.equal(faultOf(nested(100_000, (inner) => [inner])), 'malformed-request')
  }
  for (const within of [(body: unknown) => body, (body: unknown) => [0, { body }]]) {
    t.equal(faultOf(within(Array(64).fill({}))), undefined)
    t.equal(faultOf(within(Array(65).fill({}))), 'malformed-request')
    t.equal(faultOf(within(members(64))), undefined)
    t.equal(faultOf(within(members(65))), 'malformed-request')
  }
  for (const plain of [undefined, null, 'x'.repeat(100_000), 7, [null, 'y'.repeat(100)]]) {
    t.equal(faultOf(plain), undefined)
  }
  t.end()
})

t.test('at every route', async (t) => {
  const { world, url } = await build(t)
  const call = await callerOf(world, url, world.clients.casework)
  const claims = { recipient: world.recipients.casework.receiving.kid, max: 1, leaseSeconds: 60 }
  const answer = await call('POST', '/v1/triage/claims', { ...claims, ...members(65) })
  const detail = /over 64 members/
  t.match(answer, { status: 400, body: { code: 'malformed-request', detail } })
})
