/**
 * One consumer of graphile-worker, to be killed and stopped. What a run of a job comes to it tells nobody: a run
 * counts as completed when the library says that it is, after it has sent the deletion.
 */
import { Logger, run } from 'graphile-worker'
import { openJournal } from '../journal.ts'
import { isEnding, sleepIfTold, untilEnding, work } from '../member.ts'
import { persistently } from '../storm.ts'

const [folder = '', name = '', url = '', queue = ''] = process.argv.slice(2)
const note = openJournal(folder, name)
const silent = new Logger(() => () => {})

while (!isEnding()) {
  const runner = await persistently(() =>
    run({
      ...{ connectionString: url, concurrency: 20, noHandleSignals: true, logger: silent },
      preset: { worker: { minResetLockedInterval: 1_000, maxResetLockedInterval: 2_000 } },
      taskList: {
        async [queue](_, { job }) {
          note([{ act: 'claimed', item: job.id, fence: job.attempts }])
          await sleepIfTold()
          await work(job.attempts > 1, 4_000)
        },
      },
    }),
  )
  runner.events.on('job:complete', ({ job, error }) => {
    note([{ act: error ? 'refused' : 'completed', item: job.id, fence: job.attempts }])
  })
  // It gives up by itself where the database is away for too long.
  await Promise.race([runner.promise.catch(() => {}), untilEnding()])
  await runner.stop().catch(() => {})
}
process.exit(0)
