import { type Referrer, shown } from '../../client/index.ts'
import { type Command, fitted, type Input, type Report, UsageError } from '../command.ts'
import { typeIn, typesListed } from '../documents/adding.ts'
import { uploadWaiting } from '../documents/waiting.ts'
import { inParallel } from '../parallel.ts'
import { createProgress } from '../progress.ts'
import { referralNamed } from '../recipient/naming.ts'
import { type Fault, faultOf, wordsOf } from '../report.ts'
import {
  connection,
  connectionDetails,
  credentialsOf,
  homeOf,
  referrerOf,
  warnOfDates,
} from '../settings.ts'
import { amendedOf } from './amending.ts'
import { createDecide, ownTerminal } from './deciding.ts'
import { createDoubts, wordsOfDoubts } from './doubts.ts'
import { draftFiles, passedOverWords, standardInput } from './drafts.ts'
import { enclosable, releaseAcknowledged, requireRoom } from './enclosing.ts'
import { createOutbox } from './outbox.ts'
import { createSending, type Result, type Task } from './sending.ts'
import { tasksOf } from './tasks.ts'
import { createUnmatched } from './unmatched.ts'

/** Enough to hide the way to the service and back, too few to be a burden on it. */
const inFlightMax = 4

/** As many files as one call takes. */
const filesMax = 10_000

/** `intake refer`. */
export const refer: Command = {
  operands: '[FILE…]',
  summary: 'Seal drafts here, and submit them.',
  details: `FILE is a draft, a folder of drafts (files whose names end in .json), or - for
standard input.

What was sealed is kept in the outbox until it is acknowledged, and the next call sends the same
bytes again, also when it names no FILE: whatever breaks on the way, a draft becomes one referral.
See what waits with: intake outbox

Before what waits is sent, its draft is looked at again. If the file has changed, the old version
is not sent: you are asked, or, where this is no terminal, the exit code is 3. If you name the
changed file, it takes the place of the old version. If the file says now that consent is refused
or withdrawn, what waits is taken back. If the file is gone, what was sealed is sent, and that is
told.

With --amends the one FILE takes the place of a referral that you sent, or of what amended it last: write
all answers into it, not only those that are new.

Each --document goes with the one FILE: it is looked at first, sealed here, named where only those can read who
may, and uploaded once the referral is acknowledged. Where the line breaks after that, intake documents
send goes on from there. Documents of a referral that is amended stay with it. ${typesListed}

Where match keys cannot be had, a draft is sealed without them, and that is told.

Exit codes: 0, all are acknowledged or taken back; 1, some are not, or a document is not uploaded; 2, the call was wrong, and
nothing was done; 3, something waits for your decision, and the output says what to do.

${connectionDetails}`,
  options: {
    amends: { value: 'ID|REFERENCE', help: 'The referral that the one FILE amends.' },
    document: { value: 'FILE', many: true, help: 'Goes with the one FILE; more than once.' },
    type: { value: 'TYPE', help: 'What the documents are; other, if left out.' },
    ...connection,
  },
  operandsMin: 0,
  operandsMax: filesMax,
  async run(input): Promise<Report> {
    const home = homeOf(input)
    const outbox = createOutbox(home)
    const unmatched = createUnmatched()
    const doubts = createDoubts()
    const { onUnmatched } = unmatched
    const credentials = await credentialsOf(input)
    const listeners = { onUnmatched, onWarnings: doubts.onWarnings }
    const referrer = await referrerOf(input, listeners, credentials)
    const { files, passedOver } = await draftFiles(input.operands)
    const amends = input.text('amends')
    if (amends !== undefined && files.length !== 1) {
      throw new UsageError(
        '--amends goes with one FILE: the draft with all answers as they are now',
      )
    }
    const documents = await documentsIn(input, files, referrer)
    const amended =
      amends === undefined ? undefined : await amendedOf(referrer, referralNamed(amends))
    const { first, others, faults } = await tasksOf(files, outbox, { amended, documents })

    const sending = createSending(
      referrer,
      outbox,
      createDecide(ownTerminal(input.json)),
      credentials.ready,
    )
    const progress = createProgress(first.length + others.length)
    const work = async (task: Task) => {
      const outcomes = await sending.refer(task)
      progress.step()
      return outcomes.flatMap(([{ files }, settled]) => {
        const without = settled.referralId && unmatched.of(settled.referralId)
        const warnings = settled.referralId && doubts.of(settled.referralId)
        const told = { ...(without && { unmatched: without }), ...(warnings && { warnings }) }
        return files.map((file): Result => ({ file, ...settled, ...told }))
      })
    }
    const results = [
      ...faults,
      ...(await inParallel(first, inFlightMax, work)).flat(),
      ...(await inParallel(others, inFlightMax, work)).flat(),
    ]
    if (results.some(isStored)) await warnOfDates(referrer)
    await releaseAcknowledged(outbox)
    const ids = results.flatMap(({ documents = [] }) => documents)
    const notUploaded = await faultOfUpload(home, referrer, ids)
    const notes = [
      ...passedOverWords(passedOver),
      ...unmatched.words(),
      ...wordsOfUpload(notUploaded),
    ]
    return {
      value: {
        results,
        ...(passedOver.length > 0 && { passedOver }),
        ...(notUploaded && { notUploaded }),
      },
      text: [textOf(results), ...notes].join('\n'),
      failed: notUploaded !== undefined || results.some(isUnfinished),
      undecided: results.some(({ status, sent }) => status === 'held' || sent),
    }
  },
}

function isStored({ status }: Result): boolean {
  return status === 'stored' || status === 'stored-before'
}

function isTakenBack({ status }: Result): boolean {
  return status === 'dropped' || status === 'replaced'
}

/** Of those that are stored: what this call was to send with it, and did not. */
function isUnfinished(result: Result): boolean {
  return isStored(result) ? result.problem !== undefined : !isTakenBack(result)
}

/** What goes with the one draft, known to be taken before anything is sealed or sent. */
async function documentsIn(input: Input, files: readonly string[], referrer: Referrer) {
  const paths = input.texts('document')
  const type = typeIn(input.text('type'))
  if (paths.length === 0) {
    if (input.given('type')) throw new UsageError('--type is that of a --document')
    return undefined
  }
  if (files.length !== 1) throw new UsageError('--document goes with one FILE: the draft')
  const documents = await enclosable(paths, type)
  requireRoom(documents, await referrer.uploadLimits())
  return documents
}

/** Uploads what may be by now. @returns why not all of it is */
async function faultOfUpload(
  home: string,
  referrer: Referrer,
  ids: readonly string[],
): Promise<Fault | undefined> {
  if (ids.length === 0) return undefined
  try {
    await uploadWaiting(home, referrer, ids)
    return undefined
  } catch (error) {
    return faultOf(error)
  }
}

function wordsOfUpload(fault: Fault | undefined): readonly string[] {
  if (!fault) return []
  const words = 'Not all documents are uploaded. When what follows is mended: intake documents send'
  return [words, wordsOf(fault)].map(fitted)
}

function named(documents: readonly string[] = []): string {
  if (documents.length === 0) return ''
  return documents.length === 1 ? ', with one document' : `, with ${documents.length} documents`
}

function textOf(results: readonly Result[]): string {
  if (results.length === 0) return 'Nothing to refer: no FILE, and nothing in the outbox.'
  const lines = results.map((result) => {
    const { status, file, reference, documents, problem, draft, warnings = [] } = result
    const name = file === standardInput ? 'standard input' : shown(file)
    const known = reference ? `  reference ${shown(reference)}${named(documents)}` : ''
    const gone = draft === 'gone' ? ['  Its draft is gone: what was sealed from it was sent.'] : []
    const words = problem ? [wordsOf(problem).replaceAll(/^/gm, '  ')] : []
    const doubts = wordsOfDoubts(warnings).map((doubt) => fitted(`  ${doubt}`))
    return [`${status.padEnd(13)} ${name}${known}`, ...gone, ...words, ...doubts].join('\n')
  })
  const count = (is: (result: Result) => boolean) => results.filter(is).length
  const kept = count(({ status }) => status === 'waiting')
  const held = count(({ status }) => status === 'held')
  const unsealed = count(({ status }) => status === 'failed')
  const rest = [
    unsealed > 0 ? `, ${unsealed} neither sealed nor kept: name them again` : '',
    kept > 0 ? `, ${kept} kept in the outbox for the next call` : '',
    held > 0 ? `, ${held} held until you decide` : '',
  ].join('')
  return [...lines, `${count(isStored)} of ${results.length} acknowledged${rest}.`].join('\n')
}
