import type { Command, Report } from './command.ts'
import { draftFiles, readDraftFile } from './drafts.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { inParallel } from './parallel.ts'
import { createProgress } from './progress.ts'
import { printable, wordsOf } from './report.ts'
import { createSending, type Result, type Task } from './sending.ts'
import { connection, connectionDetails, homeOf, referrerOf, warnOfDates } from './settings.ts'
import { createUnmatched } from './unmatched.ts'

/** Enough to hide the way to the service and back, too few to be a burden on it. */
const inFlightMax = 4

/** As many files as one call takes. */
const filesMax = 10_000

/** `intake refer`. */
export const refer: Command = {
  operands: 'FILE…',
  summary: 'Seal drafts here, and submit them.',
  details: `FILE is a draft, or a folder of them. What was sealed is kept in the outbox until it is
acknowledged, and the next call sends the same bytes again, also when it names no FILE: whatever
breaks on the way, a draft becomes one referral. Exit code 1 if any is not yet acknowledged. Where
match keys cannot be had, a draft is sealed without them, and that is told.

${connectionDetails}`,
  options: connection,
  operandsMin: 0,
  operandsMax: filesMax,
  async run(input): Promise<Report> {
    const outbox = createOutbox(homeOf(input))
    const unmatched = createUnmatched()
    const referrer = await referrerOf(input, unmatched)
    const drafts = await tasksOf(await draftFiles(input.operands), outbox)
    const waiting = await outbox.waiting()
    const first = waiting.map((id): Task => drafts.get(id) ?? { id, files: [`outbox/${id}`] })
    const others = [...drafts.values()].filter(({ id }) => !waiting.includes(id))

    const sending = createSending(referrer, outbox)
    const progress = createProgress(first.length + others.length)
    const work = async (task: Task) => {
      const settled = await sending.refer(task)
      progress.step()
      const without = unmatched.of(settled.referralId)
      return task.files.map((file): Result => {
        return { file, ...settled, ...(without && { unmatched: without }) }
      })
    }
    const results = [
      ...(await inParallel(first, inFlightMax, work)),
      ...(await inParallel(others, inFlightMax, work)),
    ].flat()
    if (results.some(isStored)) await warnOfDates(referrer)
    const text = [textOf(results), ...unmatched.words()].join('\n')
    return { value: { results }, text, failed: !results.every(isStored) }
  },
}

async function tasksOf(files: readonly string[], outbox: Outbox): Promise<Map<string, Task>> {
  const tasks = new Map<string, Task>()
  for (const file of files) {
    const draft = await readDraftFile(file)
    const id = await outbox.idOf(draft)
    const task = tasks.get(id) ?? { id, files: [], draft }
    task.files.push(file)
    tasks.set(id, task)
  }
  return tasks
}

function isStored({ status }: Result): boolean {
  return status === 'stored' || status === 'stored-before'
}

function textOf(results: readonly Result[]): string {
  if (results.length === 0) return 'Nothing to refer: no FILE, and nothing in the outbox.'
  const lines = results.map(({ status, file, reference, problem }) => {
    const line = `${status.padEnd(13)} ${file}${reference ? `  reference ${reference}` : ''}`
    return problem ? `${printable(line)}\n${wordsOf(problem).replaceAll(/^/gm, '  ')}` : line
  })
  const stored = results.filter(isStored).length
  const waiting = results.filter(({ status }) => status === 'waiting').length
  const kept = waiting > 0 ? `, ${waiting} kept in the outbox for the next call` : ''
  return [...lines, `${stored} of ${results.length} acknowledged${kept}.`].join('\n')
}
