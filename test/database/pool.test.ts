/**
 * Goal: no connection is used by two, none that was lost is used again, and whoever waits for one is served
 * in turn or told in time.
 * Method: connections that are never used, for the driver connects at the first statement.
 */
import t from 'tap'
import { readAddress } from '../../src/database/address.ts'
import { createPool } from '../../src/database/pool.ts'

const address = readAddress('postgres://u:p@first.invalid,second.invalid/d')!
const soon = 1
const long = 60_000
const poolOf = (max: number) => createPool({ address, prepare: true }, max)

/** What has been settled of `work` by the next turn of the loop. */
async function settled<T>(work: Promise<T>): Promise<T | 'waits'> {
  await new Promise((resolve) => setImmediate(resolve))
  return Promise.race([work, Promise.resolve('waits' as const)])
}

t.test('at most so many are in use, and whoever waited first is served first', async (t) => {
  const pool = poolOf(2)
  const [one, other] = [await pool.take(long), await pool.take(long)]
  t.not(one, other)
  const [first, second] = [pool.take(long), pool.take(long)]
  t.same([await settled(first), await settled(second)], ['waits', 'waits'])
  pool.giveBack(one)
  t.equal(await settled(first), one)
  t.equal(await settled(second), 'waits')
  pool.giveBack(other)
  t.equal(await settled(second), other)
  pool.giveBack(one)
  t.equal(await settled(pool.take(long)), one, 'one that is free is used again')
})

t.test('who waits too long is told, and takes nothing from those behind', async (t) => {
  const pool = poolOf(1)
  const link = await pool.take(long)
  await t.rejects(pool.take(soon), { name: 'DatabaseAway', message: /became free/ })
  const next = pool.take(long)
  pool.giveBack(link)
  t.equal(await settled(next), link)
})

t.test('one that was lost is not used again, nor any that was made before it', async (t) => {
  const pool = poolOf(3)
  const [lost, held, idle] = [await pool.take(long), await pool.take(long), await pool.take(long)]
  for (const { host } of [lost, held, idle]) t.equal(host.host, 'first.invalid')
  pool.giveBack(idle)
  pool.discard(lost)
  pool.giveBack(held)
  const fresh = [await pool.take(long), await pool.take(long), await pool.take(long)]
  for (const link of fresh) {
    t.notOk([lost, held, idle].includes(link))
    t.equal(link.host.host, 'second.invalid', 'and the next host is asked')
  }
})

t.test(
  'several that fail together move on by one host, and the last leads to the first',
  async (t) => {
    const pool = poolOf(2)
    const [one, other] = [await pool.take(long), await pool.take(long)]
    pool.discard(one)
    pool.discard(other)
    const [next, beside] = [await pool.take(long), await pool.take(long)]
    t.same([next.host.host, beside.host.host], ['second.invalid', 'second.invalid'])
    pool.discard(next)
    const round = await pool.take(long)
    t.equal(round.host.host, 'first.invalid')
    pool.discard(round)
    t.equal((await pool.take(long)).host.host, 'second.invalid')
  },
)

t.test('whoever waits gets a new one in the place of one that was lost', async (t) => {
  const pool = poolOf(1)
  const lost = await pool.take(long)
  const waiting = pool.take(long)
  pool.discard(lost)
  const link = await settled(waiting)
  t.ok(link !== 'waits' && link !== lost)
  const next = pool.take(long)
  t.equal(await settled(next), 'waits', 'and still one at a time')
  if (link !== 'waits') pool.giveBack(link)
  t.equal(await settled(next), link)
})

t.test('closing lets those in use come back', async (t) => {
  const pool = poolOf(2)
  const [one, other] = [await pool.take(long), await pool.take(long)]
  const closing = pool.close().then(() => 'closed')
  t.equal(await settled(closing), 'waits')
  pool.giveBack(one)
  t.equal(await settled(closing), 'waits')
  pool.giveBack(other)
  t.equal(await closing, 'closed')
  await poolOf(1).close()
})
