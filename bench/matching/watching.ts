/**
 * What somebody sees who refers once to a service that is quiet, and then asks it small things
 * without a pause: the pairing of the referral comes a moment later, and takes time from them.
 * There is one such look at each person, so what counts is how well one look tells the known from
 * the unknown.
 *
 * And what nobody sees who is not on the machine: the processor time of the thread that answers. It is what
 * a look could be told by, and what else the machine does blurs it less.
 */
import { readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type postgres from 'postgres'
import { median, report, tell } from '../report.ts'
import { mannWhitney, superiority } from '../statistics.ts'
import { shuffled } from './newcomers.ts'
import { newPerson } from './person.ts'
import { ask, type Referrals, untilPaired } from './referring.ts'

/** Longer than the loop waits at most, and the pairing takes. */
const watchedMs = 400
/** What belongs to the answer itself is over by then, and no pairing has begun. */
const afterAnswerMs = 10

export async function watch(referrals: Referrals, sql: postgres.Sql, pairs: number): Promise<void> {
  const looks = await lookAtEach(referrals, sql, pairs, (agent) => {
    return lostWhileAsking(agent, referrals)
  })
  tellLooks('watched', 'ms lost', looks)
}

/** How busy the thread that answers is with what comes after the answer. Linux counts it, `pid`'s. */
export async function meter(referrals: Referrals, sql: postgres.Sql, pairs: number, pid: number) {
  const looks = await lookAtEach(referrals, sql, pairs, async () => {
    await sleep(afterAnswerMs)
    const before = processorMs(pid)
    await sleep(watchedMs)
    return processorMs(pid) - before
  })
  tellLooks('answering thread', 'ms of processor', looks)
}

type Looks = Record<'known' | 'unknown', number[]>

/** One `look`, a figure, right after the answer about each of `pairs` known and as many unknown. */
async function lookAtEach(
  referrals: Referrals,
  sql: postgres.Sql,
  pairs: number,
  look: (agent: Agent) => Promise<number>,
): Promise<Looks> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const known = Array.from({ length: pairs }, newPerson)
  for (const person of known) await ask(agent, referrals.put(person))
  await untilPaired(sql)
  const looks: Looks = { known: [], unknown: [] }
  for (const person of known) {
    const kinds = shuffled([
      { figures: looks.known, request: referrals.put(person) },
      { figures: looks.unknown, request: referrals.put(newPerson()) },
    ])
    for (const { figures, request } of kinds) {
      await ask(agent, request)
      figures.push(await look(agent))
      await untilPaired(sql)
    }
  }
  agent.destroy()
  return looks
}

function tellLooks(name: string, unit: string, { known, unknown }: Looks): void {
  tell(`${name}, known: ${unit}, median`, median(known))
  tell(`${name}, unknown: ${unit}, median`, median(unknown))
  const higher = superiority(known, unknown)
  // Whoever sees that the known are lower tells them apart as well.
  const right = Math.max(higher, 1 - higher)
  report(`${name}, known and unknown: share told apart by one look`, right, 1, 0.6, 'at most')
  tell(`${name}, known and unknown: p of Mann and Whitney`, mannWhitney(known, unknown))
}

/** How long the main thread of a process has run. */
function processorMs(pid: number): number {
  const [ns] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')
  return Number(ns) / 1e6
}

/** By how much the answers of the next moment are late together, each beside their median. */
async function lostWhileAsking(agent: Agent, { probe }: Referrals): Promise<number> {
  const times: number[] = []
  const end = performance.now() + watchedMs
  while (performance.now() < end) times.push((await ask(agent, probe)).ms)
  const usual = median(times)
  return times.reduce((sum, ms) => sum + Math.max(0, ms - usual), 0)
}
