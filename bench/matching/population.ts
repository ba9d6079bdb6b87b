/**
 * A database that has been in use for years: so many cases, each person with sixteen match values,
 * written in bulk by the superuser. Beside the service's tables nothing is made up but the bytes: a
 * value is a hash, as a blinded one is random to the server.
 *
 * Who shares a value does not depend on how many people there are: the value of a slot is had by
 * `sharers` of them, by others in each slot. One in twenty came twice and was merged; one in a
 * hundred has an open question; the last tenth of the items is still to be worked on.
 */
import { createHash } from 'node:crypto'
import postgres from 'postgres'
import { judge, type Verdict } from '../../src/matching/odds.ts'
import { types } from './person.ts'

/** How many people have the same value; of other types one alone. Names repeat, numbers do not. */
const sharersOf: Readonly<Record<string, number>> = {
  ...{ PHONE: 2, N: 5, P: 8, T_D: 2, TP_D: 3, TK_SD: 3 },
  ...{ PP_Y: 4, KK_Y: 4, P_MD: 3, I_D: 4, MH3_Y: 2 },
}

/** Each puts the people of one slot in an order of its own: none divides by 2 or 5. */
const strides = [
  ...[104_729, 224_737, 350_377, 479_909, 611_953, 746_773, 882_377, 1_020_379],
  ...[1_159_523, 1_299_709, 2_750_159, 4_256_233, 5_800_079, 7_368_787, 8_960_453, 10_570_841],
]

/** One of the sixteen values that everybody has. */
export type Slot = {
  readonly number: number
  readonly type: string
  readonly sharers: number
  readonly stride: number
}

export const slots: readonly Slot[] = types.map((type, number) => {
  // A type of which one value asks people by itself is nobody else's: it would be all questions.
  const sharers = verdictOn([type]) === 'none' ? (sharersOf[type] ?? 1) : 1
  return { number, type, sharers, stride: strides[number] ?? 1 }
})

/** What the service would say of two who both have all sixteen and agree in these. */
export function verdictOn(agreeing: readonly string[]): Verdict {
  const counts = new Map<string, number>()
  for (const type of agreeing) counts.set(type, (counts.get(type) ?? 0) + 1)
  const all = new Set(types)
  const shared = { agreeing: counts, uncrowded: counts, uncommon: new Set<string>() }
  return judge({ ...shared, parts: 2, left: all, right: all }).verdict
}

/** Those who share a value with person `index` in a slot are of one group. */
export function groupOf(slot: Slot, index: number, people: number): number {
  const place = (BigInt(index) * BigInt(slot.stride) + BigInt(slot.number)) % BigInt(people)
  return Math.floor(Number(place) / slot.sharers)
}

/** The sixteen bytes of a group, the same as the statement below writes. */
export function bytesOf(slot: Slot, group: number | string): Uint8Array {
  return createHash('md5').update(`${slot.number} ${group}`).digest()
}

/** Every referral: `twin` is the second of one who came twice. `$1` is the number of people. */
const makePeople = `
  create unlogged table person as
  select index, twin, at, reference, (
           lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7'
           || substr(hash, 1, 3) || 'a' || substr(hash, 4, 15))::uuid as id, (
           lpad(to_hex((extract(epoch from first_at) * 1000)::bigint), 12, '0') || '7'
           || substr(first_hash, 1, 3) || 'b' || substr(first_hash, 4, 15))::uuid as case_id
  from (
    select index, twin, md5('referral ' || index || twin) as hash,
           md5('case ' || index) as first_hash,
           lpad((index * 2 + twin::int)::text, 8, '0') as reference,
           timestamptz '2020-01-01' + index * interval '100 s' as first_at,
           timestamptz '2020-01-01' + index * interval '100 s' + twin::int * interval '50 s' as at
    from generate_series(0, $1 - 1) index
    cross join (values (false), (true)) as came (twin)
    where not twin or index % 20 = 0
  ) numbered
  order by at`

const tables: readonly (readonly [name: string, statement: string])[] = [
  [
    'organisation',
    `insert into organisation values ('00000000-0000-4000-8000-000000000001', 'Any')`,
  ],
  [
    'referral',
    `insert into referral (id, organisation_id, reference, received_at, state, header,
       keyset_version, signer, signature, envelope_hash, matching_hash, sealed_hashes,
       wrap_hashes, entry_id, shown_at, shown_by, sender)
     select id, '00000000-0000-4000-8000-000000000001', reference, at, 'received',
            convert_to(repeat(md5(reference), 20), 'UTF8'), 1, 'c'||substr(md5(reference), 1, 15),
            decode(repeat(md5(reference), 4), 'hex'), decode(repeat(md5(reference), 2), 'hex'),
            decode(repeat(md5(reference), 2), 'hex'),
            convert_to(repeat(md5(reference), 20), 'UTF8'),
            convert_to(repeat(md5(reference), 20), 'UTF8'), id, at, 1,
            '00000000-0000-4000-8000-000000000001'
     from person`,
  ],
  [
    'referral_case',
    'insert into referral_case (referral_id, case_id) select id, case_id from person',
  ],
  [
    'triage_item',
    `insert into triage_item (id, case_id, referral_id, referral_ids, arrived_at, urgency, region,
       channel, own_due_at, due_at, merged_into, completed_at, outcome, completed_late)
     select person.id, person.case_id, person.id,
            case when twin.id is null then array[person.id] else array[person.id, twin.id] end,
            person.at, 'standard', 'unknown', 'internal', person.at + interval '5 days', person.at + interval '5 days',
            case when person.twin then head.id end, over.at, over.outcome, over.late
     from person
     left join person head on person.twin and not head.twin and head.index = person.index
     left join person twin on not person.twin and twin.twin and twin.index = person.index
     left join (values (true, timestamptz '2030-01-01', 'accepted', false))
            over (done, at, outcome, late)
       on over.done = (person.index < $1 * 9 / 10)
     order by person.at`,
  ],
  [
    'judgement',
    `insert into judgement
       (id, left_id, right_id, verdict, basis, probability, bits, made_at, entry_id)
     select one.id, least(one.id, other.id), greatest(one.id, other.id),
            case when other.twin then 'same' else 'possible' end, 'keys',
            case when other.twin then 0.9999 else 0.5 end,
            '[{"type":"T_D","because":"agrees","bits":5}]', other.at, other.id
     from person one
     join person other
       on other.index = one.index + case when one.index % 20 = 0 then 0 else 7 end
         and other.twin = (one.index % 20 = 0)
     where not one.twin and (one.index % 20 = 0 or one.index % 100 = 3)`,
  ],
  [
    'audit_entry',
    `insert into audit_entry (id, at, action, outcome, object_id, leaf)
     select id, at, 'referral.submitted', 'permitted', id::text,
            convert_to(repeat(md5(reference), 12), 'UTF8')
     from person order by at`,
  ],
  [
    'audit_opening',
    `insert into audit_opening (entry_id, client_id, organisation_id, actor_salt)
     select id, '00000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-000000000001',
            decode(md5(reference), 'hex')
     from person order by at`,
  ],
]

const values = `
  insert into match_value (referral_id, epoch, type, value, at)
  select person.id, 1, slot.type, uuid_send(md5(slot.number || ' ' ||
           case when person.twin and slot.number = 1 then 'twin ' else '' end
           || (person.index * slot.stride + slot.number) % $1 / slot.sharers)::uuid), person.at
  from person
  cross join jsonb_to_recordset('${JSON.stringify(slots)}')
    as slot (number int, type text, sharers int, stride bigint)
  order by person.at`

/** For the server: a table that is filled in the transaction that emptied it then needs no log. */
export const populationSettings = {
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '8GB',
}

/** Fills the database of the superuser's `url`, which has a keyset; minutes for a million people. */
export async function populate(
  url: string,
  people: number,
  progress: (what: string) => void,
): Promise<void> {
  const sql = postgres(url, { max: 2, onnotice: () => {} })
  const done = (name: string, rows: number) => progress(`${people} cases: ${rows} rows of ${name}`)
  try {
    await sql.unsafe(makePeople.replaceAll('$1', String(people)))
    await sql`analyze person`
    await Promise.all([fillValues(sql, people, done), fillOthers(sql, people, done)])
    await sql`drop table person`
    await sql`vacuum (analyze)`
    await sql`checkpoint`
    progress(`${people} cases: vacuumed`)
  } finally {
    await sql.end()
  }
}

type Done = (name: string, rows: number) => void

async function fillOthers(sql: postgres.Sql, people: number, done: Done): Promise<void> {
  await sql.begin(async (tx) => {
    await withoutChecks(tx)
    for (const [name, statement] of tables) {
      done(name, (await tx.unsafe(statement.replaceAll('$1', String(people)))).count)
    }
  })
}

async function fillValues(sql: postgres.Sql, people: number, done: Done): Promise<void> {
  await sql.begin(async (tx) => {
    await withoutChecks(tx)
    await tx`truncate match_value`
    const again = await dropIndexes(tx)
    const { count } = await tx.unsafe(values.replaceAll('$1', String(people)))
    done('match_value', count)
    for (const statement of again) await tx.unsafe(statement)
    done('match_value with its indexes', count)
  })
}

/** Foreign keys are true by construction; checked row by row they would cost most of the time. */
async function withoutChecks(tx: postgres.TransactionSql): Promise<void> {
  await tx`set local session_replication_role = replica`
  await tx`set local work_mem = '512MB'`
  await tx`set local maintenance_work_mem = '2GB'`
}

/** Takes the indexes off the largest table; answers what makes them again, as they were. */
async function dropIndexes(tx: postgres.TransactionSql): Promise<string[]> {
  const [key] = await tx<[{ name: string; definition: string }]>`
    select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
    where conrelid = 'match_value'::regclass and contype = 'p'`
  const others = await tx<{ name: string; definition: string }[]>`
    select indexname as name, indexdef as definition from pg_indexes
    where tablename = 'match_value' and indexname <> ${key.name}`
  await tx.unsafe(`alter table match_value drop constraint "${key.name}"`)
  for (const { name } of others) await tx.unsafe(`drop index "${name}"`)
  return [
    `alter table match_value add constraint "${key.name}" ${key.definition}`,
    ...others.map(({ definition }) => definition),
  ]
}
