/** Fills a database with a log of so many entries, as the service and its sequencer would have left it. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type postgres from 'postgres'
import { type Act, type Entry, writeEntry } from '../../src/audit/entry.ts'
import { hasher, signedCheckpoint } from '../../src/audit/tree.ts'
import type { Caller } from '../../src/caller.ts'
import type { KeyPair } from '../../src/protocol/keys.ts'
import { append, type Edge, edgeRoot, emptyEdge } from '../../src/protocol/log/edge.ts'
import type { Tile } from '../../src/protocol/log/tile.ts'
import { originOfLog } from '../../src/protocol/logorigin.ts'
import { newId } from '../../src/protocol/uuid.ts'

/** Clients of the log; each did as much as any other. */
export const clients: readonly string[] = Array.from({ length: 50 }, () => newId())
export const organisations = clients.map(() => newId())

/** Between two entries: a deployment that grows by a million entries in about four months. */
const apartMs = 10_000
const actsPerReferral = 5
/** One entry of so many is a refusal: each third act of the last client. */
const refusedEach = 3 * clients.length
const batch = 10_000

/** Fills it. All tables of the log must be empty. */
export async function fill(
  sql: postgres.Sql,
  size: number,
  { origin, logKey }: { origin: string; logKey: KeyPair },
): Promise<void> {
  const tiles = new Map<string, Tile>()
  const begun = Date.now() - size * apartMs
  let edge: Edge = emptyEdge
  let referral = newId()
  const name = originOfLog(origin, 1)
  await sql`insert into audit_log (n, origin) values (1, ${name})`
  for (let first = 0; first < size; first += batch) {
    const entries = Array.from({ length: Math.min(batch, size - first) }, (_, count) => {
      const index = first + count
      if (index % actsPerReferral === 0) referral = newId()
      const at = new Date(begun + index * apartMs)
      return { at, ...writeEntry(callerOf(index), actOf(index, referral), newId(), at) }
    })
    await copyEntries(sql, entries, first)
    const appended = append(
      hasher,
      edge,
      entries.map(({ leaf }) => hasher.leaf(leaf)),
    )
    edge = appended.edge
    for (const tile of appended.tiles) tiles.set(`${tile.level}/${tile.index}`, tile)
  }
  const checkpoint = signedCheckpoint(name, { size, root: edgeRoot(hasher, edge) }, [logKey])
  await sql`
    update audit_log set size = ${size}, checkpoint = ${checkpoint}, signed_at = now()`
  await copy(
    sql,
    'audit_tile (log, level, n, hashes)',
    [...tiles.values()].map(({ level, index, hashes }) => [1, level, index, hex(hashes)]),
  )
  await sql.unsafe('vacuum analyze audit_entry, audit_opening, audit_index, audit_tile')
}

/** Empties what a ceremony left in the log. */
export async function empty(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    truncate audit_cosignature, audit_index, audit_tile, audit_pending, audit_log, audit_opening,
             audit_entry cascade`)
}

function callerOf(index: number): Caller {
  const at = index % clients.length
  const [clientId = '', organisationId = ''] = [clients[at], organisations[at]]
  if (index % actsPerReferral === 1) return { kind: 'system', request: newId() }
  return {
    ...{ kind: 'partner', clientId, organisationId, request: newId() },
    ...{
      scopes: new Set(),
      kids: new Set(),
      labels: { client: `Client ${at}`, organisation: `Office ${at}` },
    },
  }
}

function actOf(index: number, id: string): Act {
  const object = { kind: 'referral', id } as const
  if (index % refusedEach === refusedEach - 1) {
    return { action: 'referral.answered', outcome: 'refused', reason: 'not-found', object }
  }
  const reference = String(10_000_000 + (index % 89_999_999))
  const acts: readonly Act[] = [
    { action: 'referral.submitted', object, details: { reference } },
    { action: 'referral.paired', object, details: { acts: [{ act: 'merged', with: newId() }] } },
    { action: 'triage.claimed', object, details: { items: 1 } },
    { action: 'referral.opened', object, recipient: 'x'.repeat(43) },
    { action: 'triage.completed', object, details: { outcome: 'accepted' } },
  ]
  return acts[index % acts.length]!
}

async function copyEntries(
  sql: postgres.Sql,
  entries: readonly (Entry & { at: Date })[],
  first: number,
): Promise<void> {
  await copy(
    sql,
    'audit_entry (id, at, action, outcome, object_id, leaf)',
    entries.map(({ id, at, act, leaf }) => [
      ...[id, at.toISOString(), act.action, act.outcome ?? 'permitted'],
      ...[act.object?.id ?? null, hex(leaf)],
    ]),
  )
  await copy(
    sql,
    `audit_opening (entry_id, client_id, organisation_id, client_label, organisation_label, actor_salt,
                    details, details_salt, refusal, refused_at)`,
    entries.map(({ id, at, act, opening: { actor, actorSalt, details, detailsSalt } }) => [
      ...[
        id,
        actor?.client,
        actor?.organisation,
        actor?.labels?.client,
        actor?.labels?.organisation,
      ],
      ...[actorSalt && hex(actorSalt), details && JSON.stringify(details)],
      detailsSalt && hex(detailsSalt),
      ...(act.outcome ? [act.outcome, at.toISOString()] : [undefined, undefined]),
    ]),
  )
  await copy(
    sql,
    'audit_index (log, index, entry_id)',
    entries.map(({ id }, count) => [1, first + count, id]),
  )
}

type Cell = string | number | null | undefined

/** COPY in its text format. No cell holds a tab, a line break or a backslash but that of bytes. */
async function copy(sql: postgres.Sql, table: string, rows: readonly Cell[][]): Promise<void> {
  const into = await sql.unsafe(`copy ${table} from stdin`).writable()
  const lines = rows.map((row) => `${row.map((cell) => cell ?? '\\N').join('\t')}\n`)
  await pipeline(Readable.from([lines.join('')]), into)
}

/** Bytes as COPY reads them. */
function hex(bytes: Uint8Array): string {
  return `\\\\x${Buffer.from(bytes).toString('hex')}`
}
