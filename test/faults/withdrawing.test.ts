/**
 * Goal: whatever dies while a referral is withdrawn leaves it withdrawn or not, and on the queue or off it, and nothing in
 * between that the next turn of the background work does not mend.
 * Method: each act over a connection that is cut at each of its statements (cutting.ts); the background work's turn is
 * taken after it, as if by another replica.
 */
import t from 'tap'
import { newId } from '../../src/protocol/uuid.ts'
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

/** Under a receipt, by which its withdrawal was asked for. */
async function asked(): Promise<Referred> {
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
  await staged.intake.askToWithdraw({ kind: 'bearer', request, receipt }, referralId, undefined)
  return { referralId, envelope }
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
]

await tryCut(staged, scenarios)
