/**
 * Goal: whoever waits for changes or for work hears of it whichever replica wrote it, and stands in nobody's way meanwhile.
 * Method: two replicas, of which one is closed at the end; a client may have one request at once.
 */
import t from 'tap'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { onHost } from '../helpers/publish.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { replicaOf } from '../helpers/replica.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const built = await build(t, { share: { requestsAtOnce: 1 } })
const { world, url, app } = built
const other = await replicaOf(t, built)
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

const here = await callerOf(world, url, world.clients.casework)
const there = await callerOf(world, other.url, world.clients.casework)
const authorization = `Bearer ${await world.token(world.clients.casework)}`

async function now(): Promise<string> {
  return (await here('GET', '/v1/triage/changes')).body.next
}
const { kid } = world.recipients.casework.receiving
const claimOf = (changes: object = {}) => ({
  ...{ recipient: kid, max: 1, leaseSeconds: 60, waitSeconds: 30 },
  ...changes,
})
const claims = '/v1/triage/claims'
const waiting = (since: string, seconds = 30) =>
  `/v1/triage/changes?since=${since}&waitSeconds=${seconds}`

async function entries(action = 'triage.watched'): Promise<number> {
  return (await sql`select from audit_entry where action = ${action}`).length
}

/** Asks until one that waits is no longer refused; a minute, and no longer. */
async function untilWaiting(since: string): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    if ((await here('GET', waiting(since, 1))).status === 200) return
  }
  throw new Error('none may wait')
}

t.test('one that waits hears of what another replica took in, and writes one entry', async (t) => {
  const since = await now()
  const before = await entries()
  const begun = performance.now()
  const answer = there('GET', waiting(since))
  await refer(built)
  const { status, body } = await answer
  t.equal(status, 200)
  t.match(body.changes, [{ type: 'opened' }])
  t.ok(performance.now() - begun < 15_000, 'long before its time is over')
  t.equal(await entries(), before + 1)
  const { body: empty } = await there('GET', waiting(body.next, 1))
  t.same(empty.changes, [], 'nothing came within the time')
  t.equal(await entries(), before + 2)
})

t.test(
  'those that wait take no place from others, are few, and end with their connection',
  async (t) => {
    const since = await now()
    const hangUp = new AbortController()
    const headers = { authorization, 'content-type': 'application/json' }
    const { signal } = hangUp
    const body = JSON.stringify(claimOf({ regions: ['kent'] }))
    const five = Array.from({ length: 5 }, (_, number) =>
      (number % 2 === 0
        ? fetch(url + waiting(since), { headers: { authorization }, signal })
        : fetch(url + claims, { method: 'POST', headers, body, signal })
      ).then(
        ({ status }) => status,
        ({ name }) => name,
      ),
    )
    t.equal(await Promise.race(five), 429, 'whichever is the fifth')
    t.equal((await here('GET', '/v1/triage/items?state=waiting')).status, 200, 'others are served')
    hangUp.abort()
    t.same((await Promise.all(five)).sort(), [429, ...Array(4).fill('AbortError')])
    await untilWaiting(since)
  },
)

t.test('a claim that waits gets what another replica took in, once, with one entry', async (t) => {
  await here('POST', claims, claimOf({ max: 50, leaseSeconds: 3600, waitSeconds: 0 }))
  const before = await entries('triage.claimed')
  const key = { 'idempotency-key': 'waits' }
  const begun = performance.now()
  const answer = there('POST', claims, claimOf(), key)
  // It looks before and after this, and nothing of its region comes.
  const other = here('POST', claims, claimOf({ regions: ['kent'], waitSeconds: 2 }))
  const { referralId } = await refer(built)
  const { status, body } = await answer
  t.match({ status, body }, { status: 200, body: { claims: [{ referrals: [{ referralId }] }] } })
  t.ok(performance.now() - begun < 15_000, 'long before its time is over')
  t.match(await other, { status: 200, body: { claims: [] } })
  const again = await here('POST', claims, claimOf({ waitSeconds: 20 }), key)
  t.match(again.body.claims, [{ claimId: body.claims[0].claimId, fence: body.claims[0].fence }])
  t.equal(
    await entries('triage.claimed'),
    before + 2,
    'one for each answer that handed out something',
  )
  t.ok(performance.now() - begun < 15_000, 'what it holds is handed out at once')
})

t.test('a lease that runs out while somebody waits is found', async (t) => {
  const [held] = await sql`
    update triage_item set leased_until = now() + interval '1 second'
    where id = (select id from triage_item order by arrived_at desc limit 1) returning id`
  const begun = performance.now()
  const { body } = await here('POST', claims, claimOf())
  t.match(body.claims, [{ claimId: held?.id, fence: 2 }])
  t.ok(performance.now() - begun < 15_000)
})

t.test('a client that is disabled while it waits gets nothing', async (t) => {
  const { clinic } = world.clients
  const call = await callerOf(world, url, clinic)
  const recipient = world.recipients.clinic.receiving.kid
  const answer = call('POST', claims, claimOf({ recipient, waitSeconds: 2 }))
  await call('POST', claims, claimOf({ recipient, waitSeconds: 0 }))
  await onHost(built, (host) => host.disableClient(clinic))
  t.match(await answer, { status: 403, body: { code: 'caller-disabled' } })
})

t.test('a service that ends answers those that wait', async (t) => {
  const since = await now()
  const before = await entries()
  const begun = performance.now()
  const answer = here('GET', waiting(since))
  const claim = here('POST', claims, claimOf({ regions: ['kent'] }))
  for (let n = 0; n < 3; n += 1) await here('GET', '/v1/triage/summary')
  await app.close()
  t.match(await answer, { status: 200, body: { changes: [] } })
  t.match(await claim, { status: 200, body: { claims: [] } })
  t.ok(performance.now() - begun < 15_000)
  t.equal(await entries(), before + 1)
})
