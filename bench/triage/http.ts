/** Claim and complete over HTTP, with everything, beside graphile-worker in process and the handler beside it. */
import type { ChildProcess } from 'node:child_process'
import { untilSequenced } from '../../test/helpers/superuser.ts'
import type { Stage } from '../intake/stage.ts'
import { median, report, tell } from '../report.ts'
import { caseworker, cycleAll } from './load.ts'
import { graphile } from './peers.ts'
import type { Queue } from './queue.ts'

export type Place = {
  readonly stage: Stage
  readonly service: { readonly url: string; readonly process: ChildProcess }
  readonly queue: Queue
  readonly isSmall: boolean
}

const rounds = 5

export async function overHttp({ stage, service, queue, isSmall }: Place): Promise<void> {
  const { sql } = queue
  process.env.BENCH_ISSUER = service.url
  const beside = await stage.start('bench/triage/beside.ts')
  const client = caseworker(stage)
  const worker = await graphile(stage.superuserUrl, sql, 'default')
  const tenWorkers = await graphile(stage.superuserUrl, sql, 'ten at once')
  const count = isSmall ? 300 : 1_500

  /** On a queue that holds no more than is claimed, and nothing of the round before. */
  async function cycles(url: string, max: number): Promise<number> {
    await queue.empty()
    await queue.fill(count)
    const rate = await cycleAll({ url, issuer: service.url }, client, await queue.next(count), max)
    await untilSequenced(sql)
    return rate
  }

  const sides = {
    single: () => cycles(service.url, 1),
    batches: () => cycles(service.url, 10),
    besideSingle: () => cycles(beside.url, 1),
    besideBatches: () => cycles(beside.url, 10),
    peer: () => worker.rate(4 * count),
    peerTen: () => tenWorkers.rate(4 * count),
  }
  type Side = keyof typeof sides
  const rates = Object.fromEntries(
    Object.keys(sides).map((name) => [name, []]),
  ) as unknown as Record<Side, number[]>
  // The first round warms all up and is not counted.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, measure] of Object.entries(sides)) {
      const rate = await measure()
      if (round > 0) rates[name as Side].push(rate)
    }
  }
  await worker.close()
  await tenWorkers.close()
  const { single, batches, besideSingle, besideBatches, peer, peerTen } = Object.fromEntries(
    Object.entries(rates).map(([name, values]) => [name, median(values)]),
  ) as Record<Side, number>
  tell('jobs a second: graphile-worker, ten at once', peerTen)
  report('items a second, one by one: ours over HTTP, graphile-worker', single, peer, 0.25)
  report('items a second, by tens: ours over HTTP, graphile-worker', batches, peer, 0.6)
  report(
    'items a second, one by one: ours, the same rows in one statement',
    single,
    besideSingle,
    0.6,
  )
  report(
    'items a second, by tens: ours, the same rows in one statement',
    batches,
    besideBatches,
    0.6,
  )
}
