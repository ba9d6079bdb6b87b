/**
 * Goal: which referrals become one case, which a person is asked about, and which are left alone;
 * and that none of it loses, holds up or hides anybody's place on the queue.
 * Method: referrals with match values that are equal or not, paired when the test says so; what
 * became of them is read from the tables.
 */
import t from 'tap'
import { candidatesPerValueMax } from '../../src/matching/odds.ts'
import { matchKeys } from '../../src/protocol/matching/matchkeys.ts'
import { requireBalanced } from '../helpers/books.ts'
import { matchingOf, matchingOfAll, relativeOf, stranger, valuesOf } from '../helpers/people.ts'
import { keysetReference, publishEpochs } from '../helpers/publish.ts'
import { type Referred, stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, refer, check, pair, world } = staged
t.afterEach(async () => {
  await requireBalanced(sql)
  // What one test leaves on the queue is nobody's work in the next.
  await sql`update triage_item set escalated_at = now(), leased_until = null
            where completed_at is null`
})

async function caseOf({ referralId }: Referred): Promise<string> {
  const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
  return row?.case_id
}

async function openItems(...referred: readonly Referred[]) {
  const cases = await Promise.all(referred.map(caseOf))
  return sql`
    select * from triage_item
    where case_id = any (${cases}) and completed_at is null and merged_into is null
    order by due_at, id`
}

/** What is held of two referrals now. */
async function held(one: Referred, other: Referred) {
  const [left, right] = [one.referralId, other.referralId].sort() as [string, string]
  const [row] = await sql`
    select verdict, basis, probability, bits from judgement
    where left_id = ${left} and right_id = ${right} and ended_at is null`
  return row
}

/** How many open questions there are about one referral. */
async function questions({ referralId }: Referred): Promise<number> {
  const rows = await sql`
    select from judgement
    where ended_at is null and verdict = 'possible' and ${referralId} in (left_id, right_id)`
  return rows.length
}

async function flags({ referralId }: Referred): Promise<string[]> {
  const rows = await sql`
    select f.kind from case_flag f join referral_case c on c.referral_id = f.referral_id
    where c.case_id = (select case_id from referral_case where referral_id = ${referralId})
    order by f.kind`
  return rows.map(({ kind }) => kind)
}

const queueAgain = ({ referralId }: Referred) =>
  sql`insert into pairing (referral_id, queued_at) values (${referralId}, now())`

const claim = (who: 'casework' | 'clinic' = 'casework', max = 1) =>
  staged.triage.claim(staged.callers[who], {
    ...{ recipient: world.recipients[who].receiving.kid, max, leaseSeconds: 60 },
  })

/** Two strangers, and a referral with the keys of both: beyond doubt of the one rather than the other. */
async function strangersMixedUp() {
  const [better, other] = [stranger(), { ...stranger(), identifiers: [] }]
  const ofOther = await refer(matchingOf(other))
  const ofBetter = await refer(matchingOf(better))
  await pair()
  const both = await refer(matchingOfAll([other, better]))
  await pair()
  return { ofOther, ofBetter, both }
}

/** One person, referred once without the reference and once without the birth date. */
async function halvesOfOne() {
  const person = stranger()
  const { identifiers: _, ...withoutReference } = person
  const { dateOfBirth: __, ...withoutDate } = person
  const first = await refer(matchingOf(withoutReference))
  return { person, first, second: await refer(matchingOf(withoutDate)) }
}

t.test('until it is paired each referral is a case and an item of its own', async (t) => {
  const person = stranger()
  const [first, second] = [await refer(matchingOf(person)), await refer(matchingOf(person))]
  t.not(await caseOf(first), await caseOf(second))
  const { claims } = await claim('casework', 50)
  t.equal(claims.length, 2, 'claimable from the commit on')
})

t.test('two referrals of one person become one case and one item', async (t) => {
  const person = stranger()
  const [first, second] = [await refer(matchingOf(person)), await refer(matchingOf(person))]
  const older = await caseOf(first)
  await pair()
  t.equal(await caseOf(second), older, 'the case of the older one goes on')
  const [item, ...others] = await openItems(first, second)
  t.same(others, [])
  t.same(item?.referral_ids, [first.referralId, second.referralId])
  t.match(await held(first, second), { verdict: 'same', basis: 'keys' })
  const [entry] = await sql`
    select e.action, o.details, o.client_id from audit_entry e
    join audit_opening o on o.entry_id = e.id
    join judgement j on j.entry_id = e.id
    where ${second.referralId}::uuid in (j.left_id, j.right_id)`
  t.match(entry, { action: 'referral.paired', client_id: null })
  t.match(entry?.details.acts, [{ act: 'merged', case: older, basis: 'keys', referrals: 2 }])
  t.match(entry?.details.acts[0].bits, /\bN agrees \d/, 'the log says why, in bits')
})

t.test('any number that come before the first is paired become one case', async (t) => {
  for (let run = 0; run < 5; run += 1) {
    const person = stranger()
    const referred = await Promise.all(Array.from({ length: 6 }, () => refer(matchingOf(person))))
    await pair()
    t.equal(new Set(await Promise.all(referred.map(caseOf))).size, 1)
    t.equal((await openItems(...referred)).length, 1)
    for (const one of referred) t.equal(await questions(one), 0)
  }
})

t.test('nor do those that are more alike among them make cases of their own', async (t) => {
  const person = stranger()
  const phones = [['+442079460001'], ['+442079460002']] as const
  const referred = []
  for (const [at] of [...phones, ...phones].entries()) {
    referred.push(await refer(matchingOf({ ...person, phones: [...phones[at % 2]!] })))
  }
  await pair()
  t.equal(new Set(await Promise.all(referred.map(caseOf))).size, 1)
  for (const one of referred) t.equal(await questions(one), 0)
})

t.test('a reference alone merges nobody: a person is asked', async (t) => {
  const person = stranger()
  const first = await refer(matchingOf(person))
  const second = await refer(matchingOf(relativeOf(person)))
  await pair()
  t.not(await caseOf(first), await caseOf(second))
  t.match(await held(first, second), { verdict: 'possible', basis: 'keys' })
  t.equal((await openItems(first, second)).length, 2)
  const [entry] = await sql`
    select e.action, o.details from audit_entry e
    join audit_opening o on o.entry_id = e.id
    join judgement j on j.entry_id = e.id
    where ${second.referralId}::uuid in (j.left_id, j.right_id)`
  t.equal(entry?.action, 'referral.paired')
  const asked = { act: 'asked', referral: second.referralId, with: first.referralId }
  t.match(entry?.details.acts, [{ ...asked, case: await caseOf(first), basis: 'keys' }])
})

t.test('strangers, and those without keys, are left alone', async (t) => {
  const referred = [
    await refer(matchingOf(stranger())),
    await refer(matchingOf(stranger())),
    await refer(),
    await refer(),
  ]
  await pair()
  t.equal(new Set(await Promise.all(referred.map(caseOf))).size, 4)
  for (const one of referred) t.equal(await questions(one), 0)
})

t.test('an amendment is merged into the case of what it amends, whatever its keys', async (t) => {
  const person = stranger()
  const first = await refer(matchingOf(person))
  const companion = await refer(matchingOf(person))
  await pair()
  const supersedes = first.referralId
  const amendment = await refer(matchingOf(stranger()), { supersedes })
  const silent = await refer(undefined, { supersedes: amendment.referralId })
  t.not(await caseOf(amendment), await caseOf(first), 'not before it is paired')
  await pair()
  for (const one of [companion, amendment, silent]) t.equal(await caseOf(one), await caseOf(first))
  t.match(await held(first, amendment), { verdict: 'same', basis: 'amendment', probability: null })
  t.match(await held(amendment, silent), { verdict: 'same', basis: 'amendment' })
  t.equal((await openItems(first)).length, 1)
})

t.test('a case that keys alone hold together is marked at the fifth referral, once', async (t) => {
  const person = stranger()
  const first = await refer(matchingOf(person))
  for (let count = 2; count <= 4; count += 1) await refer(matchingOf(person))
  await pair()
  t.same(await flags(first), [])
  await refer(matchingOf(person))
  await pair()
  t.same(await flags(first), ['long'])
  for (let count = 6; count <= 8; count += 1) await refer(matchingOf(person))
  await pair()
  t.same(await flags(first), ['long'], 'one mark of a case, however long it grows')
})

t.test(
  'a referral that matches two cases is merged into the better and asks about the other',
  async (t) => {
    const { ofOther, ofBetter, both } = await strangersMixedUp()
    t.equal(await caseOf(both), await caseOf(ofBetter))
    t.not(await caseOf(both), await caseOf(ofOther))
    t.match(await held(both, ofBetter), { verdict: 'same' })
    t.match(await held(both, ofOther), { verdict: 'possible' })
    await queueAgain(both)
    await pair()
    t.not(await caseOf(both), await caseOf(ofOther), 'paired again it does not tie them together')
    t.equal(await questions(both), 1)
  },
)

t.test('a referral beyond doubt of two that a person is asked about is the answer', async (t) => {
  const { person, first, second } = await halvesOfOne()
  await pair()
  t.not(await caseOf(first), await caseOf(second))
  t.match(await held(first, second), { verdict: 'possible' })
  const both = await refer(matchingOf(person))
  await pair()
  t.equal(await caseOf(first), await caseOf(second))
  t.equal(await caseOf(both), await caseOf(second))
  t.equal(await held(first, second), undefined, 'nobody is asked any more')
  t.equal((await openItems(first, second, both)).length, 1)
  await requireBalanced(sql)

  // Whoever opens it finds that its keys were somebody else's.
  await check(both, matchingOf(stranger()))
  await pair()
  const cases = await Promise.all([first, second, both].map(caseOf))
  t.equal(new Set(cases).size, 3, 'it no longer ties them together')
  t.match(await held(first, second), { verdict: 'possible' }, 'and a person is asked again')
})

t.test('a person who takes out what had answered a question is asked it again', async (t) => {
  const { person, first, second } = await halvesOfOne()
  const between = await refer(matchingOf(person))
  await pair()
  t.equal(await caseOf(first), await caseOf(second))
  const referrals = [between.referralId]
  const decision = 'different'
  await staged.cases.split(staged.callers.casework, await caseOf(first), { referrals, decision })
  await pair()
  const cases = await Promise.all([first, second, between].map(caseOf))
  t.equal(new Set(cases).size, 3, 'nobody has said that the two are one')
  t.match(await held(first, second), { verdict: 'possible' })
  t.equal((await openItems(first, second, between)).length, 3)
  await requireBalanced(sql)
})

t.test(
  'the same again is no answer: two strangers are not tied by one lie sent twice',
  async (t) => {
    const [better, other] = [stranger(), { ...stranger(), identifiers: [] }]
    const ofOther = await refer(matchingOf(other))
    const ofBetter = await refer(matchingOf(better))
    await pair()
    for (let count = 0; count < 3; count += 1) {
      await refer(matchingOfAll([other, better]))
      await pair()
    }
    t.not(await caseOf(ofBetter), await caseOf(ofOther))
  },
)

t.test('"different" is never asked again, nor merged, also after pairing anew', async (t) => {
  const person = stranger()
  const [first, relative] = [
    await refer(matchingOf(person)),
    await refer(matchingOf(relativeOf(person))),
  ]
  await pair()
  const { casework } = staged.callers
  const decision = 'different'
  await staged.cases.decide(casework, await caseOf(first), await caseOf(relative), { decision })
  for (const one of [first, relative]) await queueAgain(one)
  await pair()
  t.match(await held(first, relative), { verdict: 'different', basis: 'person' })
  t.equal(await questions(first), 0)
  const third = await refer(matchingOf(person))
  await pair()
  t.equal(await caseOf(third), await caseOf(first))
  t.equal(await questions(third), 0, 'nor of a referral that was merged with one of the two since')
  const between = await refer(matchingOf({ ...person, identifiers: [] }))
  await pair()
  t.equal(await caseOf(between), await caseOf(first))
})

t.test('a case that was taken apart by a person is not put together again by keys', async (t) => {
  const person = stranger()
  const referred = []
  for (let count = 0; count < 4; count += 1) referred.push(await refer(matchingOf(person)))
  await pair()
  const [first, second, third, fourth] = referred as [Referred, Referred, Referred, Referred]
  const { casework } = staged.callers
  const referrals = [second.referralId, fourth.referralId]
  await staged.cases.split(casework, await caseOf(first), { referrals, decision: 'different' })
  await pair()
  t.equal(await caseOf(first), await caseOf(third))
  t.equal(await caseOf(second), await caseOf(fourth))
  t.not(await caseOf(first), await caseOf(second))
  for (const one of referred) t.equal(await questions(one), 0)
})

t.test('what a person took out of one case is paired anew, and found in another', async (t) => {
  const { ofOther, ofBetter, both } = await strangersMixedUp()
  t.equal(await caseOf(both), await caseOf(ofBetter))
  const { casework } = staged.callers
  const referrals = [both.referralId]
  await staged.cases.split(casework, await caseOf(both), { referrals, decision: 'different' })
  await pair()
  t.equal(await caseOf(both), await caseOf(ofOther))
  t.equal(await questions(both), 0)
})

t.test('one referral asks at most five questions', async (t) => {
  const person = stranger()
  const relatives = []
  for (let count = 0; count < 7; count += 1) {
    // Seven of whom none is like another, and each like him by one value of his.
    const { identifiers: _, ...relative } = stranger()
    const like = matchKeys(person).filter(({ type }) => type === 'REF_port' || type === 'TP_D')
    const values = [...valuesOf(matchKeys(relative)), ...valuesOf([like[0]!])]
    relatives.push(await refer({ epoch: 1, values: values.slice(0, 39) }))
  }
  await pair()
  const asked = await Promise.all(relatives.map(questions))
  const one = await refer(matchingOf(person))
  await pair()
  t.ok(Math.max(...asked) <= 6)
  t.equal(await questions(one), 5)
  await queueAgain(one)
  await pair()
  t.equal(await questions(one), 5, 'also when it is paired again')
})

t.test('a case of fifty takes no more, and nobody is lost', async (t) => {
  const person = stranger()
  const first = await refer(matchingOf(person))
  await Promise.all(Array.from({ length: 49 }, () => refer(matchingOf(person))))
  await pair()
  const [size] = await sql`
    select count(*)::int as count from referral_case where case_id = ${await caseOf(first)}`
  t.equal(size?.count, 50)
  const late = await refer(matchingOf(person))
  const amendment = await refer(undefined, { supersedes: first.referralId })
  await pair()
  t.same(staged.noted.errors, [])
  for (const one of [late, amendment]) {
    t.not(await caseOf(one), await caseOf(first))
    t.ok((await flags(one)).includes('full'))
    t.equal((await openItems(one)).length, 1)
  }
  t.equal(await questions(late), 1, 'a person is asked instead')
})

t.test('a value that a crowd shares is marked, and hides nobody', async (t) => {
  const common = { type: 'REF_port', value: 'ASK' }
  const crowd = valuesOf([common])
  const person = stranger()
  const withCommon = { epoch: 1, values: [...matchingOf(person).values, ...crowd] }
  for (let count = 0; count < 12; count += 1) {
    await Promise.all(
      Array.from({ length: 25 }, () => {
        return refer({ epoch: 1, values: [...matchingOf(stranger()).values, ...crowd] })
      }),
    )
  }
  const match = await refer(withCommon)
  await sql`delete from pairing`
  const before = staged.noted.crowded
  const one = await refer(withCommon)
  await pair()
  t.equal(await caseOf(one), await caseOf(match), 'the true match is younger than all the crowd')
  t.ok((await flags(one)).includes('shared'))
  t.equal(staged.noted.crowded, before + 1)
  t.ok((await questions(one)) <= 5)
  t.same(staged.noted.errors, [])
})

t.test('a telephone that a crowd gives merges nobody, one of their own does', async (t) => {
  const wing = '+447700900111'
  await Promise.all(
    Array.from({ length: candidatesPerValueMax }, () => {
      return refer(matchingOf({ ...stranger(), phones: [wing] }))
    }),
  )
  const nameAnd = (phone: string) => {
    const { givenNames = '', familyName = '' } = stranger()
    return matchingOf({ givenNames, familyName, phones: [phone] })
  }
  const own = nameAnd('+447700900112')
  const shared = nameAnd(wing)
  const firsts = [await refer(own), await refer(shared)] as const
  await pair()
  await sql`delete from pairing`
  const seconds = [await refer(own), await refer(shared)] as const
  await pair()
  t.equal(await caseOf(seconds[0]), await caseOf(firsts[0]))
  t.not(await caseOf(seconds[1]), await caseOf(firsts[1]))
  t.ok((await questions(seconds[1])) > 0, 'a person is asked instead')
  const weighed = async (one: Referred, other: Referred) => {
    const { bits = [], probability } = (await held(one, other)) ?? {}
    const agrees = bits.filter(({ because }: { because: string }) => because === 'agrees')
    return { agrees: agrees.map(({ type }: { type: string }) => type), probability }
  }
  const asked = await weighed(seconds[1], firsts[1])
  t.ok(asked.agrees.includes('PHONE'), 'by all that agrees')
  const { givenNames: given = '', familyName: family = '' } = stranger()
  const two = { givenNames: given, familyName: family, phones: [wing, '+447700900113'] }
  const [third, fourth] = [await refer(matchingOf(two)), await refer(matchingOf(two))]
  await pair()
  t.equal(await caseOf(third), await caseOf(fourth), 'one of their own beside it does')

  // The same holds of what was merged for other reasons, where these turn out to be wrong.
  const person = { ...stranger(), phones: [wing] }
  const [one, other] = [await refer(matchingOf(person)), await refer(matchingOf(person))]
  await pair()
  t.equal(await caseOf(one), await caseOf(other))
  const merged = await weighed(one, other)
  t.ok(merged.agrees.includes('T_D') && !merged.agrees.includes('PHONE'), 'by what no crowd shares')
  const { givenNames = '', familyName = '' } = person
  await check(other, matchingOf({ givenNames, familyName, phones: [wing] }))
  await pair()
  t.not(await caseOf(one), await caseOf(other))

  const [unlike] = [await refer(matchingOf({ ...stranger(), phones: [wing] })), await refer()]
  await pair()
  // Of so many likenesses a few may be in doubt as well, and one too many is another flag.
  t.ok((await flags(unlike)).includes('shared'), 'also where it waits beside a stranger')
})

t.test('a merged case is due when its most urgent referral is, and never later', async (t) => {
  const person = stranger()
  const standard = await refer(matchingOf(person))
  const urgent = await refer(matchingOf(person), { urgency: 'urgent' })
  const [, alone] = (await openItems(standard, urgent)).toSorted((a, b) => b.due_at - a.due_at)
  await pair()
  const [merged] = await openItems(standard)
  t.same(merged?.due_at, alone?.due_at)
  await refer(matchingOf(person), { urgency: 'standard' })
  await refer(undefined, { supersedes: urgent.referralId, urgency: 'standard' })
  await pair()
  const [later] = await openItems(standard)
  t.same(later?.due_at, alone?.due_at)
  const immediate = await refer(matchingOf(person), { urgency: 'immediate' })
  await pair()
  const [raised] = await openItems(standard)
  t.ok(raised?.due_at < alone?.due_at)
  t.equal(raised?.referral_ids.length, 5)
  t.equal(raised?.case_id, await caseOf(immediate))
})

t.test(
  'a case whose work has ended gets a new item when a new referral is merged into it',
  async (t) => {
    const person = stranger()
    const first = await refer(matchingOf(person))
    const { claims } = await claim()
    const { claimId, fence } = claims[0]!
    await staged.triage.complete(staged.callers.casework, claimId, {
      ...{ fence, outcome: 'accepted', referrals: [first.referralId] },
    })
    const second = await refer(matchingOf(person))
    await pair()
    t.equal(await caseOf(second), await caseOf(first))
    const [item] = await openItems(first)
    t.equal(item?.referral_id, second.referralId)
    t.same(item?.referral_ids, [first.referralId, second.referralId])
    const [state] = await sql`select state from referral where id = ${first.referralId}`
    t.equal(state?.state, 'accepted')
    const again = (await claim()).claims[0]!
    t.same(
      again.referrals.map(({ referralId, state }) => [referralId, state]).sort(),
      [
        [first.referralId, 'accepted'],
        [second.referralId, 'in_triage'],
      ].sort(),
    )
  },
)

t.test('a referral whose pairing fails waits, and holds up nobody behind it', async (t) => {
  const [failing, well] = [stranger(), stranger()]
  const broken = await refer(matchingOf(failing))
  await pair()
  await sql.unsafe(`
    create function fault() returns trigger language plpgsql as $$ begin
      if '${broken.referralId}' in (new.left_id, new.right_id) then raise exception 'a fault'; end if;
      return new;
    end $$;
    create trigger fault before insert on judgement for each row execute function fault()`)
  const second = await refer(matchingOf(failing))
  const [one, other] = [await refer(matchingOf(well)), await refer(matchingOf(well))]
  await pair()
  t.equal(await caseOf(one), await caseOf(other), 'those behind it were paired')
  t.not(await caseOf(broken), await caseOf(second))
  t.equal(staged.noted.errors.splice(0).length, 1)
  const waiting = () => sql`select referral_id, attempts, not_before > now() as later from pairing`
  t.match(await waiting(), [{ referral_id: second.referralId, attempts: 1, later: true }])
  await sql`update pairing set not_before = now() - interval '1 second'`
  await pair()
  t.match(await waiting(), [{ attempts: 2, later: true }])
  t.equal(staged.noted.errors.splice(0).length, 1)
  const [wait] = await sql`
    select extract(epoch from not_before - now()) as seconds from pairing`
  t.ok(Number(wait?.seconds) > 1, 'longer each time')
  await sql`drop trigger fault on judgement`
  await sql`drop function fault`
  await sql`update pairing set not_before = now() - interval '1 second'`
  await pair()
  t.equal(await caseOf(broken), await caseOf(second))
  t.same(await waiting(), [])
})

t.test('keys are compared within an epoch, and under the one that says most', async (t) => {
  const keyset = keysetReference(await publishEpochs(staged, 1, 2))
  const person = stranger()
  const { values } = matchingOf(person)
  const old = await refer({ epoch: 1, values })
  const apart = await refer({ epoch: 2, values }, { keyset })
  await pair()
  t.not(await caseOf(old), await caseOf(apart), 'equal bytes of two epochs say nothing')
  const previous = { epoch: 1, values }
  const both = await refer({ ...matchingOf(stranger(), 2), previous }, { keyset })
  await pair()
  t.equal(await caseOf(both), await caseOf(old))
})

t.test('values of an epoch that no keyset lists merge nobody, though they are there', async (t) => {
  const keyset = keysetReference(await publishEpochs(staged, 5, 6))
  const person = stranger()
  const twice = async () => [
    await refer(matchingOf(person, 5), { keyset }),
    await refer(matchingOf(person, 5), { keyset }),
  ]
  const [first, second] = (await twice()) as [Referred, Referred]
  await publishEpochs(staged, 6)
  await pair()
  t.not(await caseOf(first), await caseOf(second))
  t.equal(await questions(first), 0)
  // One that lists none at all may be a slip.
  await publishEpochs(staged)
  await queueAgain(first)
  await pair()
  t.equal(await caseOf(first), await caseOf(second))
})

t.test('what keys had merged stays together when their epoch is retired', async (t) => {
  const person = stranger()
  const keyset = keysetReference(await publishEpochs(staged, 3, 4))
  const [first, second] = [
    await refer(matchingOf(person, 3), { keyset }),
    await refer(matchingOf(person, 3), { keyset }),
  ]
  await pair()
  t.equal(await caseOf(first), await caseOf(second))
  await check(second, matchingOf(person, 4))
  await pair()
  await publishEpochs(staged, 4)
  for (let more = true; more; ) more = await staged.retiring.run()
  await queueAgain(second)
  await queueAgain(first)
  await pair()
  t.equal(await caseOf(first), await caseOf(second), 'nothing speaks against it')
  t.match(await held(first, second), { verdict: 'same', basis: 'keys' })
  await check(first, { ...matchingOf(stranger(), 4) })
  await pair()
  t.not(await caseOf(first), await caseOf(second), 'until something does')
})
