/**
 * Goal: what a recipient states of the urgency of a referral raises its item, wherever the work on it
 * stands, and nothing that anybody states lowers one or takes a lease away.
 * Method: statements through the service on referrals that are claimed, merged, split and answered; the
 * books then recompute every urgency and deadline from headers and statements.
 */
import t from 'tap'
import { append } from '../../src/audit/service.ts'
import { byPerson } from '../../src/cases/judgement.ts'
import { mergeCases } from '../../src/cases/merge.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import { signUrgency, type UrgencyStatement } from '../../src/protocol/envelope/urgency.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { newId } from '../../src/protocol/uuid.ts'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { compartmentNames } from '../../src/referral/compartment.ts'
import { requireBalanced } from '../helpers/books.ts'
import { dueMs } from '../helpers/due.ts'
import { keysetReference, publishKeyset } from '../helpers/publish.ts'
import { type Referred, stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, refer, world, callers, reading, triage, cases } = staged
const { casework, clinic } = world.recipients
t.afterEach(() => requireBalanced(sql))

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const now = (differsMs = 0) => new Date(Date.now() + differsMs).toISOString()

type Changes = Partial<UrgencyStatement> & { signer?: typeof casework.signing; sent?: Urgency }

function state(referred: Referred, urgency: Urgency, changes: Changes = {}, by = callers.casework) {
  const { signer = casework.signing, sent, ...rest } = changes
  const statement = { rules: 1, urgency, at: now(), ...rest }
  const bound = headerHash(canonicalBytes(referred.envelope.header))
  const signature = signUrgency(bound, statement, signer)
  const request = { ...statement, ...(sent && { urgency: sent }), signature }
  return reading.stateUrgency(by, referred.referralId, request)
}

async function itemOf({ referralId }: Referred) {
  const [row] = await sql`
    select id, case_id, merged_into, urgency, fence::int, leased_by, leased_until, arrived_at, due_at, own_due_at,
           extract(epoch from due_at - arrived_at) * 1000 as ms
    from triage_item where referral_id = ${referralId} and completed_at is null`
  return row!
}

const entriesOf = ({ referralId }: Referred) => sql`
  select convert_from(e.leaf, 'UTF8')::jsonb as said, o.details
  from audit_entry e join audit_opening o on o.entry_id = e.id
  where e.object_id = ${referralId} and e.action = 'urgency.stated' order by e.id`

const claim = (max: number) =>
  triage.claim(callers.casework, {
    ...{ recipient: casework.receiving.kid, max, leaseSeconds: 600 },
  })

t.test('the highest stated stands, and nothing lowers it', async (t) => {
  const referred = await refer()
  const { referralId } = referred
  const steps: [Urgency, before: Urgency, urgency: Urgency][] = [
    ['standard', 'standard', 'standard'],
    ['soon', 'standard', 'soon'],
    ['standard', 'soon', 'soon'],
    ['immediate', 'soon', 'immediate'],
    ['immediate', 'immediate', 'immediate'],
    ['urgent', 'immediate', 'immediate'],
  ]
  for (const [stated, before, urgency] of steps) {
    t.same(await state(referred, stated), { referralId, before, urgency })
    const item = await itemOf(referred)
    t.match(item, { urgency, due_at: new Date(dueMs({ at: item.arrived_at.getTime(), urgency })) })
  }
  const entries = await entriesOf(referred)
  t.same(
    entries.map(({ details }) => details),
    steps.map(([stated, before]) => ({ rules: 1, stated, before })),
  )
  const object = { kind: 'referral', id: referralId }
  for (const { said } of entries) t.match(said, { object, recipient: casework.receiving.kid })
  const kept = await sql`
    select urgency, rules, signer from urgency_statement where referral_id = ${referralId}
    order by urgency`
  const signer = casework.signing.kid
  t.same(
    [...kept],
    [
      { urgency: 'immediate', rules: 1, signer },
      { urgency: 'soon', rules: 1, signer },
    ],
  )
})

t.test('what a referrer sealed as immediate stays that', async (t) => {
  const referred = await refer(undefined, { urgency: 'immediate' })
  const due = (await itemOf(referred)).due_at
  t.match(await state(referred, 'standard'), { before: 'immediate', urgency: 'immediate' })
  t.same((await itemOf(referred)).due_at, due)
})

t.test('a day by which an answer is wanted still counts', async (t) => {
  const respondBy = new Date(Date.now() - 48 * hourMs).toISOString().slice(0, 10)
  const referred = await refer(undefined, { respondBy })
  await state(referred, 'soon')
  t.match(await itemOf(referred), { urgency: 'soon', ms: hourMs })
})

t.test('an item that somebody holds is raised under the same lease and fence', async (t) => {
  await claim(50)
  const referred = await refer()
  const [claimed] = (await claim(1)).claims
  t.equal(claimed?.urgency, 'standard')
  const before = await itemOf(referred)
  await state(referred, 'immediate')
  const { ms, ...after } = await itemOf(referred)
  t.equal(Number(ms), hourMs)
  for (const name of ['id', 'fence', 'leased_by', 'leased_until']) {
    t.same(after[name], before[name], name)
  }
  const { claimId = '', fence = 0 } = claimed ?? {}
  const renewed = await triage.renew(callers.casework, { claimId, fence }, 600)
  t.equal(renewed.changed, true, 'its holder is told')
  await triage.release(callers.casework, { claimId, fence })
  const [again] = (await claim(1)).claims
  t.match(again, { claimId, urgency: 'immediate' }, 'given back, it stands at its new place')
  const items = await triage.list(callers.casework, { state: 'leased' })
  t.match(
    items.items.find(({ itemId }) => itemId === claimId),
    { urgency: 'immediate' },
  )
  t.match(await cases.read(callers.casework, after.case_id), { item: { urgency: 'immediate' } })
})

t.test('of merged cases the one item is raised; taken apart, each side has its own', async (t) => {
  await claim(50)
  const [one, two, three] = [await refer(), await refer(), await refer()]
  const caseOf = async (it: Referred) => (await itemOf(it)).case_id
  for (const other of [two, three]) {
    await cases.merge(callers.casework, await caseOf(one), { otherId: await caseOf(other) })
  }
  const merged = (await itemOf(two)).merged_into === null ? three : two
  await state(merged, 'urgent')
  const [claimed, ...rest] = (await claim(50)).claims
  t.equal(rest.length, 0)
  t.match(claimed, { urgency: 'urgent', referrals: { length: 3 } })
  t.equal(claimed?.dueAt, (await itemOf(merged)).own_due_at.toISOString())
  await triage.release(callers.casework, claimed!)

  const referrals = [merged.referralId]
  await cases.split(callers.casework, await caseOf(one), { referrals, decision: 'different' })
  t.match(await itemOf(merged), { merged_into: null, urgency: 'urgent', ms: 4 * hourMs })
  for (const stays of [one, two, three].filter((it) => it !== merged)) {
    const { urgency, arrived_at, due_at } = await itemOf(stays)
    t.equal(urgency, 'standard')
    t.equal(due_at.getTime(), dueMs({ at: arrived_at.getTime(), urgency }))
  }
})

t.test('a referral that is raised puts back nothing that was due before it', async (t) => {
  const [immediate, raised] = [await refer(undefined, { urgency: 'immediate' }), await refer()]
  const [one, other] = [await itemOf(immediate), await itemOf(raised)]
  await cases.merge(callers.casework, one.case_id, { otherId: other.case_id })
  const head = async () => {
    const { merged_into, ...own } = await itemOf(raised)
    return merged_into === null ? own : await itemOf(immediate)
  }
  const { due_at } = await head()
  t.same(due_at, one.due_at)
  await state(raised, 'urgent')
  t.same((await head()).due_at, due_at)
  t.match(await itemOf(raised), { urgency: 'urgent' })
  t.match(await itemOf(immediate), { urgency: 'immediate' })
})

t.test('what a referral was worked on as before stays as it ended', async (t) => {
  await claim(50)
  const [answered, left] = [await refer(), await refer()]
  const [one, other] = [await itemOf(answered), await itemOf(left)]
  await cases.merge(callers.casework, one.case_id, { otherId: other.case_id })
  const [claimed] = (await claim(1)).claims
  await triage.complete(callers.casework, claimed!.claimId, {
    ...{ fence: claimed!.fence, outcome: 'accepted', referrals: [answered.referralId] },
  })
  const ended = async () => [
    ...(await sql`
      select * from triage_item where completed_at is not null
        and referral_id in (${answered.referralId}, ${left.referralId}) order by id`),
  ]
  const before = await ended()
  t.equal(before.length, 2)
  await state(left, 'urgent')
  await state(answered, 'immediate')
  t.same(await ended(), before)
  t.match(await itemOf(left), { urgency: 'urgent', merged_into: null })
})

t.test('what a completion leaves without an answer comes back as urgent as it was', async (t) => {
  await claim(50)
  const [answered, left] = [await refer(), await refer()]
  const [one, other] = [await itemOf(answered), await itemOf(left)]
  await cases.merge(callers.casework, one.case_id, { otherId: other.case_id })
  await state(left, 'immediate')
  const [claimed] = (await claim(1)).claims
  const { claimId = '', fence = 0 } = claimed ?? {}
  const completion = { fence, outcome: 'accepted' as const, referrals: [answered.referralId] }
  const first = await triage.complete(callers.casework, claimId, completion)
  t.same(first.requeued, [left.referralId])
  t.match(await itemOf(left), { urgency: 'immediate', ms: hourMs })
  t.same(
    await triage.complete(callers.casework, claimId, completion),
    first,
    'and so it is repeated',
  )

  t.match(await state(answered, 'immediate'), { before: 'standard', urgency: 'immediate' })
  const open = await sql`
    select from triage_item where referral_id = ${answered.referralId} and completed_at is null`
  t.equal(open.length, 0, 'what has its answer is not opened again by it')
  const [again] = (await claim(1)).claims
  const all = { fence: again!.fence, outcome: 'accepted' as const, referrals: [left.referralId] }
  t.same((await triage.complete(callers.casework, again!.claimId, all)).requeued, [])
  t.same(await triage.complete(callers.casework, claimId, completion), first, 'after that as well')
})

t.test('each fault is refused by its own name, and changes nothing', async (t) => {
  const referred = await refer()
  const other = await refer()
  const before = await itemOf(referred)
  const stranger = generateSigningKey()
  const faults: Record<string, [code: string, act: () => Promise<unknown>]> = {
    'a key of nobody': ['unknown-signer', () => state(referred, 'immediate', { signer: stranger })],
    "the key of another's client": [
      'recipient-not-yours',
      () => state(referred, 'immediate', {}, callers.clinic),
    ],
    'a recipient that does not hold what the rules read': [
      'recipient-lacks-compartments',
      () => state(referred, 'immediate', { signer: clinic.signing }, callers.clinic),
    ],
    'another urgency than was signed': [
      'signature-invalid',
      () => state(referred, 'standard', { sent: 'immediate' }),
    ],
    'a statement of another referral': [
      'signature-invalid',
      () => state({ ...other, referralId: referred.referralId }, 'immediate'),
    ],
    'a statement of before': [
      'clock-differs',
      () => state(referred, 'immediate', { at: now(-5 * minuteMs - 2000) }),
    ],
    'a statement of later': [
      'clock-differs',
      () => state(referred, 'immediate', { at: now(5 * minuteMs + 2000) }),
    ],
    'a day that is none': [
      'clock-differs',
      () => state(referred, 'immediate', { at: '2026-02-31T25:00:00Z' }),
    ],
    'a referral of nobody': [
      'not-found',
      () => state({ ...referred, referralId: newId() }, 'immediate'),
    ],
    'a reference of nobody': [
      'not-found',
      () => state({ ...referred, referralId: '00000000' }, 'immediate'),
    ],
  }
  for (const [name, [code, act]] of Object.entries(faults)) {
    await t.rejects(act(), { name: 'Refusal', code }, name)
  }
  t.same(await itemOf(referred), before)
  t.equal(
    (await sql`select from urgency_statement where referral_id = ${referred.referralId}`).length,
    0,
  )
  t.equal((await entriesOf(referred)).length, 0)
  for (const differs of [-4.5 * minuteMs, 4.5 * minuteMs]) {
    await state(referred, 'soon', { at: now(differs) })
  }
  const [row] = await sql`select reference from referral where id = ${referred.referralId}`
  const named = await state({ ...referred, referralId: row?.reference }, 'urgent')
  t.match(named, { referralId: referred.referralId, urgency: 'urgent' }, 'a reference names it too')
})

t.test(
  'statements, claims, merges and splits at once stop each other for ever nowhere',
  async (t) => {
    const referred = await Promise.all(Array.from({ length: 8 }, () => refer()))
    const urgencies: Urgency[] = ['soon', 'urgent', 'immediate']
    const caseOf = async (it: Referred) => (await itemOf(it)).case_id
    const settled = await Promise.allSettled([
      ...referred.flatMap((it) => urgencies.map((urgency) => state(it, urgency, {}))),
      ...Array.from({ length: 4 }, () => claim(2)),
      ...referred.slice(1).map(async (it) => {
        const [one, other] = [await caseOf(referred[0]!), await caseOf(it)]
        return cases.merge(callers.casework, one, { otherId: other })
      }),
    ])
    for (const result of settled) {
      if (result.status === 'fulfilled') continue
      t.match(result.reason, { code: 'case-changed' }, 'only a merge may come too late')
    }
    for (const it of referred) t.equal((await itemOf(it)).urgency, 'immediate')
  },
)

t.test('an answer waits for nobody who only refers to its referral', async (t) => {
  const { referralId } = await refer()
  // As whoever stores a statement, a note or a judgement holds it.
  await sql.begin(async (referring) => {
    await referring`select from referral where id = ${referralId} for key share`
    await sql.begin(async (answering) => {
      await answering`set local lock_timeout = '5s'`
      await answering`update referral set state = 'in_triage' where id = ${referralId}`
    })
  })
  t.match(await sql`select state from referral where id = ${referralId}`, [{ state: 'in_triage' }])
  await sql`update referral set state = 'received' where id = ${referralId}`
})

t.test('a statement that waited for a merge holds up none that follows', async (t) => {
  const [first, second, third] = [await refer(), await refer(), await refer()]
  const head = (await itemOf(first)).id
  /** The case of `first` takes in another, once its item is free, under no lock of all cases; then it waits. */
  function merge(other: Referred, until: Promise<void>) {
    return staged.database.inTransaction(callers.casework, async (tx) => {
      await tx.sql`select from triage_item where id = ${head} for update`
      const entryId = newId()
      const between = [first.referralId, other.referralId] as const
      const { caseId } = await mergeCases(tx, between, byPerson(), entryId)
      const object = { kind: 'case', id: caseId } as const
      await append(tx, { action: 'case.merged', object }, entryId)
      await until
    })
  }
  const untilLocked = async (id: string) => {
    for (let free = 1; free > 0; ) {
      free = (await sql`select from triage_item where id = ${id} for update skip locked`).length
    }
  }
  const untilBlocked = async (count: number) => {
    for (let blocked = 0; blocked < count; ) {
      const rows = await sql`
        select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      blocked = rows.length
    }
  }
  let commit = () => {}
  const gate = new Promise<void>((resolve) => {
    commit = resolve
  })
  const before = merge(second, gate)
  await untilLocked((await itemOf(second)).id)
  const stated = state(second, 'immediate')
  await untilBlocked(1)
  const after = merge(third, Promise.resolve())
  await untilBlocked(2)
  commit()
  await Promise.all([before, stated, after])
  t.match(await itemOf(second), { urgency: 'immediate', merged_into: head })
})

t.test(
  'who was a recipient of the keyset before may still state, until it is revoked',
  async (t) => {
    const referred = await refer()
    const version = (await sql`select max(version) as version from keyset`)[0]?.version
    const signer = generateSigningKey()
    const rotated = (revokes: number[]) =>
      publishKeyset(staged, {
        ...world.keyset,
        revokes,
        recipients: world.keyset.recipients.map((recipient) =>
          recipient.kid === casework.receiving.kid
            ? { ...recipient, signingKey: encodeBase64url(signer.publicKey) }
            : recipient,
        ),
      })
    await rotated([])
    t.match(await state(referred, 'soon'), { urgency: 'soon' })
    t.match(await state(referred, 'urgent', { signer }), { urgency: 'urgent' })
    await rotated([version + 1])
    await t.rejects(state(referred, 'immediate'), { code: 'unknown-signer' })
  },
)

t.test('who holds more by a later keyset states nothing of what was sealed before', async (t) => {
  const first = await publishKeyset(staged, world.keyset)
  const before = await refer(undefined, { keyset: keysetReference(first) })
  const wider = await publishKeyset(staged, {
    ...world.keyset,
    recipients: world.keyset.recipients.map((recipient) =>
      recipient.kid === clinic.receiving.kid
        ? { ...recipient, compartments: [...compartmentNames] }
        : recipient,
    ),
  })
  const after = await refer(undefined, { keyset: keysetReference(wider) })
  const asClinic = (referred: Referred) =>
    state(referred, 'immediate', { signer: clinic.signing }, callers.clinic)
  await t.rejects(asClinic(before), {
    code: 'recipient-lacks-compartments',
    message: `under keyset ${first.version}, by which`,
  })
  t.match(await itemOf(before), { urgency: 'standard' })
  t.match(await asClinic(after), { before: 'standard', urgency: 'immediate' })
  t.match(await state(before, 'soon'), { urgency: 'soon' })

  // Taken away again, it counts for nothing that it could read once.
  await publishKeyset(staged, world.keyset)
  await t.rejects(asClinic(after), { code: 'recipient-lacks-compartments' })
})
