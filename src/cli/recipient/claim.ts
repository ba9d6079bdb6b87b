import { join } from 'node:path'
import {
  type Claim,
  completable,
  failedStep,
  jsonText,
  type Opened,
  type Reader,
  shown,
  type Unopenable,
} from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { replaceOpened } from '../../disk.ts'
import { type Command, fitted, type Report } from '../command.ts'
import { type Fault, faultOf, wordsOf } from '../report.ts'
import { connection, connectionDetails, readerOf, warnOfDates } from '../settings.ts'
import { checkingDetails, checkOpened } from './checking.ts'
import { choices, chosenBy } from './choosing.ts'
import { comparisonOf } from './comparing.ts'
import type { Said } from './laying.ts'
import { withheldWords, wordsOfOpened } from './show.ts'
import { dueLine, unreadLines, urgencyWord } from './wording.ts'

/** One item of work, opened. */
type Work = Omit<Claim, 'referrals'> & {
  readonly referrals: readonly (Opened | Unopenable)[]
  /** Leased and not opened for want of something else: the directory, a disk with room. */
  readonly unread: readonly { readonly referralId: string; readonly problem: Fault }[]
  /** The ids of those that had their answer before this claim: nobody waits for them. */
  readonly answered: readonly string[]
  /** The reference of each, by its id. */
  readonly references: Readonly<Record<string, string>>
  /** How many messages by its referrer wait to be read, of each by its id. */
  readonly messages: Readonly<Record<string, number>>
  /** With `--out`, instead of what the referrals say: where it was written. */
  readonly files?: readonly string[]
}

/** `intake claim`. */
export const claim: Command = {
  operands: '[--max N]',
  summary: 'Take the most urgent work that you can open, and open it.',
  details: `Each item is yours until its lease ends: renew, release or complete it, with its fence, before.
Exit code 1 if any referral does not open, or not all of it: what does not is named with its step, and
the rest is shown. The last line of an item says how to end it: what opens is answered first, and what does
not stays on the queue, to be completed as unopenable when it comes alone.
${checkingDetails}

${connectionDetails}`,
  options: {
    max: { value: 'N', help: 'At most so many items: 1 (the default) to 50.' },
    'lease-seconds': { value: 'N', help: 'For so long: 30 to 3600, else 600.' },
    escalated: { help: 'Only from the escalated items: those that need a person.' },
    ...choices,
    out: { value: 'DIR', help: 'Write each opened referral there, and print no answers.' },
    ...connection,
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const max = input.whole('max', 1, 50) ?? 1
    const leaseSeconds = input.whole('lease-seconds', 30, 3600) ?? 600
    const asked = { max, leaseSeconds, escalated: input.given('escalated'), ...chosenBy(input) }
    const reader = await readerOf(input)
    await warnOfDates(reader)
    const folder = input.text('out')
    const work: Work[] = []
    for (const item of await reader.claim(asked)) {
      work.push(await openItem(reader, item, folder))
    }
    const results = work.flatMap(({ referrals }) => referrals)
    const failed = work.some(({ referrals, unread }) => {
      return unread.length > 0 || referrals.some((result) => failedStep(result) !== undefined)
    })
    const value = { claims: folder === undefined ? work : work.map(withoutAnswers) }
    return {
      value,
      text: fitted(textOf(work)),
      failed,
      afterwards: () => checkOpened(reader, results),
    }
  },
}

async function openItem(reader: Reader, item: Claim, folder: string | undefined): Promise<Work> {
  const referrals: (Opened | Unopenable)[] = []
  const unread: { referralId: string; problem: Fault }[] = []
  const files: string[] = []
  for (const released of item.referrals) {
    const { referralId } = released
    try {
      const result = await reader.open(released)
      if (folder !== undefined && result.opened) {
        const file = join(folder, `${referralId}.json`)
        await replaceOpened(file, `${jsonText(result, 2)}\n`)
        files.push(file)
      }
      referrals.push(result)
    } catch (error) {
      // The lease stands all the same, and its id and fence must reach whoever holds it.
      unread.push({ referralId, problem: faultOf(error) })
    }
  }
  const answered = item.referrals.flatMap(({ referralId, answered }) =>
    answered ? [referralId] : [],
  )
  const references = Object.fromEntries(
    item.referrals.map(({ referralId, reference }) => [referralId, reference]),
  )
  return {
    ...item,
    referrals,
    unread,
    answered,
    references,
    messages: Object.fromEntries(item.referrals.map((it) => [it.referralId, it.unread])),
    ...(folder !== undefined && { files }),
  }
}

function withoutAnswers({ referrals, ...item }: Work) {
  const shown = referrals.map((result) => {
    if (!result.opened) return result
    const { referralId, withheld } = result
    return { referralId, opened: true, ...(withheld.length > 0 && { withheld }) }
  })
  return { ...item, referrals: shown }
}

function textOf(work: readonly Work[]): string {
  if (work.length === 0) return 'There is no work that you can open.'
  return work.map(wordsOfWork).join('\n\n')
}

function wordsOfWork({ files, ...work }: Work): string {
  const { claimId, fence, referrals, unread, answered, references } = work
  const said: Said = new Set()
  const listed = files ? referrals.filter(({ opened }) => !opened) : referrals
  const partly = files ? referrals.filter(({ opened }) => opened) : []
  return [
    `Item ${claimId}, fence ${fence}: ${urgencyWord(work.urgency)}`,
    `  ${dueLine(work.dueAt, new Date())}`,
    `  Yours until ${londonTime(work.leasedUntil)}`,
    ...(files ?? []).map((file) => `  ${shown(file)}`),
    ...partly.flatMap(wordsOfWithheld),
    ...listed.map((one) => wordsOfOpened(one, { reference: references[one.referralId], said })),
    ...(files ? [] : differences(work)),
    ...unread.map(
      ({ referralId, problem }) => `Not opened: ${shown(referralId)}\n${wordsOf(problem)}`,
    ),
    ...answered.map((id) => `Answered before: ${id}`),
    ...Object.entries(work.messages).flatMap(([id, count]) => {
      return unreadLines(count, references[id] ?? id)
    }),
    ...endingOf(work),
  ].join('\n')
}

/** Where a case has several that open: what they say of the person, side by side. */
function differences({ referrals, references }: Omit<Work, 'files'>): string[] {
  const opened = referrals.filter((result) => result.opened)
  if (opened.length < 2) return []
  const names = opened.map(({ referralId }) => references[referralId] ?? referralId)
  return ['What they say of the person:', ...comparisonOf(opened, names)]
}

/** Of a referral that was written to a file: what is not in there. */
function wordsOfWithheld(result: Opened | Unopenable): string[] {
  if (!result.opened || result.withheld.length === 0) return []
  return [`  ${result.referralId} is not all there:`, ...withheldWords(result)]
}

/** The command that ends the work on what waits for an answer, and before it what that leaves. */
function endingOf({ claimId, fence, answered, ...work }: Omit<Work, 'files'>): string[] {
  const waits = ({ referralId }: { readonly referralId: string }) => !answered.includes(referralId)
  const waiting = work.referrals.filter(waits)
  const lease = `${claimId} --fence ${fence}`
  const { referrals, step } = completable(waiting)
  if (work.unread.some(waits) || referrals.length === 0) {
    return [`When done: intake release ${lease}`]
  }
  const left = waiting.filter(({ referralId }) => !referrals.includes(referralId))
  const ids = referrals.map((id) => `--referral ${shown(id)}`)
  const outcome = step ? `unopenable --step ${step}` : 'accepted'
  return [
    ...left.map(({ referralId }) => `Left on the queue, as it does not open: ${shown(referralId)}`),
    // Several lines to a reader, and one command to a shell.
    [`When done: intake complete ${lease}`, ...ids, `--outcome ${outcome}`].join(' \\\n    '),
  ]
}
