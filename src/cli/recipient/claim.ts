import { join } from 'node:path'
import {
  type Claim,
  failedStep,
  jsonText,
  type Opened,
  type Reader,
  type Unopenable,
} from '../../client/index.ts'
import { replaceOpened } from '../../disk.ts'
import { type Command, fitted, type Report } from '../command.ts'
import { type Fault, faultOf } from '../report.ts'
import { connection, connectionDetails, readerOf, warnOfDates } from '../settings.ts'
import { checkingDetails, checkOpened } from './checking.ts'
import { choices, chosenBy } from './choosing.ts'
import { screenOf } from './screenful.ts'
import { type Work, wordsOfWork } from './work.ts'

/** `intake claim`. */
export const claim: Command = {
  operands: '[--max N]',
  summary: 'Take the most urgent work that you can open, and open it.',
  details: `Each item is yours until its lease ends: renew, release or complete it, with its fence, before.
Exit code 1 if any referral does not open, or not all of it: what does not is named with its step, and
the rest is shown. The last line of an item says how to end it: what opens is answered first, and what does
not stays on the queue, to be completed as unopenable when it comes alone.

An item is one screen: who it is, what endangers them, where they are, until when; what its referrals say alike once,
and side by side what they do not. It says how much has no room there, and how to see it. With --full all of
it is printed at once.
${checkingDetails}

${connectionDetails}`,
  options: {
    max: { value: 'N', help: 'At most so many items: 1 (the default) to 50.' },
    'lease-seconds': { value: 'N', help: 'For so long: 30 to 3600, else 600.' },
    escalated: { help: 'Only from the escalated items: those that need a person.' },
    ...choices,
    full: { help: 'Print all that each referral says, however long.' },
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
      text: textOf(work, folder !== undefined || input.given('full')),
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

function textOf(work: readonly Work[], isFull: boolean): string {
  if (work.length === 0) return 'There is no work that you can open.'
  const now = new Date()
  return work
    .map((one) => (isFull ? fitted(wordsOfWork(one, now)) : screenOf(one, now).join('\n')))
    .join('\n\n')
}
