/**
 * Goal: a merge that is taken back leaves the queue as it was: who waits where, until when, who holds
 * what, what had lapsed and what had gone to people. Only fences have risen.
 * Method: random cases in random states; two of them are merged and taken apart again, and the queue
 * before and after is compared.
 */
import fc from 'fast-check'
import t from 'tap'
import { requireBalanced } from '../helpers/books.ts'
import { seedOf } from '../helpers/seed.ts'
import { type Referred, stage } from '../helpers/stage.ts'

/** So many take some eight seconds. */
const tries = 25
const staged = await stage(t)
const { sql, cases, triage, callers, world, refer } = staged

const states = [
  'waiting',
  'held',
  'given back',
  'lapsed',
  'lapsed out',
  'with people',
  'held by people',
] as const
type State = (typeof states)[number]
const urgencies = ['immediate', 'urgent', 'soon', 'standard'] as const

async function caseOf({ referralId }: Referred): Promise<string> {
  const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
  return row?.case_id
}

const merge = async (one: Referred, other: Referred) =>
  cases.merge(callers.casework, await caseOf(one), { otherId: await caseOf(other) })

/** Claims the item of a case; nothing else of this try is claimable but what is claimed before it. */
async function claimOf(caseId: string, escalated = false) {
  const recipient = world.recipients.casework.receiving.kid
  const request = { recipient, max: 50, leaseSeconds: 3600, escalated }
  const { claims } = await triage.claim(callers.casework, request)
  const found = claims.find((claim) => claim.caseId === caseId)!
  for (const { claimId, fence } of claims) {
    if (claimId !== found.claimId) await triage.release(callers.casework, { claimId, fence })
  }
  return { claimId: found.claimId, fence: found.fence }
}

const endLease = ({ claimId }: { claimId: string }) =>
  sql`update triage_item set leased_until = now() - interval '1 ms' where id = ${claimId}`

/** Brings the item of a case into a state. */
async function bring(referred: Referred, state: State): Promise<void> {
  if (state === 'waiting') return
  const caseId = await caseOf(referred)
  const claim = await claimOf(caseId)
  if (state === 'given back') await triage.release(callers.casework, claim)
  if (state === 'lapsed' || state === 'lapsed out') {
    await endLease(claim)
    const again = state === 'lapsed' ? 1 : 4
    for (let count = 0; count < again; count += 1) await endLease(await claimOf(caseId))
  }
  if (state !== 'with people' && state !== 'held by people') return
  const { claimId, fence } = claim
  await triage.complete(callers.casework, claimId, {
    ...{ fence, outcome: 'unopenable', referrals: [referred.referralId] },
  })
  if (state === 'held by people') await claimOf(caseId, true)
}

/** The queue as whoever works on it sees it, in its order; and the fences beside it. */
async function queue() {
  const rows = await sql`
    select item.referral_ids as ids, item.due_at as due,
           item.lapses + coalesce(item.leased_until <= now(), false)::int as lapses,
           item.escalated_at is not null
             or (item.lapses >= 4 and coalesce(item.leased_until <= now(), false)) as "withPeople",
           case when item.leased_until > now() then item.id end as claim,
           case when item.leased_until > now() then item.leased_by end as holder,
           case when item.leased_until > now() then item.leased_until end as until,
           case when item.leased_until > now() then item.fence end as fence
    from triage_item item
    where item.completed_at is null and item.merged_into is null
    -- At a weekend many are due at the same moment, and the id of a head is that of one of its members.
    order by item.due_at, (select min(id::text) from unnest(item.referral_ids) as listed (id))`
  const fences = await sql`select id, fence::int from triage_item where completed_at is null`
  return {
    seen: rows.map(({ ids, ...row }) => ({ ids: ids.toSorted(), ...row })),
    fences: new Map<string, number>(fences.map(({ id, fence }) => [id, fence])),
  }
}

type Case = { state: State; urgencies: (typeof urgencies)[number][] }

async function restores(drawn: Case[], at: number): Promise<void> {
  await sql`
    update triage_item set completed_at = now(), completed_late = false, outcome = 'redirected'
    where completed_at is null`
  await sql`update referral set state = 'redirected' where state in ('received', 'in_triage')`
  const made: Referred[][] = []
  for (const { urgencies } of drawn) {
    const members: Referred[] = []
    for (const urgency of urgencies) members.push(await refer(undefined, { urgency }))
    for (const member of members.slice(1)) await merge(members[0]!, member)
    made.push(members)
  }
  // Leases last: while one is claimed the others pass through the same hands.
  const order = drawn.map((_, index) => index)
  const isHeld = (index: number) => drawn[index]!.state.startsWith('held')
  for (const index of order.toSorted((a, b) => Number(isHeld(a)) - Number(isHeld(b)))) {
    await bring(made[index]![0]!, drawn[index]!.state)
  }
  const first = at % drawn.length
  const second = (first + 1 + (at % (drawn.length - 1))) % drawn.length
  // Of two leases one is lost for good: that is what a fence says.
  if (isHeld(first) && isHeld(second)) return
  const before = await queue()
  await merge(made[first]![0]!, made[second]![0]!)
  const side = made[at % 2 === 0 ? first : second]!
  await cases.split(callers.casework, await caseOf(side[0]!), {
    referrals: side.map(({ referralId }) => referralId),
    decision: 'different',
  })
  const after = await queue()
  const [a, b] = [JSON.stringify(after.seen), JSON.stringify(before.seen)]
  if (a !== b) throw new Error(`the queue is\n${a}, and was\n${b}`)
  for (const [id, fence] of before.fences) {
    if ((after.fences.get(id) ?? -1) < fence) throw new Error(`the fence of ${id} fell`)
  }
}

t.test('a merge that is taken back leaves the queue as it was', async (t) => {
  const seed = seedOf(t)
  const drawn = fc.record({
    state: fc.constantFrom(...states),
    urgencies: fc.array(fc.constantFrom(...urgencies), { minLength: 1, maxLength: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(
      fc.array(drawn, { minLength: 2, maxLength: 4 }),
      fc.nat({ max: 100 }),
      async (made, at) => {
        await restores(made, at)
      },
    ),
    { seed, numRuns: tries, endOnFailure: true },
  )
  await requireBalanced(sql)
})
