/**
 * The handler beside it: the same check of token and proof by the service's own code, and then the same rows written
 * in one statement for each request. What is missing is everything that the service decides, and its refusals.
 */
import { readFile } from 'node:fs/promises'
import Fastify from 'fastify'
import postgres from 'postgres'
import { admission } from '../../src/access/admission.ts'
import { access } from '../../src/access/plugin.ts'
import { createTokenKeys, readSealKey } from '../../src/access/tokenkeys.ts'
import { readConfig } from '../../src/config/server.ts'
import { connect } from '../../src/database/connect.ts'
import { findClient } from '../../src/directory/service.ts'
import { randomBytes } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'

const config = readConfig()
const databaseUrl = config.databaseUrl ?? ''
const database = connect({ url: databaseUrl, connectionsMax: 10, prepare: true })
const sql = postgres(databaseUrl, {
  max: config.databaseConnectionsMax,
  connection: { role: 'intake_internal' },
})
const app = Fastify({ genReqId: () => newId() })
const sealKey = readSealKey(await readFile(config.access.tokenSealFile, 'utf8'))
const { BENCH_ISSUER: issuer = '' } = process.env
await app.register(admission)
await app.register(access, {
  authority: {
    audience: `https://${config.origin}`,
    issuer: () => `${issuer}/oauth`,
    tokenKeys: createTokenKeys(database, sealKey),
  },
  directory: {
    findClient: (caller, id) => database.inTransaction(caller, (tx) => findClient(tx, id)),
  },
  database,
  publicUrl: () => app.listeningOrigin,
  listener: { onRefused: () => {}, onIssued: () => {} },
})

/** As long as those of the service. */
const [leaf, salt] = [randomBytes(420), randomBytes(32)]
const route = {
  config: { action: 'triage.claimed' },
  schema: { security: [{ bearer: ['triage:work'] }] },
} as const

/** Two entries for each row of `acts`, with their openings and places to come. */
const entries = (clientId: string) => sql`
  made as (select gen_random_uuid() as id, action, object from acts,
           lateral (values (item_action, id::text), (referral_action, referral_id::text)) said (action, object)),
  entry as (insert into audit_entry (id, at, action, outcome, object_id, leaf)
            select id, date_trunc('milliseconds', now()), action, 'permitted', object, ${leaf} from made),
  pending as (insert into audit_pending (at, entry_id)
              select date_trunc('milliseconds', now()), id from made),
  opening as (insert into audit_opening (entry_id, client_id, organisation_id, client_label, organisation_label,
                                         actor_salt, details, details_salt)
              select id, ${clientId}, ${clientId}, 'Casework app', 'The charity', ${salt},
                     '{"reference":"bench"}', ${salt} from made)`

type Asked = { recipient: string; max: number; leaseSeconds: number; compartments: string[] }
app.post<{ Body: Asked }>('/v1/triage/claims', route, async ({ body, caller }) => {
  if (!('clientId' in caller)) throw new Error('nobody is known')
  const rows = await sql`
    with next as materialized (
      select id from triage_item item
      where completed_at is null and merged_into is null and (leased_until is null or leased_until <= now())
        and exists (select from wrap where wrap.referral_id = item.referral_id and kid = ${body.recipient})
      order by due_at, id limit ${body.max} for update skip locked
    ), acts as (
      update triage_item item
      set fence = fence + 1, leased_by = ${caller.clientId}, claimed_at = now(), changed = false,
          leased_until = now() + make_interval(secs => ${body.leaseSeconds})
      where id = any (array (select id from next))
      returning id, referral_id, fence, 'triage.claimed' as item_action, 'referral.opened' as referral_action
    ), begun as (
      update referral set state = 'in_triage' where id = any (array (select referral_id from acts))
    ), ${entries(caller.clientId)}
    select acts.id, acts.fence, r.id as referral, r.reference, r.header, r.signature, r.sealed_hashes, r.wrap_hashes,
           w.encapsulated, w.sealed_keys, part.name, part.sealed
    from acts join referral r on r.id = acts.referral_id
    join wrap w on w.referral_id = r.id and w.kid = ${body.recipient}
    join compartment c on c.referral_id = r.id
    join lateral unnest(c.names, c.sealed) as part (name, sealed) on part.name = any (${body.compartments})`
  const text = (bytes: Buffer) => bytes.toString('base64url')
  const claims = rows.map((row) => ({
    claimId: row.id,
    fence: Number(row.fence),
    referrals: [
      {
        referralId: row.referral,
        reference: row.reference,
        header: JSON.parse(row.header),
        compartments: { [row.name]: text(row.sealed) },
        sealedHashes: JSON.parse(row.sealed_hashes),
        wrapHashes: JSON.parse(row.wrap_hashes),
        wrap: { encapsulated: text(row.encapsulated), sealedKeys: text(row.sealed_keys) },
        signature: text(row.signature),
      },
    ],
  }))
  return { claims }
})

type Ending = { claimId: string; fence: number; outcome: string }

async function complete(clientId: string, endings: readonly Ending[]) {
  const rows = await sql`
    with acts as (
      update triage_item item
      set fence = item.fence + 1, completed_at = now(), completed_late = leased_until <= now(), outcome = 'accepted'
      from unnest(${endings.map(({ claimId }) => claimId)}::uuid[],
                  ${endings.map(({ fence }) => fence)}::bigint[]) named (id, fence)
      where item.id = named.id and item.fence = named.fence and leased_by = ${clientId}
      returning item.id, referral_id, 'triage.completed' as item_action, 'referral.answered' as referral_action
    ), answered as (
      update referral set state = 'accepted' where id = any (array (select referral_id from acts))
    ), ${entries(clientId)}
    select id from acts`
  return rows.map(({ id }) => ({ claimId: id, completion: { outcome: 'accepted' } }))
}

type Named = { Body: Omit<Ending, 'claimId'>; Params: { claimId: string } }
app.post<Named>('/v1/triage/claims/:claimId/completion', route, async (request) => {
  const { body, params, caller } = request
  const [ended] = await complete('clientId' in caller ? caller.clientId : '', [
    { ...body, ...params },
  ])
  return ended?.completion
})

app.post<{ Body: { completions: Ending[] } }>('/v1/triage/completions', route, async (request) => {
  const { body, caller } = request
  const clientId = 'clientId' in caller ? caller.clientId : ''
  return { completions: await complete(clientId, body.completions) }
})

await app.listen({ host: config.host, port: config.port })
console.log(`beside listens on ${app.listeningOrigin}`)
