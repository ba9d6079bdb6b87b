/**
 * What somebody sees who refers once to a service that is quiet, and then asks it small things
 * without a pause: the pairing of the referral comes a moment later, and takes time from them.
 * There is one such look at each person, so what counts is how well one look tells the known from
 * the unknown.
 */
import { Agent } from 'node:http'
import type postgres from 'postgres'
import { median, report, tell } from '../report.ts'
import { mannWhitney, superiority } from '../statistics.ts'
import { shuffled } from './newcomers.ts'
import { newPerson } from './person.ts'
import { ask, type Referrals, untilPaired } from './referring.ts'

/** Longer than the loop waits at most, and the pairing takes. */
const watchedMs = 400

export async function watch(referrals: Referrals, sql: postgres.Sql, pairs: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const known = Array.from({ length: pairs }, newPerson)
  for (const person of known) await ask(agent, referrals.put(person))
  await untilPaired(sql)
  const looks = { known: [] as number[], unknown: [] as number[] }
  for (const person of known) {
    const kinds = shuffled([
      { times: looks.known, request: referrals.put(person) },
      { times: looks.unknown, request: referrals.put(newPerson()) },
    ])
    for (const { times, request } of kinds) {
      await ask(agent, request)
      times.push(await lostWhileAsking(agent, referrals))
      await untilPaired(sql)
    }
  }
  agent.destroy()
  tell('watched, known: ms lost, median', median(looks.known))
  tell('watched, unknown: ms lost, median', median(looks.unknown))
  const right = superiority(looks.known, looks.unknown)
  report('watched, known and unknown: share told apart by one look', right, 1, 0.6, 'at most')
  const p = mannWhitney(looks.known, looks.unknown)
  tell('watched, known and unknown: p of Mann and Whitney', p)
}

/** By how much the answers of the next moment are late together, each beside their median. */
async function lostWhileAsking(agent: Agent, { probe }: Referrals): Promise<number> {
  const times: number[] = []
  const end = performance.now() + watchedMs
  while (performance.now() < end) times.push((await ask(agent, probe)).ms)
  const usual = median(times)
  return times.reduce((sum, ms) => sum + Math.max(0, ms - usual), 0)
}
