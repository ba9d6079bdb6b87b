import { join } from 'node:path'
import {
  type Claim,
  failedStep,
  jsonText,
  type Opened,
  type Reader,
  shown,
  type Unopenable,
} from '../client/index.ts'
import { replaceFile } from '../disk.ts'
import { checkingDetails, checkOpened } from './checking.ts'
import type { Command, Report } from './command.ts'
import { type Fault, faultOf, wordsOf } from './report.ts'
import { connection, connectionDetails, readerOf, warnOfDates } from './settings.ts'
import { withheldWords, wordsOfOpened } from './show.ts'

/** One item of work, opened. */
type Work = Omit<Claim, 'referrals'> & {
  readonly referrals: readonly (Opened | Unopenable)[]
  /** Leased and not opened for want of something else: the directory, a disk with room. */
  readonly unread: readonly { readonly referralId: string; readonly problem: Fault }[]
  /** With `--out`, instead of what the referrals say: where it was written. */
  readonly files?: readonly string[]
}

/** `intake claim`. */
export const claim: Command = {
  operands: '[--max N]',
  summary: 'Take the most urgent work that you can open, and open it.',
  details: `Each item is yours until its lease ends: renew, release or complete it, with its fence, before.
Exit code 1 if any referral does not open, or not all of it: what does not is named with its step, and
the rest is shown. Complete its item with the outcome unopenable.
${checkingDetails}

${connectionDetails}`,
  options: {
    max: { value: 'N', help: 'At most so many items: 1 (the default) to 50.' },
    'lease-seconds': { value: 'N', help: 'For so long: 30 to 3600, else 600.' },
    attention: { help: 'From the items that went to people, and only from those.' },
    out: { value: 'DIR', help: 'Write each opened referral there, and print no answers.' },
    ...connection,
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const max = input.whole('max', 1, 50) ?? 1
    const leaseSeconds = input.whole('lease-seconds', 30, 3600) ?? 600
    const reader = await readerOf(input)
    await warnOfDates(reader)
    const folder = input.text('out')
    const work: Work[] = []
    const attention = input.given('attention')
    for (const item of await reader.claim({ max, leaseSeconds, attention })) {
      work.push(await openItem(reader, item, folder))
    }
    const results = work.flatMap(({ referrals }) => referrals)
    const failed = work.some(({ referrals, unread }) => {
      return unread.length > 0 || referrals.some((result) => failedStep(result) !== undefined)
    })
    const value = { claims: folder === undefined ? work : work.map(withoutAnswers) }
    return { value, text: textOf(work), failed, afterwards: () => checkOpened(reader, results) }
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
        await replaceFile(file, `${jsonText(result, 2)}\n`)
        files.push(file)
      }
      referrals.push(result)
    } catch (error) {
      // The lease stands all the same, and its id and fence must reach whoever holds it.
      unread.push({ referralId, problem: faultOf(error) })
    }
  }
  return { ...item, referrals, unread, ...(folder !== undefined && { files }) }
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

function wordsOfWork({ claimId, fence, referrals, unread, files, ...item }: Work): string {
  const listed = files ? referrals.filter(({ opened }) => !opened) : referrals
  const partly = files ? referrals.filter(({ opened }) => opened) : []
  return [
    `Item ${claimId}, fence ${fence}: ${shown(item.urgency)}, due ${item.dueAt}, yours until ${item.leasedUntil}`,
    ...(files ?? []).map((file) => `  ${shown(file)}`),
    ...partly.flatMap(wordsOfWithheld),
    ...listed.map(wordsOfOpened),
    ...unread.map(
      ({ referralId, problem }) => `Not opened: ${shown(referralId)}\n${wordsOf(problem)}`,
    ),
    `When done: ${nextCommand({ claimId, fence, referrals, unread })}`,
  ].join('\n')
}

/** Of a referral that was written to a file: what is not in there. */
function wordsOfWithheld(result: Opened | Unopenable): string[] {
  if (!result.opened || result.withheld.length === 0) return []
  return [`  ${result.referralId} is not all there:`, ...withheldWords(result)]
}

function nextCommand(work: Pick<Work, 'claimId' | 'fence' | 'referrals' | 'unread'>): string {
  const { claimId, fence, referrals, unread } = work
  const lease = `${claimId} --fence ${fence}`
  if (unread.length > 0) return `intake release ${lease}`
  const ids = referrals.map(({ referralId }) => `--referral ${shown(referralId)}`).join(' ')
  const [step] = referrals.flatMap((result) => failedStep(result) ?? [])
  const outcome = step ? `unopenable --step ${step}` : 'accepted'
  return `intake complete ${lease} ${ids} --outcome ${outcome}`
}
