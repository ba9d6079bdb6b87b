/**
 * Goal: a referrer that sends the match keys of somebody else gains nothing that lasts: when a
 * recipient opens the referral and makes the keys again, the false link is undone, the queue is what
 * it would have been, and the honest match is found.
 * Method: the same referrals twice, once with the lie and its correction and once without; what the
 * queue shows is compared.
 */
import t from 'tap'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import { signMatchKeys } from '../../src/protocol/matching/matchvalues.ts'
import { compartmentNames } from '../../src/referral/compartment.ts'
import { requireBalanced } from '../helpers/books.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { keysetReference, publishKeyset } from '../helpers/publish.ts'
import { type Referred, stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, refer, check, pair, world, callers, triage } = staged
const { ngo, lawFirm } = world.referring
/** What one test leaves on the queue is nobody's work in the next. */
const clear = () =>
  sql`update triage_item set escalated_at = now(), leased_until = null where completed_at is null`
t.afterEach(async () => {
  await requireBalanced(sql)
  await clear()
})

async function caseOf({ referralId }: Referred): Promise<string> {
  const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
  return row?.case_id
}

async function flags(referred: Referred): Promise<string[]> {
  const rows = await sql`
    select f.kind from case_flag f join referral_case c on c.referral_id = f.referral_id
    where c.case_id = ${await caseOf(referred)}`
  return rows.map(({ kind }) => kind)
}

/**
 * The queue as a caseworker sees it, with the referrals by their names, and hours to the deadline
 * from the arrival of the first.
 */
async function queue(named: Readonly<Record<string, Referred>>) {
  const { items } = await triage.list(callers.casework, { state: 'waiting', limit: 200 })
  const nameOf = (id: string) =>
    Object.keys(named).find((name) => named[name]?.referralId === id) ?? id
  const [first] = await sql`
    select min(received_at) as at from referral
    where id = any (${Object.values(named).map(({ referralId }) => referralId)}::uuid[])`
  return items.map(({ referralIds, dueAt, lapses }) => ({
    referrals: referralIds.map(nameOf).sort(),
    hours: Math.round((Date.parse(dueAt) - first?.at.getTime()) / 3_600_000),
    lapses,
  }))
}

const claim = async (max = 1) => {
  const recipient = world.recipients.casework.receiving.kid
  const request = { recipient, max, leaseSeconds: 600 }
  return (await triage.claim(callers.casework, request)).claims
}

/** A victim, an honest referral of the liar's own client, and the liar's; paired. */
async function scene(sentBy: 'a liar' | 'an honest partner', urgency: 'immediate' | 'urgent') {
  const [victim, client] = [stranger(), stranger()]
  const ofVictim = await refer(matchingOf(victim), { by: lawFirm, urgency: 'soon' })
  const honest = await refer(matchingOf(client), { by: lawFirm })
  await pair()
  const sent = matchingOf(sentBy === 'a liar' ? victim : client)
  const lie = await refer(sent, { by: ngo, urgency })
  await pair()
  return { ofVictim, honest, lie, truth: matchingOf(client) }
}

t.test('the false link is undone, and the queue is what it would have been', async (t) => {
  for (const urgency of ['immediate', 'urgent'] as const) {
    await clear()
    const { truth: _, ...told } = await scene('an honest partner', urgency)
    const expected = await queue(told)
    t.same(
      expected.map(({ referrals }) => referrals),
      [['honest', 'lie'], ['ofVictim']],
    )
    await clear()
    const { truth, ...lied } = await scene('a liar', urgency)
    t.equal(await caseOf(lied.lie), await caseOf(lied.ofVictim), 'nobody could know')
    t.notSame(await queue(lied), expected)
    t.equal(await check(lied.lie, truth), 'other')
    await pair()
    t.equal(await caseOf(lied.lie), await caseOf(lied.honest), 'the honest match is found')
    t.same(await queue(lied), expected)
    t.same(await flags(lied.lie), ['replaced'], 'and people are told')
    t.same(await flags(lied.ofVictim), [])
    t.equal(await check(lied.lie, truth), 'same', 'once')
  }
})

t.test('the log says that the link came from keys, and went with them', async (t) => {
  const { ofVictim, lie, truth } = await scene('a liar', 'urgent')
  const joint = await caseOf(lie)
  await check(lie, truth)
  await pair()
  const entries = await sql`
    select e.action, o.details, o.client_id as client
    from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.object_id in (${joint}, ${lie.referralId}) and e.action ~ '(^case|^match|paired$)'
    order by e.at, e.id`
  const [referral, other] = [lie.referralId, ofVictim.referralId]
  t.match(entries, [
    {
      action: 'referral.paired',
      client: null,
      details: { acts: [{ act: 'merged', referral, with: other, case: joint, basis: 'keys' }] },
    },
    { action: 'match-keys.checked', client: world.clients.casework, details: { before: 'other' } },
    {
      action: 'referral.paired',
      client: null,
      details: {
        acts: [
          { act: 'withdrawn', referral, with: other, verdict: 'same' },
          { act: 'split', case: joint, moved: 1, stayed: 1 },
          { act: 'merged', referral, basis: 'keys' },
        ],
      },
    },
  ])
  const [ended] = await sql`
    select verdict, ended_at is not null as ended from judgement
    where left_id in (${lie.referralId}, ${ofVictim.referralId})
      and right_id in (${lie.referralId}, ${ofVictim.referralId})`
  t.match(ended, { verdict: 'same', ended: true })
})

t.test('who works on the victim keeps the lease, and the other is free at once', async (t) => {
  const { ofVictim, lie, truth } = await scene('a liar', 'urgent')
  const [held] = await claim()
  t.equal(held?.referrals.length, 2)
  await check(lie, truth)
  await pair()
  const named = { claimId: held!.claimId, fence: held!.fence }
  t.equal((await triage.renew(callers.casework, named, 600)).changed, true)
  const [free] = await claim()
  t.ok(free?.referrals.some(({ referralId }) => referralId === lie.referralId))
  const both = [ofVictim.referralId, lie.referralId]
  const completion = (referrals: string[]) =>
    triage.complete(callers.casework, held!.claimId, {
      ...{ fence: held!.fence, outcome: 'accepted', referrals },
    })
  await t.rejects(completion(both), { code: 'case-changed' }, 'the liar’s is not answered with it')
  await completion([ofVictim.referralId])
})

t.test('a chain that only the lie held together comes apart, and nothing else', async (t) => {
  const [one, other] = [stranger(), stranger()]
  const ofOne = [await refer(matchingOf(one)), await refer(matchingOf(one))] as const
  await pair()
  // Its keys are those of the first; an amendment of it is about the second.
  const lie = await refer(matchingOf(one), { by: ngo })
  await pair()
  const amendment = await refer(undefined, { by: ngo, supersedes: lie.referralId })
  const ofOther = await refer(matchingOf(other))
  await pair()
  t.equal(new Set(await Promise.all([...ofOne, lie, amendment].map(caseOf))).size, 1)
  await check(lie, matchingOf(other))
  await pair()
  t.equal(await caseOf(ofOne[0]), await caseOf(ofOne[1]))
  t.equal(await caseOf(amendment), await caseOf(lie), 'an amendment stays with what it amends')
  t.not(await caseOf(lie), await caseOf(ofOne[0]))
  // Tied to its amendment, it would tie that to the other as well: a person is asked.
  t.not(await caseOf(lie), await caseOf(ofOther))
  const [asked] = await sql`
    select verdict from judgement
    where ended_at is null and ${lie.referralId} in (left_id, right_id)
      and ${ofOther.referralId} in (left_id, right_id)`
  t.match(asked, { verdict: 'possible' })
})

t.test('what a person has judged is not undone by other keys', async (t) => {
  const [one, other] = [await refer(matchingOf(stranger())), await refer(matchingOf(stranger()))]
  await pair()
  await staged.cases.merge(callers.casework, await caseOf(one), { otherId: await caseOf(other) })
  t.equal(await check(other, matchingOf(stranger())), 'other')
  await pair()
  t.equal(await caseOf(one), await caseOf(other))
})

t.test('keys that hide a person are found out the same way', async (t) => {
  const person = stranger()
  const known = await refer(matchingOf(person))
  const hidden = await refer(matchingOf(stranger()), { by: ngo })
  const silent = await refer(undefined, { by: ngo })
  await pair()
  t.equal(new Set(await Promise.all([known, hidden, silent].map(caseOf))).size, 3)
  for (const one of [hidden, silent]) t.not(await check(one, matchingOf(person)), 'same')
  await pair()
  t.equal(new Set(await Promise.all([known, hidden, silent].map(caseOf))).size, 1)
  t.same(await flags(hidden), ['replaced'], 'where there were none, none were replaced')
})

t.test('keys that an opened referral does not give are taken away', async (t) => {
  const person = stranger()
  const [known, nameless] = [await refer(matchingOf(person)), await refer(matchingOf(person))]
  await pair()
  t.equal(await caseOf(known), await caseOf(nameless))
  t.equal(await check(nameless, { epoch: 1, values: [] }), 'other')
  await pair()
  t.not(await caseOf(known), await caseOf(nameless))
})

t.test('only who holds identity and contact may say so, for this referral alone', async (t) => {
  const [one, other] = [await refer(matchingOf(stranger())), await refer(matchingOf(stranger()))]
  const { epoch, values } = matchingOf(stranger())
  const { casework, clinic } = world.recipients
  const signed = ({ envelope }: Referred, { signing }: typeof casework, said = values) =>
    signMatchKeys(headerHash(canonicalBytes(envelope.header)), { epoch, values: said }, signing)
  const put = (signature: ReturnType<typeof signed>, by = callers.casework) =>
    staged.reading.checkMatchKeys(by, one.referralId, { epoch, values, signature })
  await t.rejects(put(signed(one, clinic), callers.clinic), {
    code: 'recipient-lacks-compartments',
  })
  await t.rejects(put(signed(one, casework), callers.clinic), { code: 'recipient-not-yours' })
  await t.rejects(put(signed(other, casework)), { code: 'signature-invalid' })
  await t.rejects(put(signed(one, casework, values.slice(1))), { code: 'signature-invalid' })
  await t.rejects(put(signed(one, { ...casework, signing: ngo.signing })), {
    code: 'unknown-signer',
  })
  const unlisted = { epoch: 9, values }
  const signature = signMatchKeys(
    headerHash(canonicalBytes(one.envelope.header)),
    unlisted,
    casework.signing,
  )
  await t.rejects(
    staged.reading.checkMatchKeys(callers.casework, one.referralId, { ...unlisted, signature }),
    { code: 'unknown-matching-epoch' },
  )
  t.equal((await put(signed(one, casework))).before, 'other')
})

t.test('who holds them by a later keyset vouches for nothing that was sealed before', async (t) => {
  const { receiving } = world.recipients.clinic
  const wider = await publishKeyset(staged, {
    ...world.keyset,
    recipients: world.keyset.recipients.map((recipient) =>
      recipient.kid === receiving.kid
        ? { ...recipient, compartments: [...compartmentNames] }
        : recipient,
    ),
  })
  const keyset = keysetReference(wider)
  const before = await refer(matchingOf(stranger()))
  const after = await refer(matchingOf(stranger()), { keyset })
  const asClinic = (referred: Referred) =>
    check(referred, matchingOf(stranger()), staged.reading, 'clinic')
  await t.rejects(asClinic(before), {
    code: 'recipient-lacks-compartments',
    message: /identity, contact under keyset 1,/,
  })
  t.same(await flags(before), [])
  t.equal(await asClinic(after), 'other')
  t.equal(await check(before, matchingOf(stranger())), 'other')
})
