/** New referrals, not paired yet, in a populated database; what becomes of each is known. */
import { randomBytes } from 'node:crypto'
import type postgres from 'postgres'
import { newId } from '../../src/protocol/uuid.ts'
import { bytesOf, groupOf, type Slot, slots, verdictOn } from './population.ts'

export type Fate = 'match' | 'possible' | 'none'
export type Value = { readonly type: string; readonly value: Uint8Array }
export type Newcomer = {
  readonly id: string
  readonly fate: Fate
  readonly values: readonly Value[]
}

/** A second reference is new, and so is the telephone; all else agrees. */
const matching = slots.filter(({ number, type }) => number !== 1 && type !== 'PHONE')

/** Of one whose name is spelt alike, as many as it takes for a person to be asked. */
const resembling = fewest(slots.filter(({ type }) => !/^(REF_|FILE|PHONE)/.test(type)))

function fewest(candidates: readonly Slot[]): readonly Slot[] {
  const found = candidates
    .map((_, index) => candidates.slice(0, index + 1))
    .find((chosen) => verdictOn(chosen.map(({ type }) => type)) === 'possible')
  if (!found) throw new Error('with these weights no agreement of names and dates is a question')
  return found
}

/** Half are of somebody known, a fifth resemble somebody, the others share a value here and there. */
export function newcomers(count: number, people: number): Newcomer[] {
  const fates = Array.from({ length: count }, (_, index): Fate => {
    if (index % 2 === 0) return 'match'
    return index % 10 < 5 ? 'possible' : 'none'
  })
  const known = knownIndexes(people)
  return shuffled(fates).map((fate) => ({
    id: newId(),
    fate,
    values: valuesFor(fate, people, known),
  }))
}

/** Known people, none twice: by turns one whose item is open and one whose work is done. */
function knownIndexes(people: number): () => number {
  const done = Math.floor(people * 0.9)
  const used = new Set<number>()
  return () => {
    const [from, to] = used.size % 2 === 0 ? [done, people] : [0, done]
    for (let tries = 0; tries < 1000; tries += 1) {
      const index = from + Math.floor(Math.random() * (to - from))
      if (!used.has(index)) {
        used.add(index)
        return index
      }
    }
    throw new Error(`${people} cases are too few for so many newcomers`)
  }
}

function valuesFor(fate: Fate, people: number, next: () => number): Value[] {
  const known = fate === 'none' ? 0 : next()
  const shared: Record<Fate, readonly Slot[]> = { match: matching, possible: resembling, none: [] }
  return slots.map((slot) => {
    const { type, sharers } = slot
    if (shared[fate].includes(slot))
      return { type, value: bytesOf(slot, groupOf(slot, known, people)) }
    if (sharers === 1) return { type, value: randomBytes(16) }
    // Anybody's value: each slot another stranger's, as it is with common names.
    const stranger = Math.floor(Math.random() * people)
    return { type, value: bytesOf(slot, groupOf(slot, stranger, people)) }
  })
}

/** The same in a random order. */
export function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

/** Writes them as the service would have: a case and an item each. They are paired when a bench says so. */
export async function receive(sql: postgres.Sql, referrals: readonly Newcomer[]): Promise<void> {
  const ids = referrals.map(({ id }) => id)
  const values = referrals.flatMap(({ id, values }) => values.map((value) => ({ id, ...value })))
  await sql.begin(async (tx) => {
    await tx`
      create temporary table came on commit drop as
      select id, number, date_trunc('milliseconds', now()) + number * interval '1 ms' as at
      from unnest(${ids}::uuid[]) with ordinality as given (id, number)`
    await tx`
      insert into referral (id, organisation_id, reference, received_at, state, header,
        keyset_version, signer, signature, envelope_hash, sealed_hashes, wrap_hashes,
        entry_id, sender)
      select id, '00000000-0000-4000-8000-000000000001', 'new ' || id, at, 'received', '{}', 1, '',
             '', '', '', '', id, '00000000-0000-4000-8000-000000000001'
      from came`
    await tx`insert into referral_case select id, id from came`
    await tx`
      insert into triage_item
        (id, case_id, referral_id, referral_ids, arrived_at, urgency, region, channel, own_due_at,
         due_at)
      select id, id, id, array[id], at, 'standard', 'unknown', 'internal', at + interval '5 days', at + interval '5 days'
      from came`
    await tx`
      insert into match_value (referral_id, epoch, type, value, at)
      select given.id, 1, given.type, decode(given.hex, 'hex'), came.at
      from unnest(${values.map(({ id }) => id)}::uuid[], ${values.map(({ type }) => type)}::text[],
                  ${values.map(({ value }) => Buffer.from(value).toString('hex'))}::text[])
             as given (id, type, hex)
      join came on came.id = given.id`
  })
}

/** What became of them: which were merged to an older one, and about which a person is asked. */
export async function fatesOf(
  sql: postgres.Sql,
  referrals: readonly Newcomer[],
): Promise<Record<Fate, number>> {
  const ids = referrals.map(({ id }) => id)
  const [row] = await sql<[Record<Fate, number>]>`
    select count(*) filter (where verdict = 'same')::int as match,
           count(*) filter (where verdict = 'possible')::int as possible,
           count(*) filter (where verdict is null)::int as none
    from unnest(${ids}::uuid[]) as came (id)
    left join lateral (
      select verdict from judgement
      where (left_id = came.id or right_id = came.id) and ended_at is null
      order by verdict desc limit 1) judged on true`
  return row
}
