/**
 * Goal: each act that brings work says so once it stands, to whoever waits and to whoever begins to look at a floor, and
 * none that brings nothing does; and what is said while somebody looks is not lost on them.
 * Method: the services on a database, which tells of all that is announced.
 */
import { PassThrough } from 'node:stream'
import t from 'tap'
import { newId } from '../../src/protocol/uuid.ts'
import { raiseUrgency } from '../../src/triage/service.ts'
import { createWaiting } from '../../src/triage/waiting.ts'
import { requireBalanced } from '../helpers/books.ts'
import { noteOn } from '../helpers/note.ts'
import { partnerOf, type Referred, stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, triage, cases, intake, callers, world, database } = staged
const { casework, clinic } = callers
t.afterEach(() => requireBalanced(sql))

let announced = 0
database.onAnnounced(() => {
  announced += 1
})
/** How often something was announced by an act, done or refused. */
async function said(act: Promise<unknown>): Promise<number> {
  const before = announced
  await act.catch(() => {})
  return announced - before
}

const rowOf = async ({ referralId }: Referred) => {
  const [row] = await sql<{ id: string; caseId: string }[]>`
    select id, case_id as "caseId" from triage_item
    where referral_id = ${referralId} and completed_at is null`
  return row!
}
async function held(referred: Referred) {
  const { caseId } = await rowOf(referred)
  const recipient = world.recipients.casework.receiving.kid
  const asked = { recipient, max: 1, leaseSeconds: 600, caseId }
  const [claim] = (await triage.claim(casework, asked)).claims
  return claim!
}
const ending = (one: Referred, fence: number) => {
  return { fence, referrals: [one.referralId], outcome: 'accepted' as const }
}

t.test(
  'what frees, opens, raises or escalates an item is announced, and nothing else',
  async (t) => {
    const one = await staged.refer(undefined, { urgency: 'standard' })
    const other = await staged.refer(undefined, { urgency: 'standard' })
    t.equal(announced, 2, 'each referral')
    const { claimId, fence } = await held(one)
    t.equal(await said(triage.renew(casework, { claimId, fence }, 600)), 0)
    t.equal(await said(triage.release(casework, { claimId, fence })), 1)
    t.equal(await said(triage.release(casework, { claimId, fence })), 0, 'a refusal')

    const parking = { reason: 'call_back' } as const
    t.equal(await said(triage.parkItem(casework, claimId, parking)), 0)
    t.equal(await said(triage.wake(casework, claimId, {})), 1)
    t.equal(await said(triage.wake(casework, claimId, {})), 0, 'it was awake')
    t.equal(await said(triage.wakeItemsAside(casework, newId())), 0, 'nothing was aside')

    const raise = () =>
      database.inTransaction(clinic, (tx) => raiseUrgency(tx, one.referralId, 'soon'))
    t.equal(await said(raise()), 1)
    t.equal(await said(raise()), 0, 'it was as urgent')
    const sender = partnerOf(world.referring.lawFirm)
    const { acknowledgement } = await intake.submit(sender, one.referralId, one.envelope)
    const note = noteOn(world, { ...one, acknowledgement })
    const setting = { urgency: 'urgent', note } as const
    t.equal(await said(triage.setUrgency(casework, claimId, setting)), 1)
    t.equal(await said(triage.setUrgency(casework, claimId, setting)), 0, 'repeated')

    const { caseId } = await rowOf(one)
    const { caseId: otherId } = await rowOf(other)
    t.equal(await said(cases.merge(clinic, caseId, { otherId })), 1)
    const both = await held(one)
    const requeues = triage.complete(casework, both.claimId, ending(one, both.fence))
    t.equal(await said(requeues), 1, 'the other comes back')
    const rest = await held(other)
    t.equal(await said(triage.complete(casework, rest.claimId, ending(other, rest.fence))), 0)
    t.equal(await said(triage.reopen(casework, rest.claimId)), 1)
    t.equal(await said(triage.reopen(casework, rest.claimId)), 0, 'repeated')
    const again = await held(other)
    const report = { ...ending(other, again.fence), outcome: 'unopenable' as const }
    t.equal(await said(triage.complete(casework, again.claimId, report)), 1)
  },
)

t.test('what is announced while somebody looks makes them look again at once', async (t) => {
  const { until } = createWaiting(database)
  const looks: number[] = []
  const listener = new PassThrough()
  const wait = (seconds: number) => ({ clientId: newId(), seconds, listener, leave: () => {} })
  // Another waits already, and is woken for it.
  const other = until(wait(2), {
    look: async (isLast) => (isLast ? 'over' : undefined),
    offers: async () => [],
  })
  const found = await until(wait(20), {
    async look() {
      looks.push(performance.now())
      if (looks.length === 2) return 'found'
      database.announced(true)
      await new Promise(setImmediate)
      return undefined
    },
    offers: async () => ['it'],
  })
  t.same([found, await other], ['found', 'over'])
  const [first = 0, second = 0] = looks
  t.ok(second - first < 450, 'and not when it would look by itself, half a second later at least')
})
