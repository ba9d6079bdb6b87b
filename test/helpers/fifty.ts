/**
 * Fifty clients refer one person at one instant, in ten spellings, to two replicas that both pair.
 * When pairing is idle again there is one case and one item, and nobody was refused or failed.
 */
import type { Test } from 'tap'
import { oddsOf, verdictOf } from '../../src/matching/odds.ts'
import { matchKeys, type Person } from '../../src/protocol/matchkeys.ts'
import { requireBalanced } from './books.ts'
import { build } from './build.ts'
import { matchingOf, spellingsOf } from './people.ts'
import { callerOf, sealed } from './referral.ts'
import { failuresIn, replicaOf } from './replica.ts'
import { asSuperuser, untilPaired } from './superuser.ts'

const clientsPerPerson = 50

/** What the weights in use say of two people, by their plain keys. */
function verdictBetween(one: Person, other: Person) {
  const [left, right] = [matchKeys(one), matchKeys(other)]
  const agreeing = new Map<string, number>()
  for (const { type, value } of left) {
    const isShared = right.some((key) => key.type === type && key.value === value)
    if (isShared) agreeing.set(type, (agreeing.get(type) ?? 0) + 1)
  }
  const types = (keys: typeof left) => new Set(keys.map(({ type }) => type))
  const evidence = { agreeing, left: types(left), right: types(right) }
  return verdictOf(evidence, oddsOf(evidence))
}

/** Does it for `rounds` people, one after the other. */
export async function fiftyAtOnce(t: Test, rounds: number): Promise<void> {
  const built = await build(t)
  const { world } = built
  const second = await replicaOf(t, built)
  const sql = asSuperuser(t, built.databases)
  const referring = Object.values(world.referring)
  const clients = await Promise.all(
    Array.from({ length: clientsPerPerson }, async (_, at) => {
      const { clientId, signing } = referring[at % referring.length]!
      const url = at % 2 === 0 ? built.url : second.url
      return { signing, call: await callerOf(world, url, clientId) }
    }),
  )
  for (let round = 0; round < rounds; round += 1) {
    const people = spellingsOf(round)
    const strangers = people.flatMap((one) =>
      people.filter((it) => verdictBetween(one, it) !== 'match'),
    )
    if (strangers.length > 0) throw new Error('the weights would not join all ten spellings')
    const envelopes = clients.map(({ signing }, at) =>
      sealed(world, { signer: signing, matching: matchingOf(people[at % 10]!) }),
    )
    const answers = await Promise.all(
      clients.map(({ call }, at) => {
        const envelope = envelopes[at]!
        return call('PUT', `/v1/referrals/${envelope.header.referralId}`, envelope)
      }),
    )
    const statuses = new Set(answers.map(({ status }) => status))
    if (!t.same([...statuses], [201], `person ${round}: all fifty are acknowledged`)) return
    await untilPaired(sql)
    const ids = envelopes.map(({ header }) => header.referralId)
    const [found] = await sql`
      select count(distinct c.case_id)::int as cases, count(*)::int as referrals,
             count(i.id) filter (where i.merged_into is null)::int as items
      from referral_case c join triage_item i on i.referral_id = c.referral_id
      where c.referral_id = any (${ids}::uuid[]) and i.completed_at is null`
    const expected = { cases: 1, referrals: clientsPerPerson, items: 1 }
    if (!t.same(found, expected, `person ${round}: one case, one item`)) return
  }
  const [database] = await sql`
    select deadlocks::int from pg_stat_database where datname = current_database()`
  t.equal(database?.deadlocks, 0)
  t.same([built, second].flatMap(failuresIn), [], 'nothing failed unseen')
  await requireBalanced(sql)
}
