/**
 * The books: what must be true of the whole database after anything at all. Each line names what
 * is wrong and finds the rows that are. Run after every test that writes.
 */
import type postgres from 'postgres'
import { goingTables } from '../../src/erasure/tables.ts'
import { bankHolidays } from '../../src/triage/bankholidays.ts'
import { tablesOf } from './superuser.ts'

const holidays = Object.values(bankHolidays)
  .flatMap((year) => Object.keys(year))
  .map((day) => `'${day}'`)

/** The working days from one day to another, as a table of one column. */
function working(from: string, until: string): string {
  return `(select day::date as day from generate_series((${from})::date, (${until})::date, interval '1 day') day
    where extract(isodow from day) < 6 and day::date <> all (array[${holidays}]::date[]))`
}

/** What was not erased. */
const kept = "(select * from referral where state <> 'erased')"

const lines: Readonly<Record<string, string>> = {
  'a referral without exactly one case': `
    select r.id from ${kept} r left join referral_case c on c.referral_id = r.id
    group by r.id having count(c.case_id) <> 1`,
  'a case without a referral, or without an item': `
    select c.case_id from referral_case c
    where not exists (select from triage_item i where i.case_id = c.case_id)
    union all
    select i.case_id from triage_item i
    where not exists (select from referral_case c where c.case_id = i.case_id)`,
  'a case with two open items': `
    select case_id from triage_item where completed_at is null and merged_into is null
    group by case_id having count(*) > 1`,
  'an item merged into none that is open, of its own case and not merged itself': `
    select i.id from triage_item i left join triage_item head on head.id = i.merged_into
    where i.completed_at is null and i.merged_into is not null
      and (head.id is null or head.completed_at is not null or head.merged_into is not null
           or head.case_id <> i.case_id)`,
  'an item in another case than its referral': `
    select i.id from triage_item i join referral_case c on c.referral_id = i.referral_id
    where i.case_id <> c.case_id`,
  'an open item that is not due when its earliest is': `
    select head.id from triage_item head
    where head.completed_at is null and head.merged_into is null
      and head.due_at <> (select min(i.own_due_at) from triage_item i
                          where i.completed_at is null
                            and (i.id = head.id or i.merged_into = head.id))`,
  'an open item whose urgency is not the highest of its header and of what was stated': `
    select i.id
    from triage_item i join referral r on r.id = i.referral_id
    where i.completed_at is null
      and position(i.urgency in 'immediate urgent soon standard') <> (
        select min(position(said.urgency in 'immediate urgent soon standard')) from (
          select convert_from(r.header, 'UTF8')::jsonb ->> 'urgency' as urgency
          union all
          select s.urgency from urgency_statement s where s.referral_id = r.id
          union all
          select m.urgency from message m
          where m.referral_id = r.id and m.urgency is not null and m.settled_at is not null) said
        where not exists (select from urgency_setting p where p.referral_id = r.id))`,
  'an open item that is not as urgent as a person said last, or was stated since of what was never stated': `
    select i.id
    from triage_item i
    cross join lateral (
      select p.urgency, p.set_at from urgency_setting p
      where p.referral_id = i.referral_id order by p.set_at desc, p.entry_id desc limit 1) last
    where i.completed_at is null
      and position(i.urgency in 'immediate urgent soon standard') <> (
        select min(position(said.urgency in 'immediate urgent soon standard')) from (
          select last.urgency
          union all
          select s.urgency from urgency_statement s
          where s.referral_id = i.referral_id and s.stored_at > last.set_at
          union all
          select m.urgency from message m
          where m.referral_id = i.referral_id and m.urgency is not null
            and m.settled_at > last.set_at) said)`,
  'a person who said how urgent an item is without an entry and a note': `
    select p.entry_id from urgency_setting p
    where not exists (select from audit_entry e where e.id = p.entry_id and e.action = 'urgency.set')
      or not exists (select from note n where n.stored_at = p.set_at)`,
  'an open item that is due at another time than the rule says': `
    select i.id
    from triage_item i
    join referral r on r.id = i.referral_id
    cross join lateral (
      select (convert_from(r.header, 'UTF8')::jsonb ->> 'respondBy')::date as day) wanted
    cross join lateral (select case i.urgency
        when 'immediate' then r.received_at + interval '1 hour'
        when 'urgent' then r.received_at + interval '4 hours'
        else (
          select later.day + came.time from
            (select r.received_at at time zone 'Europe/London' as shown) clock,
            lateral (select day, case when day = shown::date then least(shown::time, '17:00')
                                      else '17:00' end as time
                     from ${working('shown::date - 20', 'shown::date')} day
                     order by day desc limit 1) came,
            lateral (select day, row_number() over (order by day) as number
                     from ${working('came.day + 1', 'came.day + 30')} day) later
          where later.number = case i.urgency when 'soon' then 1 else 5 end
        ) at time zone 'Europe/London' end as at) allowed
    where i.completed_at is null
      and (i.arrived_at <> r.received_at
           or i.respond_by is distinct from wanted.day
           or i.own_due_at <> case
             when wanted.day is null then allowed.at
             else least(allowed.at, greatest(
               r.received_at + interval '1 hour',
               (select max(day) + time '17:00' from ${working('wanted.day - 20', 'wanted.day - 1')} day)
                 at time zone 'Europe/London'))
             end)`,
  'an item whose region, channel or organisation is not that of its referral': `
    select i.id
    from triage_item i join referral r on r.id = i.referral_id,
         lateral (select convert_from(r.header, 'UTF8')::jsonb as said) header
    where (i.region, i.channel) <> (said ->> 'region', said ->> 'channel')
      or i.organisation_id is distinct from r.organisation_id`,
  'a referral without an answer that is not on the queue, or twice': `
    select r.id from referral r
    where r.state in ('received', 'in_triage', 'waiting_list', 'returned_for_information')
      and (select count(*) from triage_item i
           where i.referral_id = r.id and i.completed_at is null) <> 1`,
  'a referral with an answer that is still on the queue, but for one that was withdrawn this moment': `
    select r.id from referral r join triage_item i on i.referral_id = r.id
    where r.state not in ('received', 'in_triage', 'waiting_list', 'returned_for_information') and i.completed_at is null
      and not exists (select from withdrawal w where w.referral_id = r.id and w.settled_at is null)`,
  'a merged item that somebody holds': `
    select id from triage_item where merged_into is not null and completed_at is null
      and num_nonnulls(leased_by, leased_until, claimed_at) > 0`,
  'a judgement whose entry is not in the log, or whose sides are out of order': `
    select j.id from judgement j left join audit_entry e
      on e.id = j.entry_id and e.outcome = 'permitted'
        and (e.action in ('referral.paired', 'referral.erased') or e.action like 'case.%')
    where e.id is null or j.left_id >= j.right_id`,
  'notes about a referral that are not numbered from 1 without a gap, as they say themselves': `
    select n.referral_id from note n,
      lateral (select convert_from(n.envelope, 'UTF8')::jsonb -> 'header' as said) header
    group by n.referral_id
    having max(n.number) <> count(*) or min(n.number) <> 1
      or bool_or((said ->> 'number')::int <> n.number or said ->> 'referralId' <> n.referral_id::text)`,
  'a note whose entry is not in the log': `
    select n.referral_id from note n left join audit_entry e
      on e.id = n.entry_id and e.action = 'note.written' and e.outcome = 'permitted'
        and e.object_id = n.referral_id::text and e.at = n.stored_at
    where e.id is null`,
  'messages about a referral that are not numbered from 1 without a gap, as they say themselves': `
    select m.referral_id from message m,
      lateral (select convert_from(m.envelope, 'UTF8')::jsonb -> 'header' as said) header
    group by m.referral_id
    having max(m.place) <> count(*) or min(m.place) <> 1
      or coalesce(max(m.number) filter (where side = 'referrer'), 0) <> count(*) filter (where side = 'referrer')
      or coalesce(max(m.number) filter (where side = 'recipient'), 0) <> count(*) filter (where side = 'recipient')
      or bool_or((said ->> 'number')::int <> m.number or said ->> 'from' <> m.side
        or said ->> 'messageId' <> m.message_id::text or said ->> 'referralId' <> m.referral_id::text
        or said ->> 'urgency' is distinct from m.urgency)`,
  'a message whose entry is not in the log, or that a recipient wrote and the queue was told of': `
    select m.referral_id from message m left join audit_entry e
      on e.id = m.entry_id and e.action = 'message.sent' and e.outcome = 'permitted'
        and e.object_id = m.referral_id::text and e.at = m.stored_at
    where e.id is null or (m.side = 'recipient' and m.settled_at is not null)`,
  'a message of which the queue was told other than once': `
    select m.referral_id from message m
    group by m.referral_id
    having count(m.settled_at) <> (select count(*) from audit_entry e
      where e.object_id = m.referral_id::text and e.action = 'message.settled')`,
  'a message that reached the other side and whose entry is not in the log': `
    select d.referral_id from message_delivery d left join audit_entry e
      on e.id = d.entry_id and e.outcome = 'permitted' and e.object_id = d.referral_id::text
        and e.at = d.at
        and e.action = case d.way when 'opened' then 'messages.read' else 'message.delivered' end
    where e.id is null or (d.way = 'opened') <> (d.language is null)`,
  'a withdrawal whose entry is not in the log, or that is signed by no organisation, or asked for by one': `
    select w.referral_id from withdrawal w
    left join audit_entry e on e.id = w.entry_id
      and e.action = case when w.envelope is null then 'withdrawal.asked' else 'referral.withdrawn' end
      and e.outcome = 'permitted' and e.object_id = w.referral_id::text and e.at = w.asked_at
    join referral r on r.id = w.referral_id
    where e.id is null or (r.receipt_hash is null) <> (w.envelope is not null)`,
  'a referral that is withdrawn and nobody withdrew it, or the other way about': `
    select r.id from referral r left join withdrawal w on w.referral_id = r.id
    where (r.state in ('withdrawn', 'erased') and w.referral_id is not null) <>
      coalesce(w.envelope is not null or w.decision = 'confirmed', false)
      or r.state = 'withdrawn' and w.referral_id is null`,
  'a withdrawal of which the queue was told twice, or not in the log': `
    select w.referral_id from withdrawal w
    where (w.settled_at is null) <> (0 = (
        select count(*) from audit_entry e
        where e.object_id = w.referral_id::text and e.at = w.settled_at
          and e.action in ('referral.taken-off', 'withdrawal.decided') and e.outcome = 'permitted'))
      or 1 < (select count(*) from audit_entry e
              where e.object_id = w.referral_id::text and e.action = 'referral.taken-off')`,
  'a referral without an account that waits to be opened and is not counted, or that is and does not': `
    select r.id from referral r left join unopened u on u.referral_id = r.id
    where (u.referral_id is not null) <> (
      r.receipt_hash is not null and r.state in ('received', 'in_triage', 'waiting_list', 'returned_for_information') and not exists (
        select from audit_entry e
        where e.action = 'referral.opened' and e.outcome = 'permitted'
          and e.object_id = r.id::text))`,
  'a referral that neither an organisation nor a receipt sent, or that amends one by another hand': `
    select r.id from ${kept} r left join referral earlier on earlier.id = r.supersedes
    where num_nonnulls(r.organisation_id, r.receipt_hash) = 0
      or r.organisation_id is distinct from earlier.organisation_id and r.supersedes is not null
      or r.organisation_id is null and r.supersedes is not null
        and (r.receipt_hash, r.signer) is distinct from (earlier.receipt_hash, earlier.signer)`,
  'a question within one case, or a judgement that parts what is together': `
    select j.id from judgement j
    join referral_case l on l.referral_id = j.left_id
    join referral_case r on r.referral_id = j.right_id
    where j.ended_at is null and (j.verdict = 'same') <> (l.case_id = r.case_id)`,
  'a match value of a time that is not its referral’s': `
    select m.referral_id from match_value m join referral r on r.id = m.referral_id
    where m.at <> r.received_at`,
  'a case of over 50 referrals': `
    select case_id from referral_case group by case_id having count(*) > 50`,
  'an open item that does not list the referrals of its case, but for those that were withdrawn': `
    select i.id from triage_item i
    where i.completed_at is null and i.merged_into is null and not (
      select array_agg(c.referral_id) <@ i.referral_ids and array_agg(c.referral_id) @> i.referral_ids
      from referral_case c join referral r on r.id = c.referral_id
      where c.case_id = i.case_id and (r.state not in ('withdrawn', 'erased') or exists (
        select from triage_item own where own.referral_id = r.id and own.completed_at is null)))`,
  'a referral without the entry that its acknowledgement names': `
    select r.id from referral r left join audit_entry e
      on e.id = r.entry_id and e.action = 'referral.submitted' and e.outcome = 'permitted'
        and e.object_id = r.id::text and e.at = r.received_at
    where e.id is null`,
  'an entry of a submission that names another reference': `
    select r.id from referral r join audit_opening o on o.entry_id = r.entry_id
    where o.details ->> 'reference' <> r.reference`,
  'an entry of a submission that was not stored': `
    select e.id from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'referral.submitted' and e.outcome = 'permitted'
      and o.details ->> 'repeated' is null
      and not exists (select from referral r where r.entry_id = e.id)`,
  'a referral without its ten compartments': `
    select r.id from ${kept} r left join compartment c on c.referral_id = r.id
    where (cardinality(c.names), cardinality(c.sealed)) is distinct from (10, 10)`,
  'a referral without the wraps that its header names, but for those that their keys gave up': `
    select r.id from ${kept} r
    where (select array_agg(w.kid order by w.kid collate "C") from wrap w
           where w.referral_id = r.id and w.grant_signature is null)
      is distinct from
      (select array_agg(kid order by kid collate "C") from jsonb_array_elements_text(
         convert_from(r.header, 'UTF8')::jsonb -> 'sealedTo') kid
       where not exists (
         select from audit_entry e
         where e.object_id = r.id::text and e.action = 'wrap.deleted'
           and convert_from(e.leaf, 'UTF8')::jsonb ->> 'recipient' = kid))`,
  'a grant that is neither in force nor was taken back or ended, or a wrap that nobody granted': `
    with said as (
      select e.object_id as id, convert_from(e.leaf, 'UTF8')::jsonb ->> 'recipient' as recipient, e.action, o.details
      from audit_entry e join audit_opening o on o.entry_id = e.id
      where e.action in ('grant.given', 'grant.revoked', 'grant.ended') and e.outcome = 'permitted')
    select id from (
      select id, details ->> 'to' as kid, 1 as change from said
      where action = 'grant.given' and not details ? 'repeated'
      union all select id, details ->> 'from', -1 from said where action = 'grant.revoked'
      union all select id, recipient, -1 from said where action = 'grant.ended'
      union all select referral_id::text, kid, -1 from wrap where grant_signature is not null) change
    where not exists (
      select from audit_entry e
      where e.object_id = change.id and e.action = 'wrap.deleted'
        and convert_from(e.leaf, 'UTF8')::jsonb ->> 'recipient' = change.kid)
      -- What was erased took its grants along, with one entry for all.
      and not exists (select from erasure where erasure.referral_id::text = change.id)
    group by id, kid having sum(change) <> 0`,
  'a lease without a holder': `
    select id from triage_item
    where leased_until is not null and leased_by is null`,
  'a parked item that somebody holds, that is merged or completed': `
    select id from triage_item where park_reason is not null
      and (leased_until is not null or merged_into is not null or completed_at is not null)`,
  'an item that is half parked': `
    select id from triage_item
    where park_reason is null and num_nonnulls(parked_until, aside_id) > 0
      or (park_reason = 'set_aside') <> (aside_id is not null)`,
  'an item that is half completed': `
    select id from triage_item
    where num_nonnulls(completed_at, outcome) = 1
       or (completed_at is not null and completed_late is null)`,
  'an item that was reopened and is open or merged, or whose entry is not in the log': `
    select i.id from triage_item i left join audit_entry e
      on e.object_id = i.id::text and e.action = 'item.reopened' and e.outcome = 'permitted'
        and e.at = i.reopened_at
    where i.reopened_at is not null
      and (e.id is null or i.completed_at is null or i.merged_into is not null)`,
  'an attempt of no item, under a fence that is not older than the item’s, or of no known ending': `
    select a.item_id from triage_attempt a left join triage_item i on i.id = a.item_id
    where i.id is null or a.fence >= i.fence
      or not a.ending = any ('{completed,released,parked,handed_over,unopenable,lapsed,merged,withdrawn}')`,
  'a referral that was claimed and still says received': `
    select r.id from referral r join triage_item i on r.id = i.referral_id
    where r.state = 'received' and i.claimed_at is not null`,
  'a referral that is erased without its tombstone and its entry, or has them and is not': `
    select coalesce(r.id, x.referral_id)
    from (select id from referral where state = 'erased') r
    full join erasure x on x.referral_id = r.id
    left join audit_entry e on e.id = x.entry_id and e.action = 'referral.erased'
      and e.outcome = 'permitted' and e.object_id = x.referral_id::text and e.at = x.erased_at
    where r.id is null or x.referral_id is null or e.id is null`,
  'something left of a referral that was erased': Object.entries({
    ...goingTables,
    triage_item: ['referral_id'],
    document: ['referral_id'],
    legal_hold: ['referral_id'],
  })
    .flatMap(([table, columns]) =>
      columns.map(
        (column) => `
      select x.referral_id from ${table} held join erasure x on x.referral_id = held.${column}`,
      ),
    )
    .join(' union all '),
  'a document of a client that was not begun in the log once, or is whole and its entry is not there': `
    select d.id from document d
    left join lateral (
      select count(*) filter (where e.action = 'document.begun' and not o.details ? 'repeated') as begun,
             count(*) filter (where e.action = 'document.stored') as stored
      from audit_entry e join audit_opening o on o.entry_id = e.id
      where e.object_id = d.referral_id::text and e.outcome = 'permitted'
        and o.details ->> 'document' = d.id::text) said on true
    where d.client_id is not null and (said.begun <> 1 or d.stored_at is not null and said.stored = 0)`,
  'a legal hold whose entry is not in the log': `
    select h.referral_id from legal_hold h left join audit_entry e
      on e.id = h.entry_id and e.action = 'hold.placed' and e.outcome = 'permitted'
        and e.object_id = h.referral_id::text and e.at = h.placed_at
    where e.id is null`,
  'an entry without its opening': `
    select e.id from audit_entry e left join audit_opening o on o.entry_id = e.id
    where o.entry_id is null`,
  'an entry that neither waits for its index nor has one, or both': `
    select e.id from audit_entry e
    left join audit_pending p on p.entry_id = e.id left join audit_index i on i.entry_id = e.id
    where num_nonnulls(p.entry_id, i.entry_id) <> 1`,
  'a log whose indexes are not contiguous from 0 to its size': `
    select l.n from audit_log l left join audit_index i on i.log = l.n
    group by l.n, l.size
    having count(i.index) <> l.size or min(i.index) <> 0 or max(i.index) <> l.size - 1`,
  'a log without the tiles of its size, or with others': `
    with wanted as (
      select l.n as log, level, tile as n,
             least(l.size / (256 ^ level)::bigint - tile * 256, 256) as width
      from audit_log l cross join generate_series(0, 7) level
      cross join lateral
        generate_series(0, (l.size / (256 ^ level)::bigint + 255) / 256 - 1) tile)
    select coalesce(w.log, t.log), coalesce(w.level, t.level), coalesce(w.n, t.n)
    from wanted w full join audit_tile t on (t.log, t.level, t.n) = (w.log, w.level, w.n)
    where octet_length(t.hashes) is distinct from w.width * 32`,
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

/** The oldest transaction whose rows were not all looked through for plaintext, of each database. */
const unreadFrom = new WeakMap<postgres.Sql, string>()

/** Throws with every line that does not balance. */
export async function requireBalanced(sql: postgres.Sql): Promise<void> {
  // Asked before the rows are read: what is older is at an end, and its rows are seen.
  const [{ oldest }] = await sql<[{ oldest: string }]>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as oldest`
  await requireLines(sql, { ...lines, ...(await plaintextLines(sql)) })
  unreadFrom.set(sql, oldest)
}

/** The same but for plaintext, which takes reading every byte: for a look between two acts of a test. */
export function requireConsistent(sql: postgres.Sql): Promise<void> {
  return requireLines(sql, lines)
}

async function requireLines(
  sql: postgres.Sql,
  queries: Readonly<Record<string, string>>,
): Promise<void> {
  const results = await Promise.all(
    Object.entries(queries).map(async ([name, query]) => {
      const rows = await sql.unsafe(query).values()
      return rows.length > 0 ? [`${name}: ${rows.slice(0, 3).join(' ')}`] : []
    }),
  )
  const faults = [...results.flat(), ...(await unconnected(sql))]
  if (faults.length > 0) throw new Error(`the books do not balance:\n${faults.join('\n')}`)
}

/** A case is what current judgements connect: found here by joining sets, one link at a time. */
async function unconnected(sql: postgres.Sql): Promise<string[]> {
  // In one statement, and so of one moment: pairing may commit between two.
  const rows = await sql<{ caseId: string | null; left: string; right: string }[]>`
    select case_id as "caseId", referral_id as left, referral_id as right from referral_case
    union all
    select null, left_id, right_id from judgement where ended_at is null and verdict = 'same'`
  const cases = rows.flatMap(({ caseId, left }) => (caseId === null ? [] : [{ id: left, caseId }]))
  const links = rows.filter(({ caseId }) => caseId === null)
  const setOf = new Map<string, Set<string>>(cases.map(({ id }) => [id, new Set([id])]))
  for (const { left, right } of links) {
    const joined = new Set([...(setOf.get(left) ?? []), ...(setOf.get(right) ?? [])])
    for (const id of joined) setOf.set(id, joined)
  }
  const members = new Map<string, string[]>()
  for (const { id, caseId } of cases) {
    members.set(caseId, [...(members.get(caseId) ?? []), id])
  }
  return [...members].flatMap(([caseId, ids]) => {
    const connected = ids.every((id) => setOf.get(id)?.size === ids.length)
    return connected ? [] : [`a case that its judgements do not connect: ${caseId}`]
  })
}

/**
 * One line a table. A row's text shows bytes in hexadecimal, and reading it takes longer than all other
 * lines: a row that did not change since it was read is not read again.
 */
async function plaintextLines(sql: postgres.Sql): Promise<Record<string, string>> {
  const hex = (word: string) => Buffer.from(word).toString('hex')
  const patterns = planted
    .flatMap((word) => [word, hex(word), hex(word[0]!.toUpperCase() + word.slice(1))])
    .map((word) => `'%${word}%'`)
    .join(', ')
  const tables = await tablesOf(sql)
  const from = unreadFrom.get(sql) ?? '0'
  return Object.fromEntries(
    tables.map((table) => [
      `${table} holds planted plaintext`,
      `select 1 from ${table} held
       where held.xmin::text::bigint >= ${from} and lower(held::text) like any (array[${patterns}])
       limit 1`,
    ]),
  )
}
