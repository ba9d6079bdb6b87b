/** Batches of ten in this process: the service's own acts without HTTP, beside the peers as they are documented. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Static } from 'typebox'
import type { KnownCaller } from '../../src/caller.ts'
import { connect } from '../../src/database/connect.ts'
import { newId } from '../../src/protocol/uuid.ts'
import type { Claims } from '../../src/triage/schemas.ts'
import { servicesOn } from '../../test/helpers/stage.ts'
import { untilSequenced } from '../../test/helpers/superuser.ts'
import type { Stage } from '../intake/stage.ts'
import { median, report, tell } from '../report.ts'
import type { Place } from './http.ts'
import { boss, graphile } from './peers.ts'

const rounds = 5
const batch = 10
/** Claims that are under way at once: as many as there are connections. */
const loops = 10
/** PostgreSQL's own processes report what they did once they were idle for this long (`PGSTAT_IDLE_INTERVAL`). */
export const toldAfterMs = 10_500

/** Casework as the service knows it once its token was read. */
function caseworkerOf({ world }: Stage): KnownCaller {
  return {
    kind: 'internal',
    request: newId(),
    clientId: world.clients.casework,
    organisationId: world.referring.telephone.organisationId,
    labels: { client: 'Casework app', organisation: 'The charity' },
    scopes: new Set(['triage:work']),
    kids: new Set([world.recipients.casework.receiving.kid]),
  }
}

type Claimed = Static<typeof Claims>['claims']

/** Casework in this process: what it claims and completes, without any compartment. */
export function holderOn(stage: Stage) {
  const database = connect({ url: stage.url, connectionsMax: loops, prepare: true })
  const { triage } = servicesOn(database, stage.world.origin)
  const caller = caseworkerOf(stage)
  const recipient = [...caller.kids].join()
  return {
    async claim(max: number) {
      const asked = { recipient, max, leaseSeconds: 600, compartments: [] }
      return (await triage.claim(caller, asked)).claims
    },
    async complete(claims: Claimed): Promise<void> {
      const completions = claims.map(({ claimId, fence, referrals }) => {
        const answered = referrals.map(({ referralId }) => referralId)
        return { claimId, fence, outcome: 'accepted' as const, referrals: answered }
      })
      await triage.completeSeveral(caller, { completions })
    },
    renew: ({ claimId, fence }: Claimed[number]) => triage.renew(caller, { claimId, fence }, 600),
    close: () => database.close(),
  }
}

export async function inProcess({ stage, queue, isSmall }: Place): Promise<void> {
  const { sql } = queue
  const count = isSmall ? 500 : 5_000
  const held = holderOn(stage)
  const worker = await graphile(stage.superuserUrl, sql, 'batched')
  const queued = await boss(stage.superuserUrl, sql, batch, loops)

  async function ours(): Promise<number> {
    await queue.empty()
    await queue.fill(count)
    const begun = performance.now()
    const loop = async () => {
      for (;;) {
        const claims = await held.claim(batch)
        if (claims.length === 0) return
        await held.complete(claims)
      }
    }
    await Promise.all(Array.from({ length: loops }, loop))
    const seconds = (performance.now() - begun) / 1000
    await untilSequenced(sql)
    return count / seconds
  }

  const sides = {
    ours,
    'graphile-worker': () => worker.rate(count),
    'pg-boss': () => queued.rate(count),
  }
  const rates: number[][] = Object.keys(sides).map(() => [])
  for (let round = 0; round <= rounds; round += 1) {
    for (const [side, measure] of Object.values(sides).entries()) {
      const rate = await measure()
      if (round > 0) rates[side]?.push(rate)
    }
  }
  for (const [name, measure] of Object.entries(sides)) {
    const written = await writtenBy(sql, measure)
    tell(`rows written an item, with those that put it there: ${name}`, written.rows / count)
    tell(`commits an item: ${name}`, written.commits / count)
  }
  await Promise.all([worker.close(), queued.close(), held.close()])
  const [own = 0, graphiles = 0, bosses = 0] = rates.map((values) => median(values))
  report('items a second in process, by tens: ours, graphile-worker batched', own, graphiles, 0.3)
  report('items a second in process, by tens: ours, pg-boss', own, bosses, 0.3)
}

/** What the whole cluster wrote meanwhile. */
async function writtenBy(sql: Place['queue']['sql'], act: () => Promise<unknown>) {
  const before = await written(sql)
  await act()
  const after = await written(sql)
  return { rows: after.rows - before.rows, commits: after.commits - before.commits }
}

async function written(sql: Place['queue']['sql']) {
  await pause(toldAfterMs)
  const [row] = await sql<[{ rows: number; commits: number }]>`
    select sum(tup_inserted + tup_updated + tup_deleted)::float8 as rows,
           sum(xact_commit)::float8 as commits from pg_stat_database`
  return row
}
