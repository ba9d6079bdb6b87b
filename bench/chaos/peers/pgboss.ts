/** One consumer of pg-boss, to be killed and stopped: it fetches in batches, notes, and completes. */
import { setTimeout as wait } from 'node:timers/promises'
import { PgBoss } from 'pg-boss'
import { openJournal } from '../journal.ts'
import { isEnding, sleepIfTold, work } from '../member.ts'
import { persistently } from '../storm.ts'

const [folder = '', name = '', url = '', queue = '', by = ''] = process.argv.slice(2)
const note = openJournal(folder, name)

const boss = new PgBoss({
  ...{ connectionString: url, max: 4, schedule: false },
  ...{ superviseIntervalSeconds: 1, monitorIntervalSeconds: 1 },
})
// The database dies now and then; each call says so as well.
boss.on('error', () => {})
await persistently(() => boss.start())

/** What its answer says beside its declared type: of how many jobs the state was changed. */
type Settled = { readonly affected: number }

while (!isEnding()) {
  const jobs = await persistently(() => boss.fetch(queue, { batchSize: 20, includeMetadata: true }))
  if (jobs.length === 0) await wait(100)
  note(jobs.map(({ id, retryCount }) => ({ act: 'claimed', item: id, fence: retryCount })))
  await sleepIfTold()
  await work(
    jobs.some(({ retryCount }) => retryCount > 0),
    4_000,
  )
  const settled = await Promise.all(
    jobs.map((job) => persistently(() => boss.complete(queue, by === 'id' ? job.id : job))),
  )
  note(
    jobs.map(({ id, retryCount }, index) => {
      const { affected } = settled[index] as unknown as Settled
      return { act: affected === 1 ? 'completed' : 'refused', item: id, fence: retryCount }
    }),
  )
}
process.exit(0)
