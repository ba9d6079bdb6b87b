/**
 * Goal: the size of the access log tells nobody who is known.
 * Method: what a referral and its pairing add is read from the public checkpoint, as anyone can: for a
 * stranger's, and for each kind of referral that finds something.
 */
import t from 'tap'
import { readCheckpoint } from '../../src/audit/published.ts'
import { createSequencer } from '../../src/audit/sequencer.ts'
import { freedMax } from '../../src/cases/pairing.ts'
import { candidatesPerValueMax } from '../../src/matching/odds.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { matchingOf, matchingOfAll, relativeOf, stranger, valuesOf } from '../helpers/people.ts'
import { type Referred, stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, refer, check, pair, database, world } = staged
t.afterEach(() => requireBalanced(sql))

const sequencer = createSequencer(database, {
  ...{ origin: world.origin, keys: [world.logKey] },
  kept: { read: async () => undefined, write: async () => {} },
  onStanding: () => {},
})

/** The second line of the checkpoint, which is public. */
async function size(): Promise<number> {
  while (await sequencer.run());
  const anybody = { kind: 'anonymous', request: newId() } as const
  const note = await database.inTransaction(anybody, (tx) => readCheckpoint(tx, 1))
  return Number(note.split('\n')[1])
}

/** What the log grew by, and what the newest entry of a pairing says was done. */
async function growth(act: () => Promise<unknown>) {
  const before = await size()
  await act()
  await pair()
  const [paired] = await sql<{ details: { acts: { act: string }[] } }[]>`
    select o.details from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'referral.paired' order by e.at desc, e.id desc limit 1`
  return { grew: (await size()) - before, did: paired?.details.acts.map(({ act }) => act) }
}

/** A person who is known, referred so often. */
async function known(times = 1) {
  const person = stranger()
  const referred: Referred[] = []
  for (let made = 0; made < times; made += 1) referred.push(await refer(matchingOf(person)))
  await pair()
  return { person, referred }
}

t.test('a referral adds two entries, whatever is known about the person', async (t) => {
  t.same(await growth(() => refer(matchingOf(stranger()))), { grew: 2, did: [] }, 'a stranger')
  t.same(await growth(() => refer()), { grew: 2, did: [] }, 'one without keys')
  const { person } = await known()
  t.same(await growth(() => refer(matchingOf(person))), { grew: 2, did: ['merged'] })
  const relative = await growth(() => refer(matchingOf(relativeOf(person))))
  t.equal(relative.grew, 2)
  t.ok(relative.did?.includes('asked'))
  const two = [(await known()).person, (await known()).person]
  const ofBoth = await growth(() => refer(matchingOfAll(two)))
  t.match(ofBoth, { grew: 2, did: ['merged', 'asked'] })
  const { referred } = await known()
  const supersedes = referred[0]!.referralId
  t.same(await growth(() => refer(matchingOf(stranger()), { supersedes })), {
    grew: 2,
    did: ['merged'],
  })
})

t.test('so does one with a value that a crowd shares', async (t) => {
  const crowd = valuesOf([{ type: 'REF_port', value: 'GROWTH' }])
  const withCrowd = () => ({ epoch: 1, values: [...matchingOf(stranger()).values, ...crowd] })
  for (let made = 0; made <= candidatesPerValueMax; made += 1) await refer(withCrowd())
  await sql`delete from pairing`
  const { grew, did } = await growth(() => refer(withCrowd()))
  t.equal(grew, 2)
  t.equal(did?.[0], 'flagged')
})

t.test('new keys add two as well, whomever the old ones had matched', async (t) => {
  const alone = await refer(matchingOf(stranger()))
  await pair()
  t.same(await growth(() => check(alone, matchingOf(stranger()))), { grew: 2, did: [] })
  // The one that goes had held two together that are compared again: three are paired.
  const { person, referred } = await known(3)
  const [first, between, third] = referred as [Referred, Referred, Referred]
  const { grew, did } = await growth(() => check(between, matchingOf(stranger())))
  t.equal(grew, 2)
  t.ok(did?.includes('withdrawn') && did.includes('split'))
  const cases = await sql`
    select distinct case_id from referral_case
    where referral_id in (${first.referralId}, ${third.referralId})`
  t.equal(cases.length, 1, 'whom it had held together are found again')
  t.same(await growth(() => refer(matchingOf(person))), { grew: 2, did: ['merged'] })
})

t.test('nor do they add more, until they set a crowd free', async (t) => {
  // Not a real crowd, which asks among itself as well: that takes seconds, and adds nothing here.
  await sql`delete from match_value where type = 'REF_port'`
  const crowd = await sql`select distinct referral_id as id from match_value limit ${freedMax + 4}`
  /** New keys of one about whom these had asked. */
  const freeing = async (askers: readonly string[]) => {
    const asked = await refer(matchingOf(stranger()))
    await pair()
    await sql`
      insert into judgement (id, left_id, right_id, verdict, basis, bits, made_at, entry_id)
      select gen_random_uuid(), least(asker, ${asked.referralId}), greatest(asker, ${asked.referralId}),
             'possible', 'keys', '[]', now(),
             (select id from audit_entry where action = 'referral.paired' limit 1)
      from unnest(${askers as string[]}::uuid[]) asker`
    return (await growth(() => check(asked, matchingOf(stranger())))).grew
  }
  const ids = crowd.map(({ id }) => id)
  t.equal(await freeing(ids.slice(0, freedMax)), 2)
  t.equal(await freeing(ids), 2 + 4, 'each of the rest has an entry')
  t.same(await sql`select from pairing`, [], 'all of them were compared')
})
