// Goal: the summary counts each open item once, by its state and its urgency, and at most so often.
import t from 'tap'
import { createSummary } from '../../src/triage/service.ts'
import { requireBalanced } from '../helpers/books.ts'
import { stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, cases, triage, callers, world, database } = staged
t.afterEach(() => requireBalanced(sql))

/** Counted now, whatever was counted before. */
const counted = () => createSummary(database)(callers.casework)
const none = { waiting: 0, leased: 0, escalated: 0, parked: 0, overdue: 0 }

async function itemOf(referralId: string) {
  const [row] = await sql`
    select id, case_id as "caseId", to_char(arrived_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at
    from triage_item where referral_id = ${referralId}`
  return row as unknown as { id: string; caseId: string; at: string }
}

t.test('each open item counts once, by its state and its highest urgency', async (t) => {
  const nothing = await counted()
  t.match(nothing, { ...none, byUrgency: { immediate: none, standard: none } })
  t.notOk('waitingSince' in nothing)
  const refer = async (urgency: 'urgent' | 'soon' | 'standard') => {
    const region = urgency === 'urgent' ? 'oxford' : 'heathrow'
    return itemOf((await staged.refer(undefined, { urgency, region })).referralId)
  }
  const [first, second] = [await refer('standard'), await refer('standard')]
  const [urgent, soon] = [await refer('urgent'), await refer('soon')]
  const { waiting, waitingSince, byUrgency, byRegion } = await counted()
  t.same({ waiting, waitingSince }, { waiting: 4, waitingSince: first.at })
  t.same(byUrgency, {
    immediate: none,
    urgent: { ...none, waiting: 1, waitingSince: urgent.at },
    soon: { ...none, waiting: 1, waitingSince: soon.at },
    standard: { ...none, waiting: 2, waitingSince: first.at },
  })
  t.same(byRegion, [
    { region: 'heathrow', ...none, waiting: 3, waitingSince: first.at },
    { region: 'oxford', ...none, waiting: 1, waitingSince: urgent.at },
  ])

  await cases.merge(callers.clinic, soon.caseId, { otherId: second.caseId })
  t.match(
    (await counted()).byUrgency,
    { soon: { waiting: 1, waitingSince: second.at }, standard: { waiting: 1 } },
    'one that others were merged into has the highest urgency of them, and has waited longest',
  )

  const recipient = world.recipients.casework.receiving.kid
  await triage.claim(callers.casework, { recipient, max: 1, leaseSeconds: 60 })
  t.match(await counted(), {
    ...{ waiting: 2, leased: 1, byUrgency: { urgent: { ...none, leased: 1 } } },
  })
  await sql`
    update triage_item set leased_until = now() - interval '1 ms' where id = ${urgent.id}`
  t.match(await counted(), { waiting: 3, leased: 0 }, 'a lease that expired holds nothing')
  await sql`
    update triage_item set lapses = 4 where id = ${urgent.id}`
  t.match(await counted(), { waiting: 2, escalated: 1, overdue: 0 }, 'as does the last of five')
})

t.test('what waits past its deadline is overdue, and what is done is not counted', async (t) => {
  const { referralId } = await staged.refer(undefined, { urgency: 'immediate' })
  const { id } = await itemOf(referralId)
  await sql`update triage_item set due_at = now() - interval '1 ms' where id = ${id}`
  const { overdue, byUrgency } = await counted()
  t.match({ overdue, immediate: byUrgency.immediate }, { overdue: 1, immediate: { overdue: 1 } })
  const recipient = world.recipients.casework.receiving.kid
  const { claims } = await triage.claim(callers.casework, { recipient, max: 1, leaseSeconds: 60 })
  t.match(await counted(), { overdue: 0, leased: 1 }, 'once it is held it is in somebody’s hands')
  const end = { fence: claims[0]!.fence, outcome: 'accepted' as const, referrals: [referralId] }
  await triage.complete(callers.casework, claims[0]!.claimId, end)
  t.match((await counted()).byUrgency.immediate, none)
})

t.test(
  'however many ask, the queue is counted once for a while, and each has an entry',
  async (t) => {
    const summary = createSummary(database)
    const asked = await Promise.all(Array.from({ length: 8 }, () => summary(callers.clinic)))
    await staged.refer()
    const again = await summary(callers.clinic)
    t.same(
      asked,
      Array.from({ length: 8 }, () => again),
    )
    t.equal((await counted()).waiting, again.waiting + 1)
    const entries = await sql`
    select from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'triage.counted' and o.client_id = ${callers.clinic.clientId}`
    t.equal(entries.length, 9)
  },
)
