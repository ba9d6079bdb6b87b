/**
 * Goal: whatever dies while referrals are paired leaves all of it or nothing, and whoever comes next
 * does the rest: nothing lost, nothing doubled.
 * Method: the pairing step over a connection that is cut at each of its statements (cutting.ts); and
 * a service that is killed between the answer to a referrer and the pairing.
 */
import t from 'tap'
import { requireBalanced } from '../helpers/books.ts'
import { matchingOf, relativeOf, stranger } from '../helpers/people.ts'
import { deployment, listening } from '../helpers/process.ts'
import { callerOf, sealed } from '../helpers/referral.ts'
import { type Services, stage } from '../helpers/stage.ts'
import { untilPaired } from '../helpers/superuser.ts'
import { eyesOn, type Scenario, tryCut } from './cutting.ts'

const staged = await stage(t)
const { sql, refer, check, pair } = staged
const { queueOf, judgementsOf, isOneCase, claimOf, merged } = eyesOn(staged)

const runPairing = async ({ pairing }: Services) => void (await pairing.run())

const scenarios: Scenario[] = [
  {
    name: 'a referral is merged into a case by its keys',
    async prepare() {
      const person = stranger()
      const first = await refer(matchingOf(person))
      await pair()
      return [first, await refer(matchingOf(person))]
    },
    act: runPairing,
    repeated: false,
    expect: (t, referred) => isOneCase(t, referred, 'keys'),
  },
  {
    name: 'a person is asked about two cases',
    async prepare() {
      const person = stranger()
      const first = await refer(matchingOf(person))
      await pair()
      return [first, await refer(matchingOf(relativeOf(person)))]
    },
    act: runPairing,
    repeated: false,
    async expect(t, referred) {
      t.same(await queueOf(...referred), [[0], [1]])
      t.same(await judgementsOf(...referred), { current: ['possible by keys'], written: 1 })
    },
  },
  {
    name: 'an amendment is merged into a case that somebody holds, and is held itself',
    async prepare() {
      const first = await refer()
      await pair()
      await claimOf(first)
      const second = await refer(undefined, { supersedes: first.referralId })
      await claimOf(second)
      return [first, second]
    },
    act: runPairing,
    repeated: false,
    async expect(t, referred) {
      await isOneCase(t, referred, 'amendment')
      const rows = await sql`
        select fence::int as fence, leased_until is not null as held, merged_into is null as head
        from triage_item where referral_id = any (${referred.map((it) => it.referralId)}::uuid[])
        order by arrived_at`
      const [first, second] = rows
      t.match(first, { held: true, head: true })
      t.match(second, { held: false, head: false })
      // A claim each, and the merge; releases on the way while the other was claimed.
      t.equal(first?.fence % 2, 1)
      t.equal(second?.fence % 2, 0)
    },
  },
  {
    name: 'other keys take a referral out of one case and into another',
    async prepare() {
      const [first, second] = await merged()
      const person = stranger()
      const third = await refer(matchingOf(person))
      await pair()
      await check(second, matchingOf(person))
      return [first, second, third]
    },
    act: runPairing,
    repeated: false,
    async expect(t, referred) {
      t.same(await queueOf(...referred), [[0], [1, 2]])
      t.same(await judgementsOf(...referred), { current: ['same by keys'], written: 2 })
    },
  },
]

scenarios.push({
  name: 'strangers are paired together',
  prepare: async () => [await refer(), await refer(matchingOf(stranger())), await refer()],
  act: runPairing,
  repeated: false,
  async expect(t, referred) {
    t.same(await queueOf(...referred), [[0], [1], [2]])
    const entries = await sql`
      select from audit_entry
      where action = 'referral.paired'
        and object_id = any (${referred.map((it) => it.referralId)}::text[])`
    t.equal(entries.length, referred.length, 'an entry each')
  },
})

await tryCut(staged, scenarios)

t.test('killed between the answer and the pairing, a service loses nobody', async (t) => {
  const { world, variables, sql } = await deployment(t)
  // Whoever pairs is kept from it: that is where the first process dies.
  const holder = await sql.reserve()
  await holder`select pg_advisory_lock(hashtext('referral-intake cases'))`
  const first = await listening(t, variables)
  const call = await callerOf(world, first.url, world.referring.lawFirm.clientId)
  const people = Array.from({ length: 4 }, stranger)
  const acknowledged: string[] = []
  for (const person of [...people, ...people, ...people]) {
    const envelope = sealed(world, { matching: matchingOf(person) })
    const { referralId } = envelope.header
    t.equal((await call('PUT', `/v1/referrals/${referralId}`, envelope)).status, 201)
    acknowledged.push(referralId)
  }
  first.child.kill('SIGKILL')
  t.equal(await first.ended, 'SIGKILL')
  await requireBalanced(sql)
  const second = await listening(t, variables)
  const worker = await callerOf(world, second.url, world.clients.casework)
  const listed = async (): Promise<string[][]> => {
    const { body } = await worker('GET', '/v1/triage/items?state=waiting&limit=200')
    return body.items.map(({ referralIds }: { referralIds: string[] }) => referralIds)
  }
  t.same((await listed()).flat().sort(), acknowledged.toSorted(), 'each is claimable at once')
  const recipient = world.recipients.casework.receiving.kid
  const { body } = await worker('POST', '/v1/triage/claims', {
    ...{ recipient, max: 1, leaseSeconds: 60 },
  })
  t.equal(body.claims[0].referrals[0].referralId, acknowledged[0])
  await holder`select pg_advisory_unlock(hashtext('referral-intake cases'))`
  holder.release()
  await untilPaired(sql)
  const grouped = await sql`
    select array_agg(referral_id order by referral_id) as ids from referral_case group by case_id`
  t.same(
    grouped.map(({ ids }) => ids.length),
    [3, 3, 3, 3],
    'and the next one pairs them',
  )
  t.equal((await listed()).length, 3, 'as one item each, of which one is held')
  await requireBalanced(sql)
})
