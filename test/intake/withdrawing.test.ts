/**
 * Goal: what its organisation withdraws is withdrawn at once and leaves the queue, also while somebody holds it, and the
 * others of its case go on; what the bearer of a receipt asks for a person decides; and no referrer learns of others.
 * Method: the services without the loop, so that a test says itself when the background work takes its turn.
 */
import t, { type Test } from 'tap'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced, requireConsistent } from '../helpers/books.ts'
import { receiptKeysOfNobody, sealedByReceipt } from '../helpers/receipt.ts'
import { partnerOf, type Referred, type Submission, stage } from '../helpers/stage.ts'
import { withdrawalOf } from '../helpers/withdrawal.ts'

const staged = await stage(t)
const { sql, cases, triage, intake, reading, callers, world } = staged
const { lawFirm, ngo } = world.referring
t.afterEach(() => requireBalanced(sql))

const caller = { lawFirm: partnerOf(lawFirm), ngo: partnerOf(ngo) }
const recipient = world.recipients.casework.receiving.kid
const failureOf = (act: Promise<unknown>) =>
  act.then(
    () => undefined,
    ({ code, message }) => ({ code, message }),
  )
const codeOf = async (act: Promise<unknown>) => (await failureOf(act))?.code

/** Lets the background work take its turn, until nothing is left. */
async function settle() {
  for (let more = true; more; ) more = await staged.withdrawing.run()
}

const withdraw = ({ referralId, envelope }: Referred) =>
  intake.withdraw(caller.lawFirm, referralId, withdrawalOf(world, envelope))

const rowsOf = ({ referralId }: Referred) => sql`
  select i.*, r.state from triage_item i join referral r on r.id = i.referral_id
  where r.id = ${referralId} order by i.completed_at desc nulls first`
const rowOf = async (referred: Referred) => (await rowsOf(referred))[0]!
const caseOf = async (referred: Referred) => (await rowOf(referred)).case_id as string
const typesOf = async (itemId: string) =>
  (
    await sql`select type from triage_change where item_id = ${itemId} order by position, number`
  ).map(({ type }) => type)
const entriesOf = async ({ referralId }: Referred) =>
  (
    await sql`
      select action, details from audit_entry join audit_opening on entry_id = id
      where object_id = ${referralId} and outcome = 'permitted' order by at, id`
  ).map(({ action, details }) => ({ action, details }))
const attemptsOf = async (itemId: string) =>
  (await triage.attempts(callers.casework, itemId)).attempts

async function claim(referred: Referred) {
  const caseId = await caseOf(referred)
  const request = { recipient, max: 1, leaseSeconds: 600, caseId }
  const { claims } = await triage.claim(callers.casework, request)
  return claims[0]!
}

/** The first two are due one after the other, and are one case from now on. */
async function together(...changes: readonly Submission[]): Promise<Referred[]> {
  const all: Referred[] = []
  for (const change of changes) all.push(await staged.refer(undefined, change))
  for (const other of all.slice(1)) {
    await cases.merge(callers.casework, await caseOf(all[0]!), { otherId: await caseOf(other) })
  }
  return all
}

t.test('what nobody holds is withdrawn, and its work ends', async (t) => {
  const waiting = await staged.refer()
  const own = await withdraw(waiting)
  t.match(own, { referralId: waiting.referralId, state: 'withdrawn' })
  const days = (Date.parse(own.keptUntil!) - Date.parse(own.withdrawalAskedAt!)) / 86_400_000
  t.equal(days, 7)
  t.match(await rowOf(waiting), { state: 'withdrawn', completed_at: null }, 'the queue comes later')
  await requireConsistent(sql)
  await settle()
  const row = await rowOf(waiting)
  t.match(row, { outcome: 'withdrawn', completed_late: false, fence: '1' })
  t.same(await typesOf(row.id), ['opened', 'completed'])
  const acts = (await entriesOf(waiting)).slice(1)
  t.match(acts, [
    { action: 'referral.withdrawn', details: { keptUntil: own.keptUntil } },
    { action: 'referral.taken-off', details: { item: row.id, ended: true } },
  ])
  t.equal(acts.length, 2)

  t.strictSame(await withdraw(waiting), own, 'repeated, it is the same answer')
  await settle()
  t.equal(
    (await entriesOf(waiting)).filter(({ action }) => action === 'referral.taken-off').length,
    1,
  )
  t.equal(await codeOf(triage.reopen(callers.casework, row.id)), 'state-refused')
})

t.test('its holder is told with the next renewal, and completes it no more', async (t) => {
  const referred = await staged.refer()
  const { claimId, fence } = await claim(referred)
  await withdraw(referred)
  const renewal = () => failureOf(triage.renew(callers.casework, { claimId, fence }, 60))
  t.equal(await renewal(), undefined, 'not yet')
  await settle()
  const told = { code: 'lease-lost', message: /withdrawn by who sent it/ }
  t.match(await renewal(), told)
  const end = { fence, outcome: 'accepted' as const, referrals: [referred.referralId] }
  t.match(await failureOf(triage.complete(callers.casework, claimId, end)), told)
  t.match(await failureOf(triage.release(callers.casework, { claimId, fence })), told)
  t.same(await typesOf(claimId), ['opened', 'claimed', 'completed'])
  t.match(await attemptsOf(claimId), [{ ending: 'withdrawn' }])
  t.same((await triage.listOwn(callers.casework, {})).items, [])
})

t.test('a lease that had run out by then has lapsed', async (t) => {
  const referred = await staged.refer()
  const { claimId } = await claim(referred)
  await sql`update triage_item set leased_until = now() - interval '1 minute' where id = ${claimId}`
  await withdraw(referred)
  await settle()
  t.match(await attemptsOf(claimId), [{ ending: 'lapsed' }])
})

t.test('what is parked or escalated is withdrawn as well', async (t) => {
  const [parked, escalated] = [await staged.refer(), await staged.refer()]
  const one = await claim(parked)
  const reason = 'call_back' as const
  await triage.park(callers.casework, one.claimId, { fence: one.fence, reason })
  const two = await claim(escalated)
  const report = { outcome: 'unopenable' as const, step: 'wrap' as const }
  const referrals = [escalated.referralId]
  await triage.complete(callers.casework, two.claimId, { fence: two.fence, ...report, referrals })
  for (const referred of [parked, escalated]) {
    await withdraw(referred)
    await settle()
    t.match(await rowOf(referred), { outcome: 'withdrawn', state: 'withdrawn', park_reason: null })
  }
  t.same((await typesOf(one.claimId)).slice(-2), ['parked', 'completed'])
})

t.test('others of the case go on as the same item, by their own deadline', async (t) => {
  for (const isHead of [true, false]) {
    const urgencies = ['urgent', 'soon', 'standard'] as const
    const all = await together(...urgencies.map((urgency) => ({ urgency })))
    const held = await claim(all[0]!)
    t.equal(held.urgency, 'urgent')
    const own = await Promise.all(all.map(rowOf))
    const withdrawn = own.findIndex(({ merged_into }) => (merged_into === null) === isHead)
    const rest = all.filter((_, at) => at !== withdrawn)
    const due = rest.map((it) => own[all.indexOf(it)]!.own_due_at.toISOString()).sort()[0]

    await withdraw(all[withdrawn]!)
    await settle()
    const { claimId, fence } = held
    const renewed = await triage.renew(callers.casework, { claimId, fence }, 600)
    const ids = rest.map(({ referralId }) => referralId)
    t.match(renewed, { changed: true, dueAt: due })
    t.same([...renewed.referralIds].sort(), [...ids].sort())
    t.equal(renewed.urgency, withdrawn === 0 ? 'soon' : 'urgent')
    t.match((await typesOf(claimId)).slice(-1), ['changed'])
    t.equal((await rowOf(all[withdrawn]!)).outcome, 'withdrawn')
    await requireConsistent(sql)

    const listed = {
      fence,
      outcome: 'accepted' as const,
      referrals: all.map((it) => it.referralId),
    }
    t.equal(await codeOf(triage.complete(callers.casework, claimId, listed)), 'case-changed')
    const end = { ...listed, referrals: ids }
    t.match(await triage.complete(callers.casework, claimId, end), { requeued: [] })
    // Taken back, what was withdrawn stays where it is.
    await triage.reopen(callers.casework, claimId)
    t.equal((await rowOf(all[withdrawn]!)).outcome, 'withdrawn')
    for (const it of rest) t.match(await rowOf(it), { state: 'in_triage', completed_at: null })
    const again = await claim(rest[0]!)
    t.same(again.referrals.map(({ referralId }) => referralId).sort(), [...ids].sort())
    await triage.complete(callers.casework, again.claimId, { ...end, fence: again.fence })
  }
})

t.test(
  'what came to a case since its claim is in hand once the claimed one is withdrawn',
  async (t) => {
    const [one, two] = [await staged.refer(), await staged.refer()]
    const { claimId, fence } = await claim(one)
    await cases.merge(callers.casework, await caseOf(one), { otherId: await caseOf(two) })
    t.equal((await rowOf(two)).state, 'received')
    await withdraw(one)
    await settle()
    t.match(await rowOf(two), { id: claimId, fence, state: 'in_triage', merged_into: null })
    const end = { fence, outcome: 'accepted' as const, referrals: [two.referralId] }
    await triage.complete(callers.casework, claimId, end)
  },
)

t.test(
  'what is off the queue no item lists again when its case is merged, or something comes back',
  async (t) => {
    const [one, two] = await together({}, {})
    await withdraw(one!)
    await settle()
    const three = await staged.refer()
    await cases.merge(callers.casework, await caseOf(two!), { otherId: await caseOf(three) })
    const ids = [two!.referralId, three.referralId].sort()
    const held = await claim(two!)
    const listed = (of: typeof held) => of.referrals.map(({ referralId }) => referralId).sort()
    t.same(listed(held), ids)
    const end = { outcome: 'accepted' as const, referrals: ids }
    await triage.complete(callers.casework, held.claimId, { fence: held.fence, ...end })
    await triage.reopen(callers.casework, held.claimId)
    const again = await claim(two!)
    t.same(listed(again), ids)
    await triage.complete(callers.casework, again.claimId, { fence: again.fence, ...end })
  },
)

t.test('what did not open and is withdrawn leaves the others waiting', async (t) => {
  const [one, two] = await together({}, {})
  const { claimId, fence } = await claim(one!)
  const referrals = [one!.referralId]
  const report = { fence, outcome: 'unopenable' as const, step: 'wrap' as const, referrals }
  await triage.complete(callers.casework, claimId, report)
  await withdraw(one!)
  await settle()
  t.match(await rowOf(two!), { id: claimId, escalated_at: null, merged_into: null })
  await withdraw(two!)
  await settle()
})

t.test(
  'what its holder answered first keeps its answer, and a faster withdrawal stands',
  async (t) => {
    const [one, two] = await together({}, {})
    const { claimId, fence } = await claim(one!)
    await withdraw(one!)
    const referrals = [one!.referralId, two!.referralId]
    const end = { fence, outcome: 'accepted' as const, referrals }
    await triage.complete(callers.casework, claimId, end)
    t.equal((await rowOf(one!)).state, 'withdrawn')
    t.match(await failureOf(withdraw(two!)), { code: 'withdrawal-refused', message: /accepted/ })
    await settle()
    t.match((await entriesOf(one!)).at(-1), {
      action: 'referral.taken-off',
      details: { item: 'none' },
    })
    // What ended with it and was withdrawn does not come back with the other.
    await triage.reopen(callers.casework, claimId)
    t.match(await rowOf(one!), { state: 'withdrawn', outcome: 'accepted' })
    t.match(await rowOf(two!), { state: 'in_triage', completed_at: null })
    await withdraw(two!)
    await settle()
  },
)

t.test(
  'a referrer is told the same whether others wait, and so is who reads the log',
  async (t) => {
    const alone = await staged.refer()
    const [first] = await together({}, { by: ngo })
    const told = []
    for (const referred of [alone, first!]) {
      const count = async () => (await sql`select from audit_entry`).length
      const before = await count()
      const own = await withdraw(referred)
      await settle()
      const { referralId: _, reference: __, ...rest } = own
      told.push({ members: Object.keys(rest), grown: (await count()) - before })
    }
    t.strictSame(told[0], told[1])
  },
)

t.test(
  'only by its organisation, with what it signed for this service and this referral',
  async (t) => {
    const referred = await staged.refer()
    const { referralId, envelope } = referred
    const message = withdrawalOf(world, envelope)
    const tried = (changed: object, by = caller.lawFirm) =>
      codeOf(intake.withdraw(by, referralId, { ...message, ...changed } as typeof message))
    const sealed = (changes: object) => withdrawalOf(world, envelope, changes)
    t.equal(await tried({}, caller.ngo), 'not-found')
    t.equal(await tried({}, callers.casework), 'not-found')
    t.equal(await tried(sealed({ kind: 'message' })), 'malformed-request')
    t.equal(await tried(sealed({ signer: ngo.signing })), 'unknown-signer')
    t.equal(
      await tried(sealed({ last: { number: 1, envelopeHash: new Uint8Array(32) } })),
      'malformed-request',
    )
    t.equal(
      await tried(withdrawalOf(world, (await staged.refer()).envelope)),
      'referral-id-mismatch',
    )
    const elsewhere = { header: { ...envelope.header, origin: 'other.test' } }
    const hash = new Uint8Array(32)
    t.equal(await tried(sealed({ referral: { ...elsewhere, envelopeHash: hash } })), 'wrong-origin')
    const { value } = withdrawalOf(world, envelope).signature
    t.equal(await tried({ signature: { ...message.signature, value } }), 'signature-invalid')
    t.equal(await tried({ wraps: message.wraps.slice(1) }), 'wraps-mismatch')
    t.equal((await rowOf(referred)).state, 'received')
    t.equal(await codeOf(intake.withdraw(caller.lawFirm, newId(), message)), 'not-found')
  },
)

t.test('two at once withdraw it once', async (t) => {
  const referred = await staged.refer()
  const answers = await Promise.all([withdraw(referred), withdraw(referred), withdraw(referred)])
  for (const answer of answers) t.strictSame(answer, answers[0])
  await settle()
})

/** Somebody without an account. */
async function referPublicly() {
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys)
  const { referralId } = envelope.header
  const anonymous = { kind: 'anonymous', request: newId() } as const
  await intake.submitWithoutAccount(anonymous, referralId, envelope, undefined)
  const receipt = Buffer.from(keys.receipt, 'base64url')
  const bearer = { kind: 'bearer', request: newId(), receipt } as const
  const ask = (block?: Uint8Array) => intake.askToWithdraw(bearer, referralId, block)
  const state = async () => (await intake.readReceipt(bearer, {})).referrals[0]!
  return { referralId, envelope, keys, bearer, ask, state }
}

const decide = ({ referralId }: { referralId: string }, decline = false) =>
  reading.decideWithdrawal(callers.casework, referralId, { recipient, decline })
const asked = async () => (await reading.listWithdrawals(callers.casework, recipient)).asked

t.test('a bearer asks, and a person confirms', async (t) => {
  const one = await referPublicly()
  t.equal(await codeOf(decide(one)), 'not-found', 'nobody asked')
  const { keptUntil } = await one.ask()
  await settle()
  t.equal((await rowOf(one)).state, 'received')
  t.match(await asked(), [{ referralId: one.referralId, state: 'received', keptUntil }])
  const { claimId, fence } = await claim(one)
  const decided = await decide(one)
  t.match(decided, { decision: 'confirmed', state: 'withdrawn', keptUntil })
  t.strictSame(await decide(one), decided, 'safe to repeat')
  t.match(await one.state(), { state: 'withdrawn', keptUntil })
  t.match(await rowOf(one), { outcome: 'withdrawn' })
  t.match(await failureOf(triage.renew(callers.casework, { claimId, fence }, 60)), {
    code: 'lease-lost',
    message: /withdrawn/,
  })
  t.same(await asked(), [])
  t.equal(await codeOf(decide(one, true)), 'withdrawal-refused')
  const other = { recipient: world.recipients.clinic.receiving.kid, decline: false }
  const byAnother = reading.decideWithdrawal(callers.casework, one.referralId, other)
  t.equal(await codeOf(byAnother), 'recipient-not-yours')
})

t.test('or declines, and may think it over', async (t) => {
  const one = await referPublicly()
  await one.ask()
  t.match(await decide(one, true), { decision: 'declined', state: 'received' })
  const { withdrawalDeclinedAt, keptUntil } = await one.state()
  t.ok(withdrawalDeclinedAt)
  t.equal(keptUntil, undefined)
  t.same(await asked(), [])
  t.same(await sql`select from case_flag where referral_id = ${one.referralId}`, [])
  t.match(await decide(one), { decision: 'confirmed', state: 'withdrawn' })
})

t.test('what has its answer is not withdrawn any more', async (t) => {
  const one = await referPublicly()
  await one.ask()
  const { claimId, fence } = await claim(one)
  const end = { fence, outcome: 'accepted' as const, referrals: [one.referralId] }
  await triage.complete(callers.casework, claimId, end)
  t.match(await failureOf(decide(one)), { code: 'withdrawal-refused', message: /accepted/ })
  t.match(await decide(one, true), { decision: 'declined' })
})

t.test('who decides sees how many others asked from the same network on that day', async (t) => {
  const [here, elsewhere] = [Uint8Array.of(1, 2), Uint8Array.of(3, 4)]
  const all: Awaited<ReturnType<typeof referPublicly>>[] = []
  for (const block of [here, here, here, elsewhere, undefined]) {
    const one = await referPublicly()
    await one.ask(block)
    all.push(one)
  }
  await sql`
    update withdrawal set asked_at = asked_at - interval '1 day', entry_id = entry_id
    where referral_id = ${all[2]!.referralId}`
  const counts = async (t: Test, expected: (number | undefined)[]) => {
    const found = await asked()
    const others = all.map((one) => found.find((it) => it.referralId === one.referralId))
    t.strictSame(
      others.map((it) => it?.othersThatDay),
      expected,
    )
  }
  await counts(t, [1, 1, 0, 0, undefined])
  await sql`
    update withdrawal set asked_at = asked_at + interval '1 day'
    where referral_id = ${all[2]!.referralId}`
  await counts(t, [2, 2, 2, 0, undefined])
  t.match(await decide(all[0]!, true), { othersThatDay: 2 })
})

t.test('however much was sent under a receipt, all of it is seen, and withdrawn', async (t) => {
  const { referralId, keys, bearer, ask } = await referPublicly()
  const sent = [referralId]
  for (let count = 0; count < 60; count += 1) {
    const further = sealedByReceipt(world, keys)
    const { referralId: id } = further.header
    await intake.submitWithoutAccount(
      { kind: 'anonymous', request: newId() },
      id,
      further,
      undefined,
    )
    sent.push(id)
  }
  const read: string[] = []
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor; isFirst = false) {
    const page = await intake.readReceipt(bearer, cursor === undefined ? {} : { cursor })
    t.ok(page.referrals.length <= 50)
    read.push(...page.referrals.map((own) => own.referralId))
    cursor = page.next
  }
  t.same([...read].sort(), [...sent].sort(), 'each once')
  t.match(await ask(), { referralId, withdrawalAskedAt: String }, 'the oldest as well')
})
