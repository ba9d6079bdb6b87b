/**
 * Fifty clients refer one person at one instant, in ten spellings, to replicas that all pair. When
 * pairing is idle again there is to be one case and one item, and nobody was refused. The journey in
 * test/journeys and the bench `fifty` do this, each in its own surroundings.
 */
import type postgres from 'postgres'
import type { World } from '../../examples/ceremony.ts'
import { judge } from '../../src/matching/odds.ts'
import { type MatchKey, matchKeys, type Person } from '../../src/protocol/matching/matchkeys.ts'
import { evidenceBetween } from './between.ts'
import { matchingOf, spellingsOf } from './people.ts'
import { callerOf, sealed } from './referral.ts'
import { untilPaired } from './superuser.ts'

export const clientsPerPerson = 50

/** How it ended for one person. */
export type Ended = {
  /** Each status that was answered, once. */
  readonly statuses: readonly number[]
  readonly cases: number
  readonly referrals: number
  /** Open items. */
  readonly items: number
}

/** How it is to end. */
export const oneCase: Ended = {
  statuses: [201],
  cases: 1,
  referrals: clientsPerPerson,
  items: 1,
}

/**
 * Fifty clients of all partners, by turns at each of `urls`.
 *
 * @param sql - as superuser
 * @returns what does it for one person: another number, another person
 */
export async function fiftyClients(world: World, urls: readonly string[], sql: postgres.Sql) {
  const referring = Object.values(world.referring)
  const clients = await Promise.all(
    Array.from({ length: clientsPerPerson }, async (_, at) => {
      const { clientId, signing } = referring[at % referring.length]!
      return { signing, call: await callerOf(world, urls[at % urls.length]!, clientId) }
    }),
  )
  return async (person: number): Promise<Ended> => {
    const spellings = spellingsOf(person)
    requireAlike(spellings)
    const envelopes = clients.map(({ signing }, at) =>
      sealed(world, { signer: signing, matching: matchingOf(spellings[at % 10]!) }),
    )
    const answers = await Promise.all(
      clients.map(({ call }, at) => {
        const envelope = envelopes[at]!
        return call('PUT', `/v1/referrals/${envelope.header.referralId}`, envelope)
      }),
    )
    await untilPaired(sql)
    const ids = envelopes.map(({ header }) => header.referralId)
    const [found] = await sql<[Omit<Ended, 'statuses'>]>`
      select count(distinct c.case_id)::int as cases, count(*)::int as referrals,
             count(i.id) filter (where i.merged_into is null)::int as items
      from referral_case c join triage_item i on i.referral_id = c.referral_id
      where c.referral_id = any (${ids}::uuid[]) and i.completed_at is null`
    return { statuses: [...new Set(answers.map(({ status }) => status))], ...found }
  }
}

/** Throws unless the weights in use merge any two of these spellings. */
function requireAlike(spellings: readonly Person[]): void {
  const keys = spellings.map((spelling) => matchKeys(spelling))
  const strangers = keys.some((one) => keys.some((other) => verdictBetween(one, other) !== 'match'))
  if (strangers) throw new Error('the weights would not merge all ten spellings')
}

/** What the weights in use say of two people, by their plain keys. */
function verdictBetween(left: readonly MatchKey[], right: readonly MatchKey[]) {
  return judge(evidenceBetween(left, right)).verdict
}

/** How often PostgreSQL ended a transaction of this database for a deadlock. */
export async function deadlocksIn(sql: postgres.Sql): Promise<number> {
  const [row] = await sql<[{ deadlocks: number }]>`
    select deadlocks::int from pg_stat_database where datname = current_database()`
  return row.deadlocks
}
