/**
 * That a referrer learns nothing about others from the answers: 10,000 pairs (or `-- --pairs N`)
 * of PUTs, one about a person who is known and one about somebody who is not, in a random order,
 * against the service with its background work going on.
 *
 * Beside them, in the same order, one more that is not known and is sent 0.2 ms late (`delayed`),
 * to show that such a difference would have been found. After each the service is asked something
 * small at once, for what it does about a known person must not hold up the next request either.
 * And on a service that is quiet: what a watcher sees of the work that comes a moment later, and
 * how much of it the thread that answers does (watching.ts).
 */
import { Agent } from 'node:http'
import { parseArgs } from 'node:util'
import postgres from 'postgres'
import { startStage } from '../intake/stage.ts'
import { median, report, tell } from '../report.ts'
import { kolmogorovSmirnov, leastDetected, mannWhitney } from '../statistics.ts'
import { shuffled } from './newcomers.ts'
import { newPerson } from './person.ts'
import { ask, createVault, type Referrals, shapeOf, untilPaired } from './referring.ts'
import { meter, watch } from './watching.ts'

const pairsByDefault = '10000'
const watchedByDefault = '200'
/** Sealed in advance, for sealing takes the processor that the service is measured on. */
const pairsPerBlock = 250
const delayMs = 0.2
/** By chance alone one test in a hundred says less. */
const level = 0.01

type Kind = 'known' | 'unknown' | 'delayed'

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      pairs: { type: 'string', default: pairsByDefault },
      watched: { type: 'string', default: watchedByDefault },
    },
  })
  const stage = await startStage()
  const sql = postgres(stage.superuserUrl, { max: 1 })
  try {
    const { url, process } = await stage.start('src/server.ts')
    const referrals = await createVault(stage.world, url)
    const measured = await measure(referrals, Number(values.pairs))
    await untilPaired(sql)
    const [{ merged }] = await sql<[{ merged: number }]>`
      select count(*)::int as merged from judgement where verdict = 'same' and ended_at is null`
    report('known referrals that were merged, all', merged, measured.known, 1)
    compareAnswers(measured.answers)
    compare('the request after a PUT', measured.following, 'known')
    await watch(referrals, sql, Number(values.watched))
    await meter(referrals, sql, Number(values.watched), process.pid ?? 0)
    compare('PUT (control)', measured.times, 'delayed')
    compare('PUT', measured.times, 'known')
  } finally {
    await sql.end()
    await stage.close()
  }
}

type Measured = {
  readonly known: number
  readonly answers: Record<Kind, Set<string>>
  readonly times: Record<Kind, number[]>
  /** Of the request that came right after one of this kind. */
  readonly following: Record<Kind, number[]>
}

async function measure(referrals: Referrals, pairs: number): Promise<Measured> {
  const times = { known: [], unknown: [], delayed: [] } as Record<Kind, number[]>
  const following = { known: [], unknown: [], delayed: [] } as Record<Kind, number[]>
  const answers = {
    known: new Set(),
    unknown: new Set(),
    delayed: new Set(),
  } as Measured['answers']
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  // The unknown people of one block are the known ones of the next. The first warms up.
  let people = Array.from({ length: pairsPerBlock }, newPerson)
  for (const person of people) await ask(agent, referrals.put(person))
  let known = 0
  for (let block = 0; known < pairs; block += 1) {
    const unknown = people.map(newPerson)
    const requests = people.flatMap((person, index) =>
      shuffled([
        { kind: 'known' as Kind, request: referrals.put(person) },
        { kind: 'unknown' as Kind, request: referrals.put(unknown[index] ?? []) },
        { kind: 'delayed' as Kind, request: referrals.put(newPerson()) },
      ]),
    )
    for (const { kind, request } of requests) {
      const answer = await ask(agent, request, kind === 'delayed' ? delayMs : 0)
      const next = await ask(agent, referrals.probe)
      answers[kind].add(shapeOf(answer))
      times[kind].push(answer.ms)
      following[kind].push(next.ms)
    }
    known += people.length
    people = unknown
    if (block % 4 === 3) console.error(`${known} of ${pairs} pairs`)
  }
  agent.destroy()
  return { known, answers, times, following }
}

function compareAnswers({ known, unknown }: Record<Kind, Set<string>>): void {
  const [shape] = [...unknown]
  console.error(`every answer: ${shape}`)
  const all = new Set([...known, ...unknown])
  report('status, headers, shape and size of answers, different ones', all.size, 1, 1, 'at most')
}

/** Prints how `kind` differs from the unknown: the control must, and nothing else may. */
function compare(what: string, times: Record<Kind, readonly number[]>, kind: Kind): void {
  const [ours, unknown] = [times[kind], times.unknown]
  const names = `${what}, ${kind} and unknown`
  tell(`${what}, ${kind}: median ms`, median(ours))
  tell(`${what}, unknown: median ms`, median(unknown))
  if (kind === 'known') {
    tell(`${names}: the least delay that would show, ms`, leastDetected(ours, unknown, level))
  }
  const bound = kind === 'known' ? 'at least' : 'at most'
  const smirnov = kolmogorovSmirnov(ours, unknown)
  report(`${names}: p of Kolmogorov and Smirnov`, smirnov, 1, level, bound)
  report(`${names}: p of Mann and Whitney`, mannWhitney(ours, unknown), 1, level, bound)
}
