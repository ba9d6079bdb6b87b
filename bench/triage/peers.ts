/** The newest job queues on PostgreSQL, in this process: graphile-worker and pg-boss, each in a schema of its own. */
import { EventEmitter } from 'node:events'
import { Logger, makeWorkerUtils, run, type WorkerEvents } from 'graphile-worker'
import { PgBoss } from 'pg-boss'
import type postgres from 'postgres'

/** Adds `count` jobs, does them all, and answers how many a second. */
export type Peer = {
  rate(count: number): Promise<number>
  close(): Promise<void>
}

const silent = new Logger(() => () => {})

/** Our own default too: connections of one replica. */
const connectionsMax = 10

/** How many jobs graphile-worker takes at once where it batches; `size` is of its own queue (its documentation, "Performance"). */
const batching = {
  concurrentJobs: connectionsMax,
  localQueue: { size: 100 },
  completeJobBatchDelay: 0,
  failJobBatchDelay: 0,
}

/** @param how - as it comes, several at once, or in batches */
export async function graphile(
  connectionString: string,
  sql: postgres.Sql,
  how: 'default' | 'ten at once' | 'batched',
): Promise<Peer> {
  const utils = await makeWorkerUtils({ connectionString, logger: silent })
  await utils.migrate()
  const own = {
    default: {},
    'ten at once': { concurrentJobs: connectionsMax },
    batched: batching,
  }[how]
  return {
    async rate(count) {
      await sql`
        select graphile_worker.add_jobs(array(
          select ('cycle', json_build_object('number', number), null, null, null, null, null, null)
                 ::graphile_worker.job_spec from generate_series(1, ${count}) number))`
      await sql`vacuum analyze graphile_worker._private_jobs`
      let begun = 0
      const events: WorkerEvents = new EventEmitter()
      const ended = new Promise<number>((resolve) => {
        let done = 0
        // A job is done when its row is gone.
        events.on('job:complete', () => {
          done += 1
          if (done === count) resolve(performance.now())
        })
      })
      const runner = await run({
        preset: {
          worker: { connectionString, maxPoolSize: connectionsMax, logger: silent, ...own },
        },
        noHandleSignals: true,
        taskList: {
          cycle: async () => {
            begun ||= performance.now()
          },
        },
        events,
      })
      const seconds = ((await ended) - begun) / 1000
      await runner.stop()
      return count / seconds
    },
    close: async () => utils.release(),
  }
}

/** @param batch - how many are fetched, and completed, at once */
export async function boss(
  connectionString: string,
  sql: postgres.Sql,
  batch: number,
  loops: number,
): Promise<Peer> {
  const queue = new PgBoss({
    ...{ connectionString, max: connectionsMax, supervise: false, schedule: false },
  })
  queue.on('error', (error) => console.error(error))
  await queue.start()
  await queue.createQueue('cycle')
  return {
    async rate(count) {
      const jobs = Array.from({ length: count }, (_, number) => ({ data: { number } }))
      for (let from = 0; from < count; from += 1000)
        await queue.insert('cycle', jobs.slice(from, from + 1000))
      await sql`analyze`
      const begun = performance.now()
      const worker = async () => {
        for (;;) {
          const fetched = await queue.fetch('cycle', { batchSize: batch })
          if (fetched.length === 0) return
          await queue.complete(
            'cycle',
            fetched.map(({ id }) => id),
          )
        }
      }
      await Promise.all(Array.from({ length: loops }, worker))
      return (count * 1000) / (performance.now() - begun)
    },
    close: () => queue.stop({ graceful: false }),
  }
}
