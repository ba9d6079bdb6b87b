/**
 * What the log costs who is served: reads of a case beside a service that writes no entries, and the full
 * PUT beside one whose entries get no places. The services are the same code but for that (without.ts).
 */
import { Agent, request } from 'node:http'
import postgres from 'postgres'
import { untilPaired, untilSequenced } from '../../test/helpers/superuser.ts'
import { putAll } from '../intake/load.ts'
import { type Stage, sealer, startStage } from '../intake/stage.ts'
import { median, report } from '../report.ts'

const connections = 32
const rounds = 3
const bodiesPerRound = 300
const readsPerRound = 1_000

/** Node.js' flags for a service without a part. */
function without(part: 'entries' | 'sequencing'): string[] {
  return ['--import', `${new URL('./without.ts', import.meta.url)}?${part}`]
}

/** The audited read, and the PUT beside sequencing. */
export async function servingRatios(): Promise<void> {
  const [stage, apart] = [await startStage(), await startStage()]
  try {
    await puts(stage, apart)
    await reads(stage)
  } finally {
    await Promise.all([stage.close(), apart.close()])
  }
}

/** In turns, each on a database of its own: on one, the one would give places to what the other wrote. */
async function puts(stage: Stage, apart: Stage): Promise<void> {
  const sides = await Promise.all(
    [stage, apart].map(async ({ world, superuserUrl, start }, side) => {
      const { url } = await start('src/server.ts', side === 0 ? [] : without('sequencing'))
      const [seal, token] = [
        await sealer(world),
        await world.token(world.referring.lawFirm.clientId),
      ]
      return { url, seal, token, superuserUrl, rates: [] as number[] }
    }),
  )
  // The first round warms both up and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { url, seal, token, superuserUrl, rates } of sides) {
      const bodies = Array.from({ length: bodiesPerRound }, () => seal())
      const rate = await putAll(url, token, bodies, connections)
      // What is left of this side's background is not to run beside the other.
      await asSuperuser(superuserUrl, async (sql) => {
        await untilPaired(sql)
        if (url === sides[0]?.url) await untilSequenced(sql)
      })
      if (round > 0) rates.push(rate)
    }
  }
  const [ours, against] = sides.map(({ rates }) => median(rates))
  report('PUT a second: entries get places, they wait', ours ?? 0, against ?? 0, 0.95)
}

async function reads({ world, superuserUrl, start }: Stage): Promise<void> {
  const audited = await start('src/server.ts')
  const bare = await start('src/server.ts', without('entries'))
  const token = await world.token(world.clients.casework)
  const cases = await asSuperuser(
    superuserUrl,
    (sql) => sql<{ id: string }[]>`select case_id as id from referral_case limit ${readsPerRound}`,
  )
  const paths = cases.map(({ id }) => `/v1/cases/${id}`)
  const [ours, against]: [number[], number[]] = [[], []]
  for (let round = 0; round <= rounds; round += 1) {
    const limit = await readAll(bare.url, token, paths)
    const full = await readAll(audited.url, token, paths)
    await asSuperuser(superuserUrl, (sql) => untilSequenced(sql))
    if (round === 0) continue
    against.push(limit)
    ours.push(full)
  }
  report('reads of a case a second: with entries, without', median(ours), median(against), 0.8)
}

async function asSuperuser<T>(url: string, act: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await act(sql)
  } finally {
    await sql.end()
  }
}

/** Reads each path once; answers how many were answered a second. Any refusal ends the bench. */
async function readAll(url: string, token: string, paths: readonly string[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const headers = { authorization: `Bearer ${token}` }
  const read = (path: string) =>
    new Promise<number>((resolve, reject) => {
      const sent = request(url + path, { agent, headers }, (answer) => {
        answer.resume()
        answer.once('end', () => resolve(answer.statusCode ?? 0))
      })
      sent.once('error', reject)
      sent.end()
    })
  let next = 0
  const worker = async () => {
    for (let path = paths[next++]; path; path = paths[next++]) {
      const status = await read(path)
      if (status !== 200) throw new Error(`a read answered ${status}`)
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - begun) / 1000
  agent.destroy()
  return paths.length / seconds
}
