/**
 * Goal: that strangers are paired together changes nothing but how many transactions it takes: an entry
 * of the log for each, nobody overlooked who resembles somebody, and nobody held up by another's fault.
 * Method: referrals that wait at the same time, and runs of the step one by one.
 */
import t from 'tap'
import { batchMax } from '../../src/cases/pairing.ts'
import { requireBalanced } from '../helpers/books.ts'
import { matchingOf, relativeOf, stranger } from '../helpers/people.ts'
import { type Referred, stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, refer, check, pair, pairing } = staged
t.afterEach(() => requireBalanced(sql))

const waiting = async () => {
  const rows = await sql`select referral_id as id from pairing order by queued_at, referral_id`
  return rows.map(({ id }) => id)
}

/** What the log says of the pairings of each, an array for each entry. */
async function entriesOf(referred: readonly Referred[]) {
  const rows = await sql`
    select e.object_id as id, o.details from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'referral.paired'`
  return referred.map(({ referralId }) =>
    rows.filter(({ id }) => id === referralId).map(({ details }) => details.acts),
  )
}

async function casesOf(referred: readonly Referred[]): Promise<string[]> {
  const rows = await sql`select referral_id, case_id from referral_case`
  return referred.map((one) => rows.find((it) => it.referral_id === one.referralId)?.case_id)
}

const ids = (referred: readonly Referred[]) => referred.map(({ referralId }) => referralId)

t.test('strangers are paired in one run, with an entry each', async (t) => {
  const referred = [await refer()]
  while (referred.length < batchMax) referred.push(await refer(matchingOf(stranger())))
  const next = await refer()
  t.equal(await pairing.run(), true, 'there may be more than one run takes')
  t.same(await waiting(), ids([next]))
  t.same(
    await entriesOf(referred),
    referred.map(() => [[]]),
  )
  t.equal(new Set(await casesOf(referred)).size, referred.length)
  t.equal(await pairing.run(), false, 'what comes from now on is left to gather')
  t.same(await waiting(), [])
})

t.test('whoever resembles somebody beside them is found, in the order of arrival', async (t) => {
  const person = stranger()
  const first = await refer(matchingOf(person))
  const [one, other] = [await refer(matchingOf(stranger())), await refer(matchingOf(stranger()))]
  const second = await refer(matchingOf(person))
  const relative = await refer(matchingOf(relativeOf(person)))
  t.equal(await pairing.run(), true)
  t.same(await waiting(), ids([first, second, relative]), 'strangers need not wait for them')
  t.equal(await pairing.run(), true)
  t.same(await waiting(), ids([second, relative]))
  await pair()
  const [ofFirst, ofSecond, ofRelative] = await casesOf([first, second, relative])
  t.equal(ofFirst, ofSecond)
  t.not(ofFirst, ofRelative)
  t.match(await entriesOf([first, one, other, second, relative]), [
    ...[[[]], [[]], [[]]],
    [[{ act: 'merged', with: first.referralId }]],
    [[{ act: 'asked', referral: relative.referralId }]],
  ])
})

t.test('one whose keys say no more what they said is no stranger, whoever waits', async (t) => {
  const person = stranger()
  const [first, second] = [await refer(matchingOf(person)), await refer(matchingOf(person))]
  await pair()
  await refer()
  await check(second, matchingOf(stranger()))
  await pair()
  const [ofFirst, ofSecond] = await casesOf([first, second])
  t.not(ofFirst, ofSecond)
})

t.test('nor is an amendment that has no keys', async (t) => {
  const first = await refer(matchingOf(stranger()))
  await refer()
  const amendment = await refer(undefined, { supersedes: first.referralId })
  await pair()
  const [ofFirst, ofAmendment] = await casesOf([first, amendment])
  t.equal(ofFirst, ofAmendment)
})

t.test('of strangers of whom one cannot be paired the others are', async (t) => {
  const strangers = []
  for (let count = 0; count < 4; count += 1) strangers.push(await refer(matchingOf(stranger())))
  const broken = strangers[2]!
  await sql.unsafe(`
    create function fault() returns trigger language plpgsql as $$ begin
      if new.object_id = '${broken.referralId}' then raise exception 'a fault'; end if;
      return new;
    end $$;
    create trigger fault before insert on audit_entry for each row execute function fault()`)
  await pair()
  t.same(await waiting(), ids([broken]))
  const [postponed] = await sql`select attempts, not_before > now() as later from pairing`
  t.match(postponed, { attempts: 1, later: true })
  t.equal(staged.noted.errors.splice(0).length, 2, 'of all together, and of this one')
  await sql`drop trigger fault on audit_entry`
  await sql`drop function fault`
  await sql`update pairing set not_before = null`
  await pair()
  t.same(
    await entriesOf(strangers),
    strangers.map(() => [[]]),
  )
})
