/** One item of work, in words. */
import { type Claim, completable, type Opened, shown, type Unopenable } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { isReferenceOf } from '../../protocol/envelope/acknowledgement.ts'
import { type Fault, wordsOf } from '../report.ts'
import { comparisonOf } from './comparing.ts'
import type { Said } from './laying.ts'
import { withheldWords, wordsOfOpened } from './show.ts'
import { dueLine, unreadLines, urgencyWord } from './wording.ts'

/** One item of work, opened. */
export type Work = Omit<Claim, 'referrals'> & {
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

/** The lines that begin it. */
export function headOf({ claimId, fence, ...work }: Work, now: Date): string[] {
  const [due, until] = [dueLine(work.dueAt, now), `Yours until ${londonTime(work.leasedUntil)}`]
  const both = `  ${due}. ${until}`
  return [
    `Item ${shown(claimId)}, fence ${fence}: ${urgencyWord(work.urgency)}`,
    ...(both.length <= 80 ? [both] : [`  ${due}`, `  ${until}`]),
  ]
}

/**
 * What a referral is called: its reference, if that can be its own and no other's (a service that lies would have
 * another answered), else its id. Either may stand in a command.
 */
export function nameIn({ references }: Work, referralId: string): string {
  const reference = references[referralId]
  const isOwn = reference !== undefined && isReferenceOf(referralId, reference)
  return isOwn ? reference : shown(referralId)
}

/** All of it, however long; only where it was written, if it was. */
export function wordsOfWork(work: Work, now: Date): string {
  const { files, referrals, unread, references } = work
  const said: Said = new Set()
  const listed = files ? referrals.filter(({ opened }) => !opened) : referrals
  const partly = files ? referrals.filter(({ opened }) => opened) : []
  const { left, command } = endingOf(work)
  return [
    ...headOf(work, now),
    ...(files ?? []).map((file) => `  ${shown(file)}`),
    ...partly.flatMap(wordsOfWithheld),
    ...listed.map((one) => wordsOfOpened(one, { reference: references[one.referralId], said })),
    ...(files ? [] : differences(work)),
    ...unread.map(
      ({ referralId, problem }) => `Not opened: ${shown(referralId)}\n${wordsOf(problem)}`,
    ),
    ...work.answered.map((id) => `Answered before: ${nameIn(work, id)}`),
    ...Object.entries(work.messages).flatMap(([id, count]) => {
      return unreadLines(count, nameIn(work, id))
    }),
    ...left.map((name) => `Left on the queue, as it does not open: ${name}`),
    ...command,
  ].join('\n')
}

/** Where a case has several that open: what they say of the person, side by side. */
function differences({ referrals, references }: Work): string[] {
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

/** The command that ends the work on what waits for an answer, as lines, and the names of what that leaves. */
export function endingOf(work: Work): { readonly left: string[]; readonly command: string[] } {
  const waits = ({ referralId }: { readonly referralId: string }) =>
    !work.answered.includes(referralId)
  const waiting = work.referrals.filter(waits)
  const lease = ['intake', shown(work.claimId), `--fence ${work.fence}`]
  const { referrals, step } = completable(waiting)
  if (work.unread.some(waits) || referrals.length === 0) {
    return { left: [], command: commandOf(lease.toSpliced(1, 0, 'release')) }
  }
  const left = waiting.filter(({ referralId }) => !referrals.includes(referralId))
  const named = referrals.map((id) => `--referral ${nameIn(work, id)}`)
  const outcome = step ? [`--outcome unopenable`, `--step ${step}`] : ['--outcome accepted']
  return {
    left: left.map(({ referralId }) => nameIn(work, referralId)),
    command: commandOf([...lease.toSpliced(1, 0, 'complete'), ...named, ...outcome]),
  }
}

/** Several lines to a reader, and one command to a shell. */
function commandOf(words: readonly string[]): string[] {
  const lines = ['When done:']
  for (const word of words) {
    const line = `${lines.at(-1)} ${word}`
    if (line.length + 2 <= 80) lines.splice(-1, 1, line)
    else lines.push(`    ${word}`)
  }
  return lines.map((line, at) => (at === lines.length - 1 ? line : `${line} \\`))
}
