/**
 * Lays referrals on the queue in bulk, as so many submissions would have left them: each is a copy of one that
 * was sent, with an id, a reference, an entry and an item of its own. Nobody opens them.
 */
import type postgres from 'postgres'
import type { Referring } from '../../examples/ceremony.ts'
import { writeEntry } from '../../src/audit/entry.ts'
import type { Caller } from '../../src/caller.ts'
import { makeReference } from '../../src/protocol/envelope/acknowledgement.ts'
import { newId } from '../../src/protocol/uuid.ts'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { dueAt } from '../../src/triage/calendar.ts'

const atOnce = 2_000

/** A referral that was sent, of which the others are copies. */
export type Original = { readonly referralId: string; readonly urgency: Urgency }

/** Lays copies of `originals`, all of which `sender` sent, as many of one as of another. */
export async function lay(
  sql: postgres.Sql,
  { organisationId, clientId }: Referring,
  originals: readonly Original[],
  count: number,
): Promise<void> {
  const rows = await sql<{ reference: string }[]>`select reference from referral`
  const taken = new Set(rows.map(({ reference }) => reference))
  for (let left = count; left > 0; left -= atOnce) {
    const caller: Caller = {
      ...{ kind: 'partner', clientId, organisationId, request: newId() },
      ...{ scopes: new Set(['referrals:submit'] as const), kids: new Set() },
      labels: { client: 'A client', organisation: 'A partner' },
    }
    const laid = Array.from({ length: Math.min(left, atOnce) }, (_, index) =>
      copyOf(caller, originals[index % originals.length]!, taken),
    )
    // One statement: a transaction whose backend is killed may end this process with the driver's own error.
    await sql.unsafe(statement, [JSON.stringify(laid)])
  }
}

function copyOf(caller: Caller, { referralId, urgency }: Original, taken: Set<string>) {
  let id = newId()
  // One of few has a reference that is taken: another id is as good.
  while (taken.has(makeReference(id, 1))) id = newId()
  const reference = makeReference(id, 1)
  taken.add(reference)
  const at = new Date()
  const object = { kind: 'referral', id } as const
  const act = { action: 'referral.submitted', object, details: { reference } } as const
  const entry = writeEntry(caller, act, newId(), at)
  const { actor, actorSalt, details, detailsSalt } = entry.opening
  const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')
  return {
    ...{ original: referralId, id, reference, at, case_id: newId(), item_id: newId() },
    ...{ due_at: dueAt({ arrivedAt: at, urgency, respondBy: undefined }), entry_id: entry.id },
    ...{ leaf: hex(entry.leaf), actor_salt: hex(actorSalt), details_salt: hex(detailsSalt) },
    ...{ details, client: actor?.client, organisation: actor?.organisation },
  }
}

/** `$1` is what was made for the copies. */
const source = `
  laid as materialized (select * from jsonb_to_recordset($1::text::jsonb) as laid (
    original uuid, id uuid, reference text, at timestamptz, case_id uuid, item_id uuid,
    due_at timestamptz, entry_id uuid, leaf text, actor_salt text, details_salt text,
    details jsonb, client uuid, organisation uuid))`

const inserts = [
  `insert into referral (id, organisation_id, receipt_hash, reference, received_at, state, header,
     keyset_version, signer, signature, envelope_hash, matching_hash, sealed_hashes, wrap_hashes, entry_id)
   select laid.id, sent.organisation_id, null, laid.reference, laid.at, 'received',
          convert_to(replace(convert_from(sent.header, 'UTF8'), sent.id::text, laid.id::text), 'UTF8'),
          sent.keyset_version, sent.signer, sent.signature, sent.envelope_hash, sent.matching_hash,
          sent.sealed_hashes, sent.wrap_hashes, laid.entry_id
   from laid join referral sent on sent.id = laid.original`,
  `insert into compartment (referral_id, names, sealed)
   select laid.id, sent.names, sent.sealed
   from laid join compartment sent on sent.referral_id = laid.original`,
  `insert into wrap (referral_id, kid, encapsulated, sealed_keys)
   select laid.id, sent.kid, sent.encapsulated, sent.sealed_keys
   from laid join wrap sent on sent.referral_id = laid.original`,
  `insert into referral_case (referral_id, case_id) select id, case_id from laid`,
  `insert into triage_item (id, case_id, referral_id, referral_ids, arrived_at, urgency, region,
     channel, organisation_id, own_due_at, due_at)
   select laid.item_id, laid.case_id, laid.id, array[laid.id], laid.at, sent.urgency, sent.region,
          sent.channel, sent.organisation_id, laid.due_at, laid.due_at
   from laid join triage_item sent on sent.referral_id = laid.original`,
  `insert into audit_entry (id, at, action, outcome, object_id, leaf)
   select entry_id, at, 'referral.submitted', 'permitted', id::text, decode(leaf, 'hex') from laid`,
  `insert into audit_opening (entry_id, client_id, organisation_id, client_label, organisation_label,
     actor_salt, details, details_salt)
   select entry_id, client, organisation, 'A client', 'A partner', decode(actor_salt, 'hex'), details,
          decode(details_salt, 'hex')
   from laid`,
  `insert into audit_pending (entry_id, at) select entry_id, at from laid`,
]

const statement = `
  with ${[source, ...inserts.map((insert, at) => `part_${at} as (${insert})`)].join(', ')}
  select`
