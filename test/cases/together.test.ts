/**
 * Goal: whatever referrers, recipients, caseworkers and two pairing replicas do to the same few cases
 * at the same time, nobody waits for somebody who waits for them, nothing fails, and every referral
 * without an answer can be claimed in the end.
 * Method: all of them at once for a few seconds, at random; then the books, the log, and a claim of all.
 */
import t from 'tap'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { type Envelope, headerHash } from '../../src/protocol/envelope/envelope.ts'
import { signMatchKeys } from '../../src/protocol/matching/matchvalues.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { matchingOf, relativeOf, stranger } from '../helpers/people.ts'
import { callerOf, refer, sealed } from '../helpers/referral.ts'
import { failuresIn, replicaOf } from '../helpers/replica.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const actSeconds = 6
const referralsMax = 60

const built = await build(t)
const second = await replicaOf(t, built)
const { world } = built
const sql = asSuperuser(t, built.databases)

const at = (replica: number) => [built.url, second.url][replica % 2]!
const caller = (clientId: string, replica: number) => callerOf(world, at(replica), clientId)
const { casework, clinic } = world.clients

/** Four people, two of them with a relative of the same reference. */
const known = [stranger(), stranger(), stranger(), stranger()]
const people = [...known, ...known.slice(0, 2).map(relativeOf)]
const envelopes: Envelope[] = []
const answered = new Map<string, number>()
const unexpected: string[] = []

const chance = (probability: number) => Math.random() < probability
const pick = <Value>(from: readonly Value[]): Value =>
  from[Math.floor(Math.random() * from.length)]!
const anyId = () => pick(envelopes).header.referralId

type Call = Awaited<ReturnType<typeof callerOf>>

/** Sends, and notes what no caller should be told. `told` are the refusals that it is prepared for. */
async function send(call: Call, told: readonly string[], ...request: Parameters<Call>) {
  const answer = await call(...request)
  const said = `${answer.status} ${answer.body.code ?? ''}`.trim()
  answered.set(said, (answered.get(said) ?? 0) + 1)
  if (answer.status >= 400 && !told.includes(answer.body.code)) {
    unexpected.push(`${request[0]} ${request[1]} ${said} ${JSON.stringify(answer.body)}`)
  }
  return answer
}

async function caseOf(referralId: string): Promise<string> {
  const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
  return row?.case_id
}

/** One more referral; once there are enough, the same bytes again. */
async function referring(call: Call) {
  const isNew = envelopes.length < referralsMax
  const envelope = isNew ? newEnvelope() : pick(envelopes)
  const path = `/v1/referrals/${envelope.header.referralId}`
  const answer = await send(call, [], 'PUT', path, envelope)
  if (answer.status === 201) envelopes.push(envelope)
}

function newEnvelope(): Envelope {
  const urgency = pick(['immediate', 'urgent', 'soon', 'standard'] as const)
  return sealed(world, {
    urgency,
    ...(chance(0.8) && { matching: matchingOf(pick(people)) }),
  })
}

async function checking(call: Call) {
  const { header } = pick(envelopes)
  const { epoch, values } = matchingOf(pick(people))
  const { signing } = world.recipients.casework
  const statement = { epoch, values: chance(0.1) ? [] : values }
  const signature = signMatchKeys(headerHash(canonicalBytes(header)), statement, signing)
  const path = `/v1/referrals/${header.referralId}/match-keys`
  await send(call, [], 'PUT', path, { ...statement, signature })
}

/** What a case is called may be another one by now, or none. */
const gone = ['case-changed', 'not-found']

async function judging(call: Call) {
  const { body } = await send(call, [], 'GET', '/v1/cases/reviews?limit=50')
  const questions = body.reviews.filter(({ otherId }: { otherId?: string }) => otherId)
  if (questions.length > 0) {
    const { caseId, otherId } = pick<{ caseId: string; otherId: string }>(questions)
    const path = `/v1/cases/${caseId}/possible-matches/${otherId}/decision`
    const decision = pick(['same', 'different', 'unsure'])
    await send(call, [...gone, 'case-full'], 'POST', path, { decision })
  }
  const [one, other] = [anyId(), anyId()]
  const caseId = await caseOf(one)
  if (chance(0.3)) {
    const merge = { otherId: await caseOf(other) }
    await send(call, [...gone, 'case-full'], 'POST', `/v1/cases/${caseId}/merge`, merge)
  } else if (chance(0.6)) {
    const split = { referrals: [one], decision: pick(['different', 'unsure']) }
    const told = [...gone, 'malformed-request']
    await send(call, told, 'POST', `/v1/cases/${caseId}/split`, split)
  } else {
    await send(call, ['not-found'], 'GET', `/v1/cases/${caseId}`)
    await send(call, gone, 'DELETE', `/v1/cases/${caseId}/flags`)
  }
}

type Claim = { claimId: string; fence: number; referrals: { referralId: string }[] }

async function working(call: Call, recipient: string) {
  const request = { recipient, max: 4, leaseSeconds: 60 }
  const { body } = await send(call, [], 'POST', '/v1/triage/claims', request)
  for (const { claimId, fence, referrals } of body.claims as Claim[]) {
    const path = `/v1/triage/claims/${claimId}`
    if (chance(0.4)) {
      await send(call, ['lease-lost'], 'POST', `${path}/renewal`, { fence, leaseSeconds: 60 })
    }
    if (chance(0.15)) {
      const some = referrals.filter(() => chance(0.7)).map(({ referralId }) => referralId)
      const completion = { fence, outcome: 'accepted', referrals: some }
      const told = ['lease-lost', 'case-changed']
      if (some.length > 0) await send(call, told, 'POST', `${path}/completion`, completion)
    }
    if (chance(0.9)) await send(call, ['lease-lost'], 'POST', `${path}/release`, { fence })
  }
}

t.test('all at once on the same cases: nothing fails, and nobody is off the queue', async (t) => {
  const referrer = await caller(world.referring.lawFirm.clientId, 0)
  while (envelopes.length < 12) await referring(referrer)
  const end = Date.now() + actSeconds * 1000
  const actor = async (act: () => Promise<void>) => {
    while (Date.now() < end) await act()
  }
  const kids = {
    casework: world.recipients.casework.receiving.kid,
    clinic: world.recipients.clinic.receiving.kid,
  }
  const calls = await Promise.all([0, 1].map((replica) => caller(casework, replica)))
  const clinics = await Promise.all([0, 1].map((replica) => caller(clinic, replica)))
  const other = await caller(world.referring.lawFirm.clientId, 1)
  await Promise.all([
    ...[referrer, other].map((call) => actor(() => referring(call))),
    ...calls.map((call) => actor(() => checking(call))),
    ...calls.map((call) => actor(() => judging(call))),
    ...clinics.map((call) => actor(() => judging(call))),
    ...calls.map((call) => actor(() => working(call, kids.casework))),
    ...clinics.map((call) => actor(() => working(call, kids.clinic))),
  ])
  await untilPaired(sql)
  t.comment(Object.fromEntries(answered))
  t.same(unexpected, [])
  const [database] = await sql`
    select deadlocks::int from pg_stat_database where datname = current_database()`
  t.equal(database?.deadlocks, 0)
  t.same([built, second].flatMap(failuresIn), [])
  const [postponed] = await sql`select count(*)::int as count from pairing`
  t.equal(postponed?.count, 0, 'no pairing failed')
  await requireBalanced(sql)

  await sql`
    update triage_item set leased_until = null, leased_by = null
    where completed_at is null and leased_until is not null`
  const claimable = new Set<string>()
  for (let found = 1; found > 0; ) {
    const request = { recipient: kids.casework, max: 50, leaseSeconds: 3600 }
    const { body } = await calls[0]!('POST', '/v1/triage/claims', request)
    found = body.claims.length
    for (const { referrals } of body.claims as Claim[]) {
      for (const { referralId } of referrals) claimable.add(referralId)
    }
  }
  const open = await sql`select id from referral where state in ('received', 'in_triage')`
  t.same(
    open.filter(({ id }) => !claimable.has(id)),
    [],
  )
  t.ok(open.length > 0)
})

t.test(
  'whoever waits too long for a turn is told to come again, and changed nothing',
  async (t) => {
    const [one, other] = [await caseOf(envelopes[0]!.header.referralId), await newCase()]
    const [{ name } = { name: '' }] = await sql`select current_database() as name`
    // The limit is the role's own, made short, so that nobody waits for it.
    await sql.unsafe(`alter role intake_service in database ${name} set lock_timeout = '100ms'`)
    const hasty = await replicaOf(t, built)
    const call = await callerOf(world, hasty.url, casework)
    const holder = await sql.reserve()
    await holder`select pg_advisory_lock(hashtext('referral-intake cases'))`
    const merge = await call('POST', `/v1/cases/${one}/merge`, { otherId: other })
    t.match(merge, { status: 503, body: { code: 'not-ready', stored: false, retry: 'later' } })
    await holder`select pg_advisory_unlock(hashtext('referral-intake cases'))`
    holder.release()
    const again = await call('POST', `/v1/cases/${one}/merge`, { otherId: other })
    t.equal(again.status, 200)
    await untilPaired(sql)
    await requireBalanced(sql)
  },
)

async function newCase(): Promise<string> {
  const { referralId } = await refer(built)
  await untilPaired(sql)
  return caseOf(referralId)
}
