/**
 * Goal: whatever dies while a referral is withdrawn leaves it withdrawn or not, and on the queue or off it, and nothing in
 * between that the next turn of the background work does not mend.
 * Method: each act over a connection that is cut at each of its statements (cutting.ts); the background work's turn is
 * taken after it, as if by another replica.
 */
import t, { type Test } from 'tap'
import { ownHash } from '../../src/client/sealing.ts'
import type { Step } from '../../src/database/lock.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { messageOn } from '../helpers/message.ts'
import { receiptKeysOfNobody, sealedByReceipt } from '../helpers/receipt.ts'
import { partnerOf, type Referred, type Services, stage } from '../helpers/stage.ts'
import { withdrawalOf } from '../helpers/withdrawal.ts'
import { eyesOn, type Scenario, tryCut } from './cutting.ts'

const staged = await stage(t)
const { sql, callers, world } = staged
const { queueOf, merged, claimOf } = eyesOn(staged)
const lawFirm = partnerOf(world.referring.lawFirm)
const recipient = world.recipients.casework.receiving.kid

const withdraw = ({ intake }: Services, { referralId, envelope }: Referred) =>
  intake.withdraw(lawFirm, referralId, withdrawalOf(world, envelope))

async function settle({ withdrawing }: Services) {
  for (let more = true; more; ) more = await withdrawing.run()
}

const statesOf = async (...referred: readonly Referred[]) =>
  Promise.all(
    referred.map(async ({ referralId }) => {
      const [row] = await sql`select state from referral where id = ${referralId}`
      return row?.state
    }),
  )

/** How often it was said in the log, but for repetitions. */
const saidOf = async ({ referralId }: Referred, action: string) =>
  (
    await sql`
      select from audit_entry e join audit_opening o on o.entry_id = e.id
      where e.object_id = ${referralId} and e.action = ${action} and e.outcome = 'permitted'
        and o.details ->> 'repeated' is null`
  ).length

/** Under a receipt. */
async function byReceipt() {
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys)
  const { referralId } = envelope.header
  const request = newId()
  await staged.intake.submitWithoutAccount(
    { kind: 'anonymous', request },
    referralId,
    envelope,
    undefined,
  )
  const receipt = Buffer.from(keys.receipt, 'base64url')
  const ask = (intake: Services['intake']) =>
    intake.askToWithdraw({ kind: 'bearer', request, receipt }, referralId, undefined)
  return { referred: { referralId, envelope } satisfies Referred, ask }
}
let bearer: Awaited<ReturnType<typeof byReceipt>>

/** The same, once its withdrawal was asked for. */
async function asked(): Promise<Referred> {
  const { referred, ask } = await byReceipt()
  await ask(staged.intake)
  return referred
}

const scenarios: Scenario[] = [
  {
    name: 'an organisation withdraws one of two that are one case',
    prepare: merged,
    act: (services, [first]) => withdraw(services, first!),
    repeated: true,
    async expect(t, [first, second]) {
      t.match(await statesOf(first!), ['withdrawn'])
      await settle(staged)
      t.same(await queueOf(first!, second!), [[1]])
      t.equal(await saidOf(first!, 'referral.withdrawn'), 1)
      t.equal(await saidOf(first!, 'referral.taken-off'), 1)
    },
  },
  {
    name: 'the background work takes one off the queue that somebody holds with another',
    async prepare() {
      const referred = await merged()
      await claimOf(referred[0])
      await withdraw(staged, referred[0])
      return referred
    },
    act: settle,
    repeated: false,
    async expect(t, [first, second]) {
      await settle(staged)
      t.same(await queueOf(first!, second!), [[1]])
      t.equal(await saidOf(first!, 'referral.taken-off'), 1)
      const [held] = await sql`
        select leased_by, changed from triage_item
        where referral_id = ${second!.referralId} and completed_at is null`
      t.same(held, { leased_by: callers.casework.clientId, changed: true })
    },
  },
  {
    name: 'a bearer asks to withdraw',
    async prepare() {
      bearer = await byReceipt()
      return [bearer.referred]
    },
    act: ({ intake }) => bearer.ask(intake),
    repeated: true,
    async expect(t, [one]) {
      t.equal(await saidOf(one!, 'withdrawal.asked'), 1)
      const flags = await sql`select kind from case_flag where referral_id = ${one!.referralId}`
      t.same(flags, [{ kind: 'withdrawal' }])
    },
  },
  {
    name: 'a person withdraws what its bearer asked for',
    prepare: async () => [await asked()],
    act: ({ reading }, [one]) =>
      reading.decideWithdrawal(callers.casework, one!.referralId, { recipient }),
    repeated: true,
    async expect(t, [one]) {
      t.same(await statesOf(one!), ['withdrawn'])
      t.same(await queueOf(one!), [])
      t.equal(await saidOf(one!, 'withdrawal.decided'), 1)
    },
  },
  {
    name: 'a person declines what its bearer asked for',
    prepare: async () => [await asked()],
    act: ({ reading }, [one]) =>
      reading.decideWithdrawal(callers.casework, one!.referralId, { recipient, decline: true }),
    repeated: true,
    async expect(t, [one]) {
      t.same(await statesOf(one!), ['received'])
      t.same(await queueOf(one!), [[0]])
      t.equal(await saidOf(one!, 'withdrawal.decided'), 1)
      const flags = await sql`select kind from case_flag where referral_id = ${one!.referralId}`
      t.same(flags, [])
    },
  },
]

await tryCut(staged, scenarios)

/** What the step does about `one`, once it fails at that of all `table` and later does not. */
async function failingAt(t: Test, table: string, one: Referred, step: Step) {
  await sql.unsafe(`
    create function fault() returns trigger language plpgsql as
      $$ begin raise exception 'not this one'; end $$;
    create trigger fault before update on ${table} for each row
      when (old.referral_id = '${one.referralId}') execute function fault()`)
  await t.rejects(step.run(), { message: 'not this one' }, 'it is the oldest, and is said')
  t.equal(await step.run(), true)
  t.equal(await step.run(), false, 'it is not tried each time')
  await sql.unsafe(`drop trigger fault on ${table}; drop function fault`)
  t.equal(await step.run(), false)
  const now = performance.now()
  t.intercept(performance, 'now', { value: () => now + 30_000 })
  t.equal(await step.run(), true, 'it is tried again later')
  t.equal(await step.run(), false)
}

t.test('a withdrawal that cannot be settled holds up none behind it', async (t) => {
  const [first, second] = [await staged.refer(), await staged.refer()]
  await staged.pair()
  for (const one of [first, second]) await withdraw(staged, one)
  await failingAt(t, 'withdrawal', first, staged.withdrawing)
  t.same(await queueOf(first, second), [])
  t.equal(await saidOf(first, 'referral.taken-off'), 1)
  t.equal(await saidOf(second, 'referral.taken-off'), 1)
  await requireBalanced(sql)
})

t.test('a message that the queue cannot be told of holds up none behind it', async (t) => {
  const [first, second] = [await staged.refer(), await staged.refer()]
  await staged.pair()
  for (const { referralId, envelope } of [first, second]) {
    const acknowledgement = { envelopeHash: ownHash(envelope) }
    const message = messageOn(world, { envelope, acknowledgement })
    await staged.messages.send(lawFirm, referralId, message, {})
  }
  await failingAt(t, 'message', first, staged.settling)
  t.equal(await saidOf(first, 'message.settled'), 1)
  t.equal(await saidOf(second, 'message.settled'), 1)
  await requireBalanced(sql)
})
