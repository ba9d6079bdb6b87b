/** What a claim takes in this process, by what else there is: how much waits, and what an old snapshot keeps. */
import { setTimeout as pause } from 'node:timers/promises'
import postgres from 'postgres'
import { median, report, tell } from '../report.ts'
import type { Place } from './http.ts'
import { holderOn, toldAfterMs } from './inprocess.ts'
import { boss, graphile, type Peer } from './peers.ts'

/** A claim of an item, and its completion; only the claim is timed. */
type Cycle = () => Promise<number>

function cycleOf(held: ReturnType<typeof holderOn>): Cycle {
  return async () => {
    const begun = performance.now()
    const claims = await held.claim(1)
    const ms = performance.now() - begun
    if (claims.length !== 1) throw new Error('the queue is empty')
    await held.complete(claims)
    return ms
  }
}

async function many(count: number, cycle: Cycle): Promise<number[]> {
  const times: number[] = []
  for (let turn = 0; turn < count; turn += 1) times.push(await cycle())
  return times
}

/** The shorter queue is measured before and after the longer, so that what else the machine does is in both. */
export async function byWaiting({ stage, queue, isSmall }: Place): Promise<void> {
  const [few, all] = isSmall ? [1_000, 20_000] : [10_000, 1_000_000]
  const held = holderOn(stage)
  const cycle = cycleOf(held)
  const claims = isSmall ? 200 : 1_000
  async function measure(waiting: number): Promise<number[]> {
    await queue.empty()
    await queue.fill(waiting, true)
    // The first make the plans and are not counted.
    await many(50, cycle)
    return many(claims, cycle)
  }
  const before = await measure(few)
  const long = await measure(all)
  const after = await measure(few)
  await held.close()
  const name = `ms of a claim in process, the median: of ${all} that wait, of ${few}`
  report(name, median(long), median([...before, ...after]), 1.25, 'at most')
}

/** A snapshot that somebody holds open keeps every dead row, here and in the tables of the peers. */
export async function byDeadRows({ stage, queue, isSmall }: Place): Promise<void> {
  const { sql } = queue
  const count = isSmall ? 2_000 : 200_000
  const part = count / 10
  const held = holderOn(stage)
  const cycle = cycleOf(held)
  await queue.empty()
  await queue.fill(count + 50, true)
  await many(50, cycle)
  const other = postgres(stage.superuserUrl, { max: 1, onnotice: () => {} })
  await other`begin isolation level repeatable read`
  await other`select count(*) from triage_item`
  const parts: { ms: number; rate: number }[] = []
  for (let done = 0; done < count; done += part) {
    const begun = performance.now()
    const times = (
      await Promise.all(Array.from({ length: 10 }, () => many(part / 10, cycle)))
    ).flat()
    parts.push({ ms: median(times), rate: (part * 1000) / (performance.now() - begun) })
  }
  await held.close()
  const [first, last] = [parts[0], parts.at(-1)]
  const name = `with a snapshot held, after ${count} items`
  report(`${name}: ms of a claim, at first`, last?.ms ?? 0, first?.ms ?? 0, 2, 'at most')
  report(`${name}: items a second, at first`, last?.rate ?? 0, first?.rate ?? 0, 0.8)
  const started: [string, () => Promise<Peer>][] = [
    ['graphile-worker', () => graphile(stage.superuserUrl, sql, 'ten at once')],
    ['pg-boss', () => boss(stage.superuserUrl, sql, 1, 10)],
  ]
  for (const [peer, start] of started) {
    const { share, after } = await kept(await start(), count)
    tell(`with a snapshot held: of its rate ${peer} keeps`, share)
    tell(`with a snapshot held: that is after items by ${peer}`, after)
  }
  await other`rollback`
  await other.end()
}

/** So long a peer is driven: the slower it becomes, the longer the rest would take. */
const peerMs = 150_000

/**
 * Its rate after up to `count` items beside its first.
 *
 * @returns what is left of the rate, and after how many items that is
 */
async function kept(peer: Peer, count: number): Promise<{ share: number; after: number }> {
  const part = count / 100
  const first = await peer.rate(part)
  let share = 1
  let after = part
  for (const end = performance.now() + peerMs; after < count && performance.now() < end; ) {
    share = (await peer.rate(part)) / first
    after += part
  }
  await peer.close()
  return { share, after }
}

/** Of the renewals those that wrote to no index. */
export async function renewals({ stage, queue, isSmall }: Place): Promise<void> {
  const count = isSmall ? 100 : 1_000
  const held = holderOn(stage)
  await queue.empty()
  await queue.fill(count, true)
  const claims: Awaited<ReturnType<typeof held.claim>>[number][] = []
  while (claims.length < count) claims.push(...(await held.claim(50)))
  const updates = async () => {
    await pause(toldAfterMs)
    const [row] = await queue.sql<[{ all: number; hot: number }]>`
      select n_tup_upd::float8 as all, n_tup_hot_upd::float8 as hot from pg_stat_user_tables
      where relname = 'triage_item'`
    return row
  }
  const before = await updates()
  for (let turn = 0; turn < 10; turn += 1) {
    for (const claim of claims) await held.renew(claim)
  }
  const after = await updates()
  await held.close()
  report('renewals, heap-only of all', after.hot - before.hot, after.all - before.all, 0.85)
}
