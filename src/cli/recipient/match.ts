import { setTimeout } from 'node:timers/promises'
import {
  BadAnswer,
  jsonText,
  NoAnswer,
  type Reader,
  Refusal,
  ServiceProblem,
  shown,
} from '../../client/index.ts'
import { type Command, fitted, type Report } from '../command.ts'
import { faultOf, wordsOf } from '../report.ts'
import { connection, connectionDetails, readerOf, warnOfDates } from '../settings.ts'
import { onStop } from '../stop.ts'
import { print, tell } from '../terminal.ts'
import { createFollower, type Followed } from './following.ts'

/** Between two looks at the list, and after the first fault. */
const lookMs = 1_000

/** `intake match`. */
export const match: Command = {
  operands: '[--watch]',
  summary: 'Check the match keys of what nobody has checked, so that repeats are found.',
  details: `For a recipient that holds identity and contact. Each referral whose match keys no recipient has
checked is opened, its keys are made again, and they replace the referrer's: one line gives its id and
says whether those were the same, supplied or corrected. If the recipient also holds detention, legal
and clinical, its urgency is stated as well, and standard error says what that raised. A referral that
does not open, or from which no keys can be made, is skipped. Exit code 1 if any was skipped, or if the
keyholder or the service cannot be reached.

With --watch it runs until it is interrupted, which is exit code 0; it waits while the service cannot
be reached or the budget is spent, and with --json prints one document per line.

${connectionDetails}`,
  options: {
    watch: { help: 'Keep running: check each within seconds of its arrival.' },
    ...connection,
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const reader = await readerOf(input)
    await requirePerson(reader)
    await warnOfDates(reader)
    const watch = input.given('watch')
    const results: Followed[] = []
    const counts = { same: 0, supplied: 0, corrected: 0, unopenable: 0, refused: 0, unmade: 0 }
    const stopping = onStop()
    const follower = createFollower(
      reader,
      (followed) => {
        counts[followed.status] += 1
        if (!watch) results.push(followed)
        const words = input.json ? jsonText(followed) : fitted(wordsOfFollowed(followed))
        if (watch || !input.json) print(words)
      },
      () => stopping.aborted,
    )
    if (watch) await follow(follower, stopping)
    else await follower.pass()
    // Who follows is stopped at some time, and has said all of it by then.
    const failed = !watch && counts.unopenable + counts.refused + counts.unmade > 0
    return { value: watch ? counts : { ...counts, results }, text: wordsOfCounts(counts), failed }
  },
}

async function requirePerson(reader: Reader): Promise<void> {
  const { keyset } = await reader.keyset()
  const own = keyset.recipients.find(({ kid }) => kid === reader.kid)
  for (const name of ['identity', 'contact'] as const) {
    if (own?.compartments.includes(name)) continue
    const words = 'match keys are made of identity and contact'
    throw new Error(`${words}, and the keyset gives this recipient no ${name}`)
  }
}

/** Passes again and again until it is stopped; throws what waiting does not mend. */
async function follow(
  { pass }: ReturnType<typeof createFollower>,
  stopping: AbortSignal,
): Promise<void> {
  let faults = 0
  let told: string | undefined
  while (!stopping.aborted) {
    try {
      await pass()
      if (told !== undefined) tell('All is well again.')
      faults = 0
      told = undefined
    } catch (error) {
      const waitMsMax = longestWaitMs(error)
      if (waitMsMax === undefined) throw error
      const words = wordsOf(faultOf(error))
      if (words !== told) tell(words)
      told = words
      faults += 1
      await pause(Math.min(lookMs * 2 ** faults, waitMsMax), stopping)
    }
    await pause(lookMs, stopping)
  }
}

/**
 * How long to wait at most before trying once more; `undefined` for what a person must put right.
 * Asking costs the budget, so a keyholder that answers wrongly is rarely asked.
 */
function longestWaitMs(error: unknown): number | undefined {
  const minute = 60_000
  if (error instanceof NoAnswer) return minute
  if (error instanceof ServiceProblem) {
    const { status, code } = error.problem
    if (code === 'matching-budget-spent') return 15 * minute
    // A token that has run out is renewed by others, in its file.
    return [401, 429].includes(status) || status >= 500 || error.problem.retry === 'after-refresh'
      ? minute
      : undefined
  }
  if (error instanceof BadAnswer) return 60 * minute
  const ofHolder = ['proof-invalid', 'element-invalid', 'scalar-invalid', 'batch-mismatch']
  return error instanceof Refusal && ofHolder.includes(error.code) ? 60 * minute : undefined
}

/** Between three quarters and five quarters of it, so that many do not look at once. */
async function pause(ms: number, stopping: AbortSignal): Promise<void> {
  const jittered = ms * (0.75 + Math.random() / 2)
  await setTimeout(jittered, undefined, { signal: stopping }).catch(() => {})
}

type Compared = 'same' | 'supplied' | 'corrected'

const sentences: Readonly<Record<Compared, string>> = {
  same: "the match keys that stood there are its person's",
  supplied: 'it had no match keys, and has them now',
  corrected: "the match keys that stood there were not its person's, and were replaced",
}

function wordsOfFollowed(followed: Followed): string {
  const line = `${shown(followed.referralId)}  ${followed.status}`
  if (followed.status === 'unopenable') {
    return `${line}, at the step ${followed.step}: ${shown(followed.detail)}`
  }
  if (followed.status in sentences) return `${line}: ${sentences[followed.status as Compared]}`
  return 'problem' in followed ? `${line}\n${wordsOf(followed.problem)}` : line
}

function wordsOfCounts(counts: Readonly<Record<Followed['status'], number>>): string {
  const parts = Object.entries(counts).filter(([, count]) => count > 0)
  if (parts.length === 0) return 'Nothing is unchecked.'
  return `${parts.map(([status, count]) => `${count} ${status}`).join(', ')}.`
}
