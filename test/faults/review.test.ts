/**
 * Goal: whatever dies while a person or a recipient changes cases leaves all of it or nothing, and
 * who was not told may simply ask again.
 * Method: each act over a connection that is cut at each of its statements (cutting.ts).
 */
import t from 'tap'
import { ownHash } from '../../src/client/sealing.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import { signUrgency } from '../../src/protocol/envelope/urgency.ts'
import { messageOn, replyKeys } from '../helpers/message.ts'
import { matchingOf, relativeOf, stranger } from '../helpers/people.ts'
import { sealed } from '../helpers/referral.ts'
import { partnerOf, type Referred, type Services, stage } from '../helpers/stage.ts'
import { eyesOn, type Scenario, tryCut } from './cutting.ts'

const staged = await stage(t)
const { sql, refer, check, pair, callers, world } = staged
const { caseOf, queueOf, judgementsOf, isOneCase, claimOf, merged } = eyesOn(staged)

/** Two that a person is asked about. */
async function questioned(): Promise<[Referred, Referred]> {
  const person = stranger()
  const relative = relativeOf(person)
  const both = [await refer(matchingOf(person)), await refer(matchingOf(relative))] as const
  await pair()
  return [...both]
}

const partner = partnerOf(world.referring.lawFirm)
const { kid } = world.recipients.casework.receiving
let message: ReturnType<typeof messageOn>

/** A referral, and a message about it that is not sent yet. */
async function written(): Promise<[Referred]> {
  const referred = await refer()
  await pair()
  const { envelope } = referred
  const acknowledgement = { envelopeHash: ownHash(envelope) }
  message = messageOn(world, { envelope, acknowledgement }, undefined, { urgency: 'immediate' })
  return [referred]
}
const send = ({ messages }: Pick<Services, 'messages'>) =>
  messages.send(partner, message.header.referralId, message, {})

/** A referral, and a reply about it that is not sent yet. */
async function asked(): Promise<[Referred]> {
  const referred = await refer(undefined, { replyTo: replyKeys().replyTo })
  await pair()
  const { envelope } = referred
  const acknowledgement = { envelopeHash: ownHash(envelope) }
  message = messageOn(world, { envelope, acknowledgement }, undefined, {
    ...{ from: 'recipient', content: { text: 'Which flight is it?' } },
    signer: world.recipients.casework.signing,
  })
  return [referred]
}
const reply = ({ messages }: Pick<Services, 'messages'>) =>
  messages.send(callers.casework, message.header.referralId, message, {
    ...{ recipient: kid, deliver: 'read_aloud', language: 'fra' },
  })

function stateUrgency(reading: Services['reading'], { referralId, envelope }: Referred) {
  const statement = { rules: 1, urgency: 'urgent' as const, at: new Date().toISOString() }
  const bound = headerHash(canonicalBytes(envelope.header))
  const signature = signUrgency(bound, statement, world.recipients.casework.signing)
  return reading.stateUrgency(callers.casework, referralId, { ...statement, signature })
}

async function stateOf({ referralId }: Referred) {
  const [row] = await sql`select state, decline_reason from referral where id = ${referralId}`
  return [row?.state, row?.decline_reason]
}

/** How often the log says it of a referral, but for repetitions. */
async function saidOf({ referralId }: Referred, action: string): Promise<number> {
  const rows = await sql`
    select from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.object_id = ${referralId} and e.action = ${action} and e.outcome = 'permitted'
      and o.details ->> 'repeated' is null`
  return rows.length
}

async function holdsOf(id: string): Promise<string[]> {
  const rows = await sql`select reason from legal_hold where referral_id = ${id}`
  return rows.map(({ reason }) => reason)
}

async function settleAll(): Promise<void> {
  for (let more = true; more; ) more = await staged.settling.run()
}

let claim: Awaited<ReturnType<typeof claimOf>>
const scenarios: Scenario[] = [
  {
    name: 'a recipient corrects match keys',
    async prepare() {
      const [first, second] = await merged()
      return [first, second]
    },
    act: ({ reading }, [, second]) => check(second!, matchingOf(stranger()), reading),
    repeated: true,
    async expect(t, referred) {
      t.same(await queueOf(...referred), [[0], [1]])
      t.same(await judgementsOf(...referred), { current: [], written: 1 })
    },
  },
  {
    name: 'a person merges two cases',
    prepare: async () => [await refer(), await refer()],
    act: async ({ cases }, [first, second]) =>
      cases.merge(callers.casework, await caseOf(first!), { otherId: await caseOf(second!) }),
    repeated: true,
    expect: (t, referred) => isOneCase(t, referred, 'person'),
  },
  {
    name: 'a person takes a case apart',
    prepare: merged,
    act: async ({ cases }, [first, second]) => {
      const referrals = [second!.referralId]
      const [one, other] = [await caseOf(first!), await caseOf(second!)]
      // Done by a try whose answer was lost.
      if (one !== other) return
      await cases.split(callers.casework, one, { referrals, decision: 'different' })
    },
    repeated: true,
    async expect(t, referred) {
      t.same(await queueOf(...referred), [[0], [1]])
      t.same(await judgementsOf(...referred), { current: ['different by person'], written: 2 })
    },
  },
  {
    name: 'a person decides that two are the same',
    prepare: questioned,
    act: async ({ cases }, [first, second]) =>
      cases.decide(callers.casework, await caseOf(first!), await caseOf(second!), {
        decision: 'same',
      }),
    repeated: true,
    async expect(t, referred) {
      t.same(await queueOf(...referred), [[0, 1]])
      t.same(await judgementsOf(...referred), { current: ['same by person'], written: 2 })
    },
  },
  {
    name: 'a person decides that two are different',
    prepare: questioned,
    act: async ({ cases }, [first, second]) =>
      cases.decide(callers.casework, await caseOf(first!), await caseOf(second!), {
        decision: 'different',
      }),
    repeated: true,
    async expect(t, referred) {
      t.same(await queueOf(...referred), [[0], [1]])
      t.same((await judgementsOf(...referred)).current, ['different by person'])
    },
  },
  {
    name: 'one of two referrals of a case is answered',
    async prepare() {
      const referred = await merged()
      claim = await claimOf(referred[0])
      return referred
    },
    act: (services, [first]) =>
      services.triage.complete(callers.casework, claim?.claimId ?? '', {
        ...{ fence: claim?.fence ?? 0, outcome: 'accepted', referrals: [first!.referralId] },
      }),
    repeated: true,
    async expect(t, referred) {
      const rows = await sql`
        select state from referral where id = any (${referred.map((it) => it.referralId)}::uuid[])
        order by received_at`
      t.same(
        rows.map(({ state }) => state),
        ['accepted', 'in_triage'],
      )
      t.same(await queueOf(...referred), [[0, 1]])
    },
  },
  {
    name: 'one of two referrals of a case is erased',
    prepare: merged,
    act: ({ erasure }, [, second]) => erasure.erase(callers.casework, second!.referralId),
    repeated: true,
    async expect(t, referred) {
      const [, second] = referred
      t.same(await queueOf(...referred), [[0]])
      t.same(await judgementsOf(...referred), { current: [], written: 0 })
      const [row] = await sql`select state from referral where id = ${second!.referralId}`
      t.equal(row?.state, 'erased')
    },
  },
  {
    name: 'a referrer writes',
    prepare: written,
    act: send,
    repeated: true,
    async expect(t, [first]) {
      await settleAll()
      const rows = await sql`
        select place, settled_at is not null as settled from message
        where referral_id = ${first!.referralId}`
      t.same(rows, [{ place: 1, settled: true }])
    },
  },
  {
    name: 'the queue is told of a message',
    async prepare() {
      const referred = await written()
      await send(staged)
      return referred
    },
    act: ({ settling }) => settling.run(),
    repeated: false,
    async expect(t, [first]) {
      await settleAll()
      const [row] = await sql`
        select urgency, changed from triage_item where referral_id = ${first!.referralId}`
      t.match(row, { urgency: 'immediate', changed: true })
      const entries = await sql`
        select from audit_entry where action = 'message.settled' and object_id = ${first!.referralId}`
      t.equal(entries.length, 1)
    },
  },
  {
    name: 'a recipient reads what was written',
    async prepare() {
      const referred = await written()
      await send(staged)
      await settleAll()
      return referred
    },
    act: ({ messages }, [first]) =>
      messages.read(callers.casework, first!.referralId, { recipient: kid }),
    repeated: true,
    async expect(t, [first]) {
      const rows = await sql`
        select way from message_delivery where referral_id = ${first!.referralId}`
      t.same(rows, [{ way: 'opened' }])
    },
  },
  {
    name: 'a recipient replies',
    prepare: asked,
    act: reply,
    repeated: true,
    async expect(t, [first]) {
      const rows = await sql`
        select place, side, deliver from message where referral_id = ${first!.referralId}`
      t.same(rows, [{ place: 1, side: 'recipient', deliver: 'read_aloud' }])
    },
  },
  {
    name: 'somebody says that a reply was read aloud',
    async prepare() {
      const referred = await asked()
      await reply(staged)
      return referred
    },
    act: ({ messages }, [first]) =>
      messages.deliver(callers.casework, first!.referralId, message.header.messageId, {
        ...{ recipient: kid, way: 'read_aloud', language: 'fra' },
      }),
    repeated: true,
    async expect(t, [first]) {
      const rows = await sql`
        select way, language from message_delivery where referral_id = ${first!.referralId}`
      t.same(rows, [{ way: 'read_aloud', language: 'fra' }])
    },
  },
  {
    name: 'a recipient states an urgency',
    prepare: written,
    act: ({ reading }, [first]) => stateUrgency(reading, first!),
    repeated: true,
    async expect(t, [first]) {
      const { referralId } = first!
      const [row] = await sql`select urgency from triage_item where referral_id = ${referralId}`
      t.equal(row?.urgency, 'urgent')
      const said =
        await sql`select urgency from urgency_statement where referral_id = ${referralId}`
      t.same(said, [{ urgency: 'urgent' }])
    },
  },
  {
    name: 'a recipient closes what was answered',
    async prepare() {
      const [first] = await written()
      const held = (await claimOf(first))!
      await staged.triage.complete(callers.casework, held.claimId, {
        ...{ fence: held.fence, outcome: 'accepted', referrals: [first.referralId] },
      })
      return [first]
    },
    act: ({ reading }, [first]) =>
      reading.close(callers.casework, first!.referralId, { recipient: kid }),
    repeated: true,
    async expect(t, [first]) {
      const [row] = await sql`select state from referral where id = ${first!.referralId}`
      t.equal(row?.state, 'closed')
    },
  },
  {
    name: 'an organisation amends what it sent',
    async prepare() {
      const [first] = await written()
      const { referralId: supersedes } = first
      const envelope = sealed(world, { signer: world.referring.lawFirm.signing, supersedes })
      return [first, { referralId: envelope.header.referralId, envelope }]
    },
    act: ({ intake }, [, second]) => intake.submit(partner, second!.referralId, second!.envelope),
    repeated: true,
    async expect(t, [first, second]) {
      t.same(await queueOf(first!, second!), [[0, 1]])
      t.equal(await saidOf(second!, 'referral.submitted'), 1)
      const kept = await sql`
        select count(*)::int as sealed from compartment where referral_id = ${second!.referralId}`
      t.same(kept, [{ sealed: 1 }], 'its ten compartments are one row')
    },
  },
  {
    name: 'its answer is taken back',
    async prepare() {
      const [first] = await written()
      claim = await claimOf(first)
      await staged.triage.complete(callers.casework, claim!.claimId, {
        ...{ fence: claim!.fence, outcome: 'declined', reason: 'no_capacity' },
        referrals: [first.referralId],
      })
      return [first]
    },
    act: ({ triage }) => triage.reopen(callers.casework, claim!.claimId),
    repeated: true,
    async expect(t, [first]) {
      t.same(await stateOf(first!), ['in_triage', null])
      t.same(await queueOf(first!), [[0]])
      t.equal(await saidOf(first!, 'referral.reopened'), 1)
    },
  },
  {
    name: 'one of two referrals of a case is returned for information, and its referrer told',
    async prepare() {
      const referred = await merged()
      claim = await claimOf(referred[0])
      return referred
    },
    act: ({ triage }, [first]) =>
      triage.park(callers.casework, claim!.claimId, {
        ...{ fence: claim!.fence, reason: 'returned_for_information' },
        tellReferrersOf: [first!.referralId],
      }),
    repeated: true,
    async expect(t, [first, second]) {
      t.same(await stateOf(first!), ['returned_for_information', null])
      t.same(await stateOf(second!), ['in_triage', null])
      t.same(await queueOf(first!, second!), [[0, 1]])
      t.equal(await saidOf(first!, 'referral.moved'), 1)
      t.equal(await saidOf(second!, 'referral.moved'), 0)
    },
  },
  {
    name: 'a case is handed out for a copy',
    prepare: merged,
    act: async ({ cases }, [first]) => cases.exportCase(callers.casework, await caseOf(first!), {}),
    repeated: true,
    async expect(t, referred) {
      // A cut after the commit is one more: it is not known whether anybody had it.
      for (const one of referred) {
        t.ok([1, 2].includes(await saidOf(one, 'case.exported')), 'an entry for each time')
      }
    },
  },
  {
    name: 'a legal hold is placed',
    prepare: written,
    act: ({ erasure }, [first]) =>
      erasure.placeHold(callers.casework, first!.referralId, 'complaint'),
    repeated: true,
    async expect(t, [first]) {
      const { referralId } = first!
      t.same(await holdsOf(referralId), ['complaint'])
      await t.rejects(staged.erasure.erase(callers.casework, referralId), {
        code: 'erasure-refused',
      })
    },
  },
  {
    name: 'a legal hold is lifted',
    async prepare() {
      const [first] = await written()
      await staged.erasure.placeHold(callers.casework, first.referralId, 'complaint')
      return [first]
    },
    act: ({ erasure }, [first]) => erasure.liftHold(callers.casework, first!.referralId),
    repeated: true,
    async expect(t, [first]) {
      t.same(await holdsOf(first!.referralId), [])
    },
  },
]

await tryCut(staged, scenarios)
