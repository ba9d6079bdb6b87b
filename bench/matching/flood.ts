/**
 * Somebody floods the service with referrals that share match values, or a name is very common:
 * what one of those costs beside an ordinary one, in turns, and whether a person among them who
 * comes again is still found.
 */
import { randomBytes } from 'node:crypto'
import { newId } from '../../src/protocol/uuid.ts'
import { median, percentile, report, tell } from '../report.ts'
import { type Newcomer, newcomers, receive, shuffled, type Value } from './newcomers.ts'
import { slots } from './population.ts'
import { type Office, pairOne } from './stand.ts'

const crowdSize = 20_000
const crowdPerBatch = 2000
const timedEach = 300
const returning = 50

type Kind = 'plain' | 'one value' | 'ten values'

export async function floodRatios(office: Office, progress: (what: string) => void): Promise<void> {
  const one = flood(['P'])
  const ten = flood(['N', 'P', 'T_D', 'TP_D', 'TK_SD', 'PP_Y', 'P_MD'])
  progress('a crowd')
  for (let count = timedEach; count < crowdSize; count += crowdPerBatch) {
    await receive(office.sql, Array.from({ length: crowdPerBatch }, one))
  }
  await office.sql`analyze`
  progress('pairing in the crowd')
  const plain = newcomers(timedEach, office.people)
  const came = plain.flatMap((referral) =>
    shuffled([
      { kind: 'plain' as Kind, referral },
      { kind: 'one value' as Kind, referral: one() },
      { kind: 'ten values' as Kind, referral: ten() },
    ]),
  )
  await receive(
    office.sql,
    came.map(({ referral }) => referral),
  )
  const times: Record<Kind, number[]> = { plain: [], 'one value': [], 'ten values': [] }
  for (const { kind, referral } of came) times[kind].push(await pairOne(office, referral))
  for (const kind of ['one value', 'ten values'] as const) {
    const crowd = came.filter((it) => it.kind === kind).map(({ referral }) => referral)
    const found = await comeAgain(office, shuffled(crowd.slice(-2 * returning)).slice(0, returning))
    report(`of a crowd that shares ${kind}: come again and merged, all`, found, returning, 1)
    const [ours, against] = [times[kind], times.plain]
    tell(`of a crowd that shares ${kind}: 99th percentile ms`, percentile(ours, 0.99))
    const name = `pairing one of a crowd that shares ${kind}, ms: beside an ordinary one`
    report(name, median(ours), median(against), 10, 'at most')
  }
}

/** Makes referrals that share all values of these types, and no other. */
function flood(types: readonly string[]): () => Newcomer {
  const shared = new Map(
    slots
      .filter(({ type }) => types.includes(type))
      .map(({ number, type }) => [number, { type, value: randomBytes(16) }]),
  )
  return () => ({
    id: newId(),
    fate: 'none',
    values: slots.map(({ number, type }) => shared.get(number) ?? { type, value: randomBytes(16) }),
  })
}

/** How many of these are merged by a second referral about the same person, its telephone new. */
async function comeAgain(office: Office, persons: readonly Newcomer[]): Promise<number> {
  const again = persons.map(({ values }) => ({
    ...{ id: newId(), fate: 'match' as const },
    values: values.map(
      (old): Value => (old.type === 'PHONE' ? { type: old.type, value: randomBytes(16) } : old),
    ),
  }))
  await receive(office.sql, again)
  for (const referral of again) await pairOne(office, referral)
  const pairs = again.map(({ id }, index) => [id, persons[index]?.id ?? ''] as const)
  const [{ count }] = await office.sql<[{ count: number }]>`
    select count(*)::int as count
    from unnest(${pairs.map(([id]) => id)}::uuid[], ${pairs.map(([, id]) => id)}::uuid[])
           as pair (one_id, other_id)
    join referral_case one on one.referral_id = one_id
    join referral_case other on other.referral_id = other_id
    where one.case_id = other.case_id`
  return count
}
