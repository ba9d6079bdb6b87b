import t from 'tap'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { compartmentNames } from '../../src/referral/compartment.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { dueMs } from '../helpers/due.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const asCasework = await callerOf(world, url, world.clients.casework)
const asClinic = await callerOf(world, url, world.clients.clinic)
t.afterEach(() => requireBalanced(sql))

const hourMs = 3_600_000
const kid = (who: 'casework' | 'clinic') => world.recipients[who].receiving.kid
type Claim = {
  claimId: string
  urgency: Urgency
  dueAt: string
  referrals: { referralId: string; receivedAt: string }[]
}

async function claim(max: number, who: 'casework' | 'clinic' = 'casework'): Promise<Claim[]> {
  const call = who === 'casework' ? asCasework : asClinic
  const body = { recipient: kid(who), max, leaseSeconds: 60 }
  return (await call('POST', '/v1/triage/claims', body)).body.claims
}

const idsOf = (claims: Claim[]) => claims.map(({ referrals }) => referrals[0]!.referralId)

t.test('the referrals of a case come in the order in which they arrived', async (t) => {
  const { referralId: first } = await refer(built)
  const { referralId: second } = await refer(built, undefined, { supersedes: first })
  await untilPaired(sql)
  // A row that is written anew, as by each answer, stands behind all others.
  await sql`update referral set state = state where id = ${first}`
  const [claimed] = await claim(1)
  t.same(
    claimed?.referrals.map(({ referralId }) => referralId),
    [first, second],
  )
  await sql`update triage_item set leased_until = now() + interval '1 day' where leased_until is not null`
})

t.test('the earliest deadline comes first, whatever came first', async (t) => {
  const ids: Record<string, string> = {}
  for (const urgency of ['standard', 'soon', 'urgent', 'immediate'] as Urgency[]) {
    ids[urgency] = (await refer(built, undefined, { urgency })).referralId
  }
  const overdue = (await refer(built, undefined, { respondBy: inDays(-30) })).referralId
  const claims = await claim(50)
  const { immediate, urgent, soon, standard } = ids
  // A day that is over counts as an immediate referral does, and comes after those that came before.
  t.same(idsOf(claims), [immediate!, overdue, urgent!, soon!, standard!])
  t.same(
    claims.map(({ urgency }) => urgency),
    ['immediate', 'standard', 'urgent', 'soon', 'standard'],
  )
  const counted: [string, Urgency][] = [
    [immediate!, 'immediate'],
    [overdue, 'immediate'],
    [urgent!, 'urgent'],
    [soon!, 'soon'],
    [standard!, 'standard'],
  ]
  for (const [id, urgency] of counted) {
    const { dueAt, referrals } = claims.find((found) => idsOf([found])[0] === id)!
    t.equal(Date.parse(dueAt), dueMs({ at: Date.parse(referrals[0]!.receivedAt), urgency }))
  }
})

function inDays(days: number): string {
  return new Date(Date.now() + days * 24 * hourMs).toISOString().slice(0, 10)
}

t.test('of equal deadlines the first to arrive comes first', async (t) => {
  const arrived: string[] = []
  for (let count = 0; count < 8; count += 1) {
    arrived.push((await refer(built, undefined, { respondBy: inDays(5) })).referralId)
  }
  const claims = await claim(50)
  t.equal(new Set(claims.map(({ dueAt }) => dueAt)).size, 1)
  t.same(idsOf(claims), arrived)
})

t.test('claims that are made at once never share an item, and leave none over', async (t) => {
  await claim(50)
  const referred = await Promise.all(
    Array.from({ length: 30 }, async () => (await refer(built)).referralId),
  )
  const rounds = await Promise.all(
    Array.from({ length: 40 }, (_, at) => claim(1 + (at % 3), at % 2 ? 'clinic' : 'casework')),
  )
  const claimed = idsOf(rounds.flat())
  t.equal(new Set(claimed).size, claimed.length, 'no item twice')
  const rest = idsOf(await claim(50))
  t.same([...claimed, ...rest].sort(), referred.sort(), 'no item lost')
  for (const round of rounds) {
    const due = round.map(({ dueAt }) => dueAt)
    t.same(due, [...due].sort(), 'each in order')
  }
})

t.test('a kid that no referral is wrapped to gets nothing', async (t) => {
  const { referralId } = await refer(built, undefined, { urgency: 'immediate' })
  await sql`update wrap set kid = 'elsewhere' where referral_id = ${referralId} and kid = ${kid('clinic')}`
  t.same(await claim(50, 'clinic'), [])
  t.same(idsOf(await claim(50)), [referralId], 'and does not stand in the way of one that has')
  await sql`update wrap set kid = ${kid('clinic')} where kid = 'elsewhere'`
})

t.test('a claim carries what its recipient may open, and says it is in triage', async (t) => {
  const { referralId } = await refer(built, undefined, { urgency: 'immediate' })
  const [claimed] = (await claim(1, 'clinic')) as unknown as {
    referrals: {
      compartments: object
      sealedHashes: object
      state: string
      wrap: { kid: string }
    }[]
  }[]
  const [released] = claimed!.referrals
  const held = ['clinical', 'consent', 'documents', 'interpreting', 'narrative']
  t.same(Object.keys(released!.compartments).sort(), held)
  t.same(Object.keys(released!.sealedHashes).sort(), [...compartmentNames].sort())
  t.match(released, { referralId, state: 'in_triage', wrap: { kid: kid('clinic') } })
})
