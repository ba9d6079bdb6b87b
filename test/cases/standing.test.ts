/**
 * Goal: what a person said of two people stands whatever becomes of their cases, and no partner's
 * referral ties two people's cases together.
 * Method: as in pairing.test.ts, with the acts of a person between.
 */
import t from 'tap'
import { matchKeys } from '../../src/protocol/matching/matchkeys.ts'
import { requireBalanced } from '../helpers/books.ts'
import { matchingOf, matchingOfAll, relativeOf, stranger, valuesOf } from '../helpers/people.ts'
import { type Referred, stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, refer, check, pair, cases } = staged
const { casework } = staged.callers
t.afterEach(() => requireBalanced(sql))

async function caseOf({ referralId }: Referred): Promise<string> {
  const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
  return row?.case_id
}

/** What is held of two referrals now. */
async function held(one: Referred, other: Referred) {
  const [left, right] = [one.referralId, other.referralId].sort() as [string, string]
  const [row] = await sql`
    select id, verdict, basis, bits from judgement
    where left_id = ${left} and right_id = ${right} and ended_at is null`
  return row
}

const flags = async (referred: Referred) =>
  (await cases.read(casework, await caseOf(referred))).flags.map(({ kind }) => kind).sort()

const queueAgain = ({ referralId }: Referred) =>
  sql`insert into pairing (referral_id, queued_at) values (${referralId}, now())`

const splitOff = async (
  from: Referred,
  decision: 'different' | 'unsure',
  ...leaving: readonly Referred[]
) => {
  const referrals = leaving.map(({ referralId }) => referralId)
  return cases.split(casework, await caseOf(from), { referrals, decision })
}

/** So many of one person, one case by their keys, each held to be the first's. */
async function merged(count: number, person = stranger()): Promise<Referred[]> {
  const referred = []
  for (let made = 0; made < count; made += 1) referred.push(await refer(matchingOf(person)))
  await pair()
  return referred
}

t.test('an amendment about somebody else does not tie two people together', async (t) => {
  const [one, other] = [stranger(), stranger()]
  const [ofOne, ofOther] = [await refer(matchingOf(one)), await refer(matchingOf(other))]
  await pair()
  const about = await refer(matchingOf(one))
  await pair()
  t.equal(await caseOf(about), await caseOf(ofOne))
  const amendment = await refer(matchingOf(other), { supersedes: about.referralId })
  await pair()
  t.equal(await caseOf(amendment), await caseOf(ofOne))
  t.not(await caseOf(ofOther), await caseOf(ofOne))
  t.match(await held(amendment, ofOther), { verdict: 'possible', basis: 'keys' })
  await queueAgain(amendment)
  await pair()
  t.not(await caseOf(ofOther), await caseOf(ofOne), 'nor when it is paired again')
})

t.test('what a person said of a case is held of each part that it comes apart into', async (t) => {
  for (const decision of ['different', 'unsure'] as const) {
    const [first, second, third] = (await merged(3)) as [Referred, Referred, Referred]
    await splitOff(first, decision, third)
    await pair()
    t.equal(await held(second, third), undefined, 'said of the first')
    await splitOff(first, 'different', second)
    t.match(await held(second, third), { verdict: decision, basis: 'person' })
    await pair()
    t.equal(new Set(await Promise.all([first, second, third].map(caseOf))).size, 3)
  }
})

t.test('the same where the keys no longer hold the case together', async (t) => {
  const person = stranger()
  const [first, second, third] = (await merged(3, person)) as [Referred, Referred, Referred]
  await splitOff(first, 'different', third)
  await check(first, matchingOf(stranger()))
  await pair()
  t.not(await caseOf(first), await caseOf(second))
  t.match(await held(second, third), { verdict: 'different', basis: 'person' })
  t.not(await caseOf(second), await caseOf(third))
})

t.test('of two words on another case a part that has none takes the newer', async (t) => {
  for (const words of [
    ['unsure', 'different'],
    ['different', 'unsure'],
  ] as const) {
    const [other, first, second, third] = [
      await refer(),
      await refer(),
      await refer(),
      await refer(),
    ]
    const merge = async (one: Referred, two: Referred) =>
      cases.merge(casework, await caseOf(one), { otherId: await caseOf(two) })
    for (const [at, spoken] of [first, second].entries()) {
      await merge(other, spoken)
      await splitOff(other, words[at]!, spoken)
    }
    await merge(first, second)
    await merge(first, third)
    t.equal(await held(third, other), undefined, 'said of the others')
    await splitOff(first, 'unsure', third)
    t.match(await held(third, other), { verdict: words[1], basis: 'person' })
  }
})

t.test('what a referral itself is asked about is no doubt that it could settle', async (t) => {
  const [person, other] = [stranger(), { ...stranger(), identifiers: [] }]
  const both = stranger()
  const relative = await refer(matchingOf(relativeOf(both)))
  const between = await refer(matchingOf(both))
  await pair()
  t.match(await held(between, relative), { verdict: 'possible' })
  const [ofPerson, ofOther] = [await refer(matchingOf(person)), await refer(matchingOf(other))]
  await cases.merge(casework, await caseOf(relative), { otherId: await caseOf(ofOther) })
  const { identifiers = [] } = both
  await check(between, matchingOfAll([person, other, { identifiers }]))
  await pair()
  t.equal(await caseOf(between), await caseOf(ofPerson))
  t.not(await caseOf(between), await caseOf(ofOther), 'it ties no two people together')
  t.match(await held(between, relative), { verdict: 'possible' })
})

t.test('what comes apart is paired anew, also what nobody had tied to its cause', async (t) => {
  const people = [stranger(), stranger(), stranger()] as const
  const [one, other, both] = people.map((person) => ({ ...person, identifiers: [] }))
  const reachable = (person: typeof one, phone: string) => ({ ...person, phones: [phone] })
  const [ofOne, ofOther] = [reachable(one, '+447700900141'), reachable(other, '+447700900142')]
  const tie = await refer(matchingOfAll([one!, other!]))
  const chains = []
  for (const person of [ofOne, ofOther]) {
    const direct = await refer(matchingOf(person))
    await pair()
    chains.push({ direct, far: await refer(matchingOfAll([person, both!])) })
    await pair()
  }
  const [left, right] = chains as [(typeof chains)[0], (typeof chains)[0]]
  t.equal(new Set(await Promise.all([tie, left.far, right.far].map(caseOf))).size, 1)
  t.same([await held(left.far, tie), await held(right.far, tie)], [undefined, undefined])
  await check(tie, matchingOf(stranger()))
  await pair()
  t.not(await caseOf(left.far), await caseOf(right.far))
  t.match(await held(left.far, right.far), { verdict: 'possible' }, 'which are about one person')
})

t.test('the id of a case leads to where what stood in it is now', async (t) => {
  // Enough that the lesser id of the two is on either side.
  for (let run = 0; run < 6; run += 1) {
    const both = [await refer(), await refer()] as const
    const before = [await caseOf(both[0]), await caseOf(both[1])] as const
    await cases.merge(casework, before[0], { otherId: before[1] })
    const kept = await caseOf(both[0])
    const gone = kept === before[0] ? 1 : 0
    t.equal((await cases.read(casework, before[gone])).caseId, kept)
    await splitOff(both[0], 'different', both[1])
    const { caseId, referrals } = await cases.read(casework, before[gone])
    t.equal(caseId, await caseOf(both[gone]))
    t.same(
      referrals.map(({ referralId }) => referralId),
      [both[gone].referralId],
    )
  }
})

t.test(
  'who names a case that went on under another id is told so, and changes nothing',
  async (t) => {
    const [first, second, third] = [await refer(), await refer(), await refer()] as const
    const [old, otherId] = [await caseOf(second), await caseOf(third)]
    await cases.merge(casework, await caseOf(first), { otherId: old })
    const now = await caseOf(first)
    t.not(now, old)
    await sql`
    insert into case_flag (id, referral_id, kind, at)
    values (gen_random_uuid(), ${first.referralId}, 'replaced', now())`
    const refused = { code: 'case-changed', message: new RegExp(now) }
    const referrals = [second.referralId]
    await t.rejects(cases.merge(casework, old, { otherId }), refused)
    await t.rejects(cases.merge(casework, otherId, { otherId: old }), refused)
    await t.rejects(cases.split(casework, old, { referrals, decision: 'unsure' }), refused)
    await t.rejects(cases.decide(casework, old, otherId, { decision: 'same' }), refused)
    await t.rejects(cases.decide(casework, old, now, { decision: 'different' }), refused)
    await t.rejects(cases.clearFlags(casework, old), refused)
    t.same(await flags(first), ['replaced'])
    t.equal(await caseOf(second), now)
    t.not(await caseOf(third), now)
  },
)

t.test('what no one is asked about for want of room is marked, and comes back', async (t) => {
  const person = stranger()
  const decoys = []
  for (let count = 0; count < 5; count += 1)
    decoys.push(await refer(matchingOf(relativeOf(person))))
  // The decoys ask about each other; what matters here is whom the one asks.
  await sql`delete from pairing`
  const values = valuesOf(matchKeys(person).filter(({ type }) => type.startsWith('REF_')))
  const real = await refer({ epoch: 1, values: [...values, ...matchingOf(stranger()).values] })
  await sql`delete from pairing`
  const one = await refer(matchingOf(person))
  await pair()
  const dropped: Referred[] = []
  for (const other of [...decoys, real]) if (!(await held(one, other))) dropped.push(other)
  t.equal(dropped.length, 1)
  t.same(await flags(one), ['unasked'])
  await cases.clearFlags(casework, await caseOf(one))
  const asked = decoys.find((decoy) => !dropped.includes(decoy))!
  await check(asked, matchingOf(stranger()))
  await pair()
  t.equal(await held(one, asked), undefined)
  t.match(await held(one, dropped[0]!), { verdict: 'possible' }, 'its place is free again')
})

t.test('a question goes on as long as there is one, with what is found now', async (t) => {
  const [person, relative] = [{ ...stranger(), phones: ['+447700900123'] }, stranger()]
  const { identifiers = [], phones } = person
  const other = await refer(matchingOf(person))
  const one = await refer(matchingOf({ ...relative, identifiers }))
  await pair()
  const before = await held(one, other)
  t.match(before, { verdict: 'possible' })
  await queueAgain(one)
  await pair()
  t.equal((await held(one, other))?.id, before?.id, 'nothing changed')
  await check(one, matchingOf({ ...relative, identifiers, phones }))
  await pair()
  const after = await held(one, other)
  t.match(after, { verdict: 'possible', basis: 'keys' })
  t.notSame(after?.bits, before?.bits)
  await check(one, matchingOf(stranger()))
  await pair()
  t.equal(await held(one, other), undefined)
  const entries = await sql`
    select o.details from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'referral.paired' and e.object_id = ${one.referralId}
    order by e.at, e.id`
  t.match(
    entries.map(({ details }) => details.acts),
    [
      [{ act: 'asked' }],
      [],
      [{ act: 'renewed', with: other.referralId, basis: 'keys' }],
      [{ act: 'withdrawn', with: other.referralId, verdict: 'possible' }],
    ],
  )
})

t.test('a person who says again what keys found holds it against other keys', async (t) => {
  for (const act of ['decide', 'merge'] as const) {
    const person = stranger()
    const [first, second] = [await refer(matchingOf(person)), await refer(matchingOf(person))]
    const [one, otherId] = [await caseOf(first), await caseOf(second)]
    await pair()
    const again = () =>
      act === 'merge'
        ? cases.merge(casework, one, { otherId })
        : cases.decide(casework, one, otherId, { decision: 'same' })
    t.same(await again(), { caseId: await caseOf(first) })
    t.match(await held(first, second), { verdict: 'same', basis: 'person' })
    await check(second, matchingOf(stranger()))
    await pair()
    t.equal(await caseOf(first), await caseOf(second))
    const said = () => sql`
      select from audit_entry where action = 'case.judged' and object_id = ${one}`
    const { length } = await said()
    await again()
    t.equal((await said()).length, length + 1, 'each repetition is in the log')
  }
})

t.test('a case that people put together is not marked as one of keys alone', async (t) => {
  const person = stranger()
  const [first] = (await merged(3, person)) as [Referred]
  for (let count = 0; count < 3; count += 1) {
    await cases.merge(casework, await caseOf(first), { otherId: await caseOf(await refer()) })
  }
  await refer(matchingOf(person))
  await pair()
  t.same(await flags(first), [])
  await refer(matchingOf(person))
  await pair()
  t.same(await flags(first), ['long'])
})
