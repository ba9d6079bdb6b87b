import { setTimeout } from 'node:timers/promises'
import { jsonText, NoAnswer, ServiceProblem, shown } from '../../client/index.ts'
import { shownFault, wordsOfLogFault, wordsOfWitnessing } from '../../client/logwords.ts'
import { type Command, fitted, type Report, UsageError } from '../command.ts'
import { faultOf, wordsOf } from '../report.ts'
import { onStop } from '../stop.ts'
import { print, tell } from '../terminal.ts'
import { believedBy, locate, servedLog, sourceOptions } from './source.ts'
import { type Contradiction, createWatcher, type Named, type Seen } from './watching.ts'

const everySeconds = 60
const everySecondsMax = 86_400

/** `intake audit watch`. */
export const auditWatch: Command = {
  operands: 'DIR [--log URL]',
  summary: 'Follow the access log, and keep its checkpoints in a folder.',
  details: `Anybody may, without an account: it reads what is public. Each checkpoint that is served must
contain all of the one that was kept before. Where it does not, both are named and kept, and the exit code
is 1: together they prove that the service has shown two logs. Each keyset is printed as it is first
served, with its proof. It runs until it is interrupted, and waits while the service cannot be reached; with
--json it prints one document per line.`,
  options: {
    log: { value: 'URL', help: 'The log, or the service, if it is not that of --url.' },
    every: { value: 'SECONDS', help: `How long to wait between two looks; ${everySeconds}.` },
    once: { help: 'Look once, and end.' },
    ...Object.fromEntries(
      Object.entries(sourceOptions).filter(([name]) => {
        return !['client', 'issuer', 'client-key'].includes(name)
      }),
    ),
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input): Promise<Report> {
    const [folder = ''] = input.operands
    const located = locate(input)
    if (located.folder !== undefined) throw new UsageError('--log is no address of a log')
    const watcher = createWatcher({
      folder,
      believed: await believedBy(located.input),
      first: located.log,
      readOf: (log) => servedLog(located.input, log),
      tell: (seen) => print(input.json ? jsonText(seen) : wordsOfSeen(seen)),
    })
    const everyMs = (input.whole('every', 1, everySecondsMax) ?? everySeconds) * 1000
    try {
      const found = await follow(watcher, input.given('once') ? undefined : everyMs)
      return found ? reportOf(found) : { text: '', value: { contradiction: null } }
    } catch (error) {
      const fault = shownFault(error)
      return { text: wordsOfLogFault(fault), value: { fault }, failed: true }
    }
  },
}

/** Looks until something is found, or it is stopped. @param everyMs - only once if left out */
async function follow(
  { look }: ReturnType<typeof createWatcher>,
  everyMs: number | undefined,
): Promise<Contradiction | undefined> {
  const stopping = onStop()
  let told: string | undefined
  while (!stopping.aborted) {
    try {
      const found = await look()
      if (found || everyMs === undefined) return found
      if (told !== undefined) tell('The service answers again.')
      told = undefined
    } catch (error) {
      if (everyMs === undefined || !passes(error)) throw error
      const words = wordsOf(faultOf(error))
      if (words !== told) tell(words)
      told = words
    }
    await setTimeout(everyMs, undefined, { signal: stopping }).catch(() => {})
  }
  return undefined
}

function passes(error: unknown): boolean {
  if (error instanceof NoAnswer) return true
  return (
    error instanceof ServiceProblem && (error.problem.status >= 500 || error.problem.status === 429)
  )
}

function wordsOfSeen(seen: Seen): string {
  if (seen.seen === 'restart') {
    return `Log ${seen.log} was restarted: log ${seen.log + 1} follows. Ask why.`
  }
  if (seen.seen === 'checkpoint') {
    return fitted(`Log ${seen.log}: ${seen.size} entries. ${wordsOfWitnessing(seen.witnessing)}`)
  }
  const { version, sha256, witnessing, proof } = seen
  if (witnessing === 'unproven' || proof === undefined) {
    return fitted(`Keyset ${version} (SHA-256 ${sha256}): no proof is served yet.`)
  }
  const lines = proof.trimEnd().split('\n')
  return [
    fitted(
      `Keyset ${version} (SHA-256 ${sha256}) stands in the log. ${wordsOfWitnessing(witnessing)}`,
    ),
    ...lines.map((line) => `| ${shown(line)}`),
  ].join('\n')
}

function reportOf({ fault, kept, served }: Contradiction): Report {
  const named = ({ log, size, root, file }: Named) =>
    `log ${log}, ${size} entries, root ${root}: ${shown(file)}`
  return {
    text: [
      wordsOfLogFault(fault),
      `  kept:   ${named(kept)}`,
      `  served: ${named(served)}`,
      '  Keep both files, and tell the administrator by another way than this service.',
    ].join('\n'),
    value: { contradiction: { fault, kept, served } },
    failed: true,
  }
}
