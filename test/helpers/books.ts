/**
 * The books: what must be true of the whole database after anything at all. Each line names what
 * is wrong and finds the rows that are. Run after every test that writes.
 */
import type postgres from 'postgres'
import { tablesOf } from './superuser.ts'

const lines: Readonly<Record<string, string>> = {
  'a referral without exactly one case': `
    select r.id from referral r left join referral_case c on c.referral_id = r.id
    group by r.id having count(c.case_id) <> 1`,
  'a case without a referral, or without an item': `
    select c.case_id from referral_case c
    where not exists (select from triage_item i where i.case_id = c.case_id)
    union all
    select i.case_id from triage_item i
    where not exists (select from referral_case c where c.case_id = i.case_id)`,
  'a case with two open items': `
    select case_id from triage_item where completed_at is null
    group by case_id having count(*) > 1`,
  'an open item that does not list the referrals of its case': `
    select i.id from triage_item i
    where i.completed_at is null and not (
      select array_agg(c.referral_id) <@ i.referral_ids and array_agg(c.referral_id) @> i.referral_ids
      from referral_case c where c.case_id = i.case_id)`,
  'a referral without the entry that its acknowledgement names': `
    select r.id from referral r left join audit_entry e
      on e.id = r.entry_id and e.action = 'referral.submitted' and e.outcome = 'permitted'
        and e.object_id = r.id::text and e.at = r.received_at
    where e.id is null`,
  'an entry of a submission that was not stored': `
    select e.id from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'referral.submitted' and e.outcome = 'permitted'
      and o.details is null
      and not exists (select from referral r where r.entry_id = e.id)`,
  'a referral without its ten compartments': `
    select r.id from referral r left join compartment c on c.referral_id = r.id
    group by r.id having count(c.name) <> 10`,
  'a referral without the wraps that its header names': `
    select r.id from referral r
    where (select array_agg(w.kid order by w.kid collate "C") from wrap w where w.referral_id = r.id)
      is distinct from
      (select array_agg(kid) from jsonb_array_elements_text(
        convert_from(r.header, 'UTF8')::jsonb -> 'sealedTo') kid)`,
  'a lease without a holder': `
    select id from triage_item
    where leased_until is not null and leased_by is null`,
  'an item that is half completed': `
    select id from triage_item
    where num_nonnulls(completed_at, outcome) = 1
       or (completed_at is not null and completed_late is null)`,
  'a referral that was claimed and still says received': `
    select r.id from referral r join triage_item i on r.id = any (i.referral_ids)
    where r.state = 'received' and i.fence > 0`,
  'an entry without its opening': `
    select e.id from audit_entry e left join audit_opening o on o.entry_id = e.id
    where o.entry_id is null`,
  'an entry whose columns are not what its leaf says': `
    select e.id from audit_entry e,
      lateral (select convert_from(e.leaf, 'UTF8')::jsonb as said) leaf
    where said ->> 'id' <> e.id::text or said ->> 'action' <> e.action
      or said ->> 'outcome' <> e.outcome
      or said -> 'object' ->> 'id' is distinct from e.object_id
      or (said ->> 'at')::timestamptz <> e.at
      or octet_length(e.leaf) > 4096`,
}

/** Names that tests seal or type in wrong places, and that no table may ever hold in the clear. */
export const planted = ['okonkwo', 'zuleika'] as const

/** Throws with every line that does not balance. */
export async function requireBalanced(sql: postgres.Sql): Promise<void> {
  const queries = { ...lines, ...(await plaintextLines(sql)) }
  const results = await Promise.all(
    Object.entries(queries).map(async ([name, query]) => {
      const rows = await sql.unsafe(query).values()
      return rows.length > 0 ? [`${name}: ${rows.slice(0, 3).join(' ')}`] : []
    }),
  )
  const faults = results.flat()
  if (faults.length > 0) throw new Error(`the books do not balance:\n${faults.join('\n')}`)
}

/** One line a table. A row's text shows bytes in hexadecimal. */
async function plaintextLines(sql: postgres.Sql): Promise<Record<string, string>> {
  const hex = (word: string) => Buffer.from(word).toString('hex')
  const patterns = planted
    .flatMap((word) => [word, hex(word), hex(word[0]!.toUpperCase() + word.slice(1))])
    .map((word) => `'%${word}%'`)
    .join(', ')
  const tables = await tablesOf(sql)
  return Object.fromEntries(
    tables.map((table) => [
      `${table} holds planted plaintext`,
      `select 1 from ${table} held where held::text ilike any (array[${patterns}]) limit 1`,
    ]),
  )
}
