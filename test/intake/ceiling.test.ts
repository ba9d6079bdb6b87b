/**
 * Goal: a flood fills neither the disk nor the door: whoever sent most waits first, and what is opened makes room.
 * Method: addresses are told by a proxy. The secret of the day is known, so that no two of them share a mark.
 */
import t from 'tap'
import { createPublicReferrer, createReader, newReceipt } from '../../src/client/index.ts'
import { hasRoom } from '../../src/intake/ceiling.ts'
import { createMetrics } from '../../src/metrics.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { noteOn } from '../helpers/note.ts'
import { receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const unopenedMax = 8
const metrics = createMetrics()
const built = await build(t, {
  ...{ unopenedMax, metrics, telephone: '020 7946 0000' },
  ...{ trustedProxies: ['127.0.0.1'], sharedNetworks: ['198.51.100.0/24'] },
})
const { url, world } = built
const sql = asSuperuser(t, built.databases)
await sql`
  insert into daily_secret
  select current_date + day, decode(repeat('07', 32), 'hex') from generate_series(-1, 1) day`
const asCasework = await callerOf(world, url, world.clients.casework)
const reader = createReader({
  ...{ url, trust: world.trust, recipient: world.recipients.casework },
  token: () => world.token(world.clients.casework),
})
t.afterEach(() => requireBalanced(sql))

const [flood, second, third, fourth] = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']
const centre = '198.51.100.9'

const sealedAnew = () => sealedByReceipt(world, receiptKeysOfNobody())
const send = (address: string | undefined, envelope = sealedAnew()) =>
  sendPublicly(url, envelope, address === undefined ? {} : { 'x-forwarded-for': address })

/** The statuses of so many, one after the other. */
async function statuses(address: string, count: number): Promise<number[]> {
  const found: number[] = []
  for (let index = 0; index < count; index += 1) found.push((await send(address)).status)
  return found
}

const alarms = () => built.log().match(/half of the room/g)?.length ?? 0
const shown = async (name = 'intake_unopened_public_referrals') =>
  (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value

/** Of who sends most, one that was taken. */
const first = sealedAnew()

t.test('below the ceiling everything is taken, and half of it is told once', async (t) => {
  const { status, body } = await send(flood, first)
  t.equal(status, 201)
  t.same(await statuses(flood, 2), [201, 201])
  t.equal(alarms(), 0)
  t.same(await statuses(flood, 5), Array(5).fill(201))
  t.equal(alarms(), 1)
  t.match(built.log(), `"unopened":4,"unopenedMax":${unopenedMax}`)
  t.equal(await shown(), 8)
  t.equal(await shown('intake_unopened_public_referrals_max'), unopenedMax)

  const refused = await send(flood)
  t.equal(refused.status, 503, 'and the next is not')
  t.match(refused.body, { code: 'too-many-unopened', retry: 'later', stored: false })
  t.match(refused.body.detail, /by telephone: 020 7946 0000$/)
  t.equal(refused.headers.get('retry-after'), '600')
  const again = await send(flood, first)
  t.same([again.status, again.body], [200, body], 'what was stored is acknowledged all the same')
  t.equal(await shown(), 8, 'and nothing was added')
})

t.test('past it each block has its share, up to twice the ceiling', async (t) => {
  t.same(await statuses(second, 5), [201, 201, 201, 201, 503], 'half of it, for there are two')
  t.same(await statuses(third, 3), [201, 201, 503], 'of three a third, and what is broken off')
  t.equal(await shown(), 14)
  t.same(await statuses(centre, 2), [201, 201], 'who shares an exit counts as nobody')
  for (const address of [fourth, centre, flood]) t.equal((await send(address)).status, 503)
  t.equal(await shown(), 2 * unopenedMax)
  t.equal((await refer(built)).acknowledgement.referralId.length, 36, 'partners refer as ever')
})

t.test('whoever refers by the SDK is told so, and not kept trying', async (t) => {
  const referrer = createPublicReferrer({ url, trust: world.trust })
  const draft = { channel: 'detained_person_web', region: 'unknown', referral: {} } as const
  const envelope = await referrer.seal(draft, await newReceipt())
  const asked = () => (built.log().match(/\/v1\/public\/referrals\/:referralId/g) ?? []).length
  const before = asked()
  const refused = await referrer.submit(envelope).catch((error: unknown) => error)
  t.match(refused, { problem: { code: 'too-many-unopened', status: 503, retry: 'later' } })
  t.equal(asked(), before + 1)
})

t.test(
  'of where each comes from two bytes of a hash are kept, and nothing of an exit',
  async (t) => {
    const blocks = await sql<{ length: number; count: number }[]>`
    select coalesce(octet_length(block), 0)::int as length, count(*)::int from unopened
    group by block order by length, count`
    t.same(
      [...blocks],
      [{ length: 0, count: 2 }, ...[2, 4, 8].map((count) => ({ length: 2, count }))],
    )
    for (const address of [flood, second, third]) t.notMatch(built.log(), address)
  },
)

t.test('what is opened makes room, by a claim or without one', async (t) => {
  await reader.fetch(first.header.referralId)
  t.equal(await shown(), 2 * unopenedMax - 1)
  t.same(await statuses(fourth, 2), [201, 503], 'for one')
  const claims = await reader.claim({ max: 5, leaseSeconds: 600, unverified: true })
  const taken = claims.flatMap(({ referrals }) => referrals)
  const rows = await sql`
    select from unopened where referral_id = any (${taken.map(({ referralId }) => referralId)})`
  t.equal(rows.length, 0)
  t.equal((await send(fourth)).status, 201)
})

t.test('what is answered makes room, though nobody was handed it', async (t) => {
  await untilPaired(sql)
  const ofPartner = await refer(built)
  const [claim] = await reader
    .claim({ max: 50, leaseSeconds: 600, unverified: false })
    .then((claims) =>
      claims.filter(({ referrals }) => referrals[0]?.referralId === ofPartner.referralId),
    )
  const [late] = await sql`select referral_id as id from unopened order by referral_id limit 1`
  await untilPaired(sql)
  const [mine, theirs] = await Promise.all(
    [ofPartner.referralId, late?.id].map(
      async (id) => (await sql`select case_id from referral_case where referral_id = ${id}`)[0],
    ),
  )
  const merge = { otherId: theirs?.case_id, note: noteOn(world, ofPartner) }
  const merged = await asCasework('POST', `/v1/cases/${mine?.case_id}/merge`, merge)
  t.equal(merged.status, 200)
  const before = await shown()
  const path = `/v1/triage/claims/${claim?.claimId}/completion`
  const referrals = [ofPartner.referralId, late?.id]
  const completed = await asCasework('POST', path, {
    ...{ fence: claim?.fence, outcome: 'accepted', referrals },
  })
  t.equal(completed.status, 200)
  t.equal(await shown(), (before ?? 0) - 1)
})

t.test('half is told again after most of it was opened', async (t) => {
  t.equal(alarms(), 1)
  while ((await reader.claim({ max: 50, leaseSeconds: 600, unverified: true })).length > 0);
  t.equal(await shown(), 0)
  t.same(await statuses(flood, 6), Array(6).fill(201))
  t.equal(alarms(), 2)
})

t.test('what cannot be counted is not a number, and the other counts are shown', async (t) => {
  const apart = createMetrics()
  t.match(await apart.registry.metrics(), /^intake_unopened_public_referrals Nan$/m)
  apart.watchUnopened(() => Promise.reject(new Error('the database is away')), 1)
  t.match(await apart.registry.metrics(), /^intake_unopened_public_referrals Nan$/m)
})

t.test('a share is the ceiling divided among the blocks that have some, and at least one', (t) => {
  const rows: [total: number, own: number, blocks: number, isRoom: boolean][] = [
    [0, 0, 0, true],
    [9, 9, 1, true],
    [10, 10, 1, false],
    [10, 0, 1, true],
    [10, 4, 2, true],
    [10, 5, 2, false],
    [15, 0, 15, true],
    [15, 1, 15, false],
    [19, 0, 0, true],
    [20, 0, 1, false],
  ]
  for (const [total, own, blocks, isRoom] of rows) {
    t.equal(hasRoom({ total, own, blocks }, 10), isRoom, `${total} ${own} ${blocks}`)
  }
  t.end()
})
