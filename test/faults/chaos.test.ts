/**
 * Goal: whatever is killed and whoever sleeps through a lease, no item is lost, none is completed twice or by a
 * holder that was overtaken, and the log tells of all that was acknowledged.
 * Method: a few seconds of `npm run bench chaos`, in which leases are made to end while a consumer sleeps. The
 * consumers' own journals are compared with the database.
 */
import t from 'tap'
import { weather } from '../../bench/chaos/ours.ts'

t.test('a few seconds of chaos lose nothing, double nothing and let nobody in late', async (t) => {
  const { verdict, kills, repeated } = await weather(t, {
    ...{ seconds: 6, items: 400, consumers: 5, batch: 10, sleepers: 2, againMs: 300 },
    everyMs: { consumer: 1_500, replica: 3_000, database: 3_000 },
  })
  const { items, completed, lost, doubled, stale, reopened, unlogged, refused } = verdict
  t.ok(completed >= 400 && completed === items, 'all that came is completed')
  t.same(
    { lost, doubled, stale, reopened, unlogged },
    {
      ...{ lost: [], doubled: [], stale: [], reopened: [], unlogged: [] },
    },
  )
  const { consumers = 0, replicas = 0, PostgreSQL = 0, slept = 0 } = kills
  t.ok(Math.min(consumers, replicas, PostgreSQL, slept, refused, repeated) > 0, 'and it was chaos')
  t.comment(JSON.stringify({ items, refused, again: verdict.again, repeated, ...kills }))
})
