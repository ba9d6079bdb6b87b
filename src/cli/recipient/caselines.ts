/** A case, and the cases that may be about the same person, as one screen each, or whole. Pure. */
import { type Case, type Opened, type PossibleMatches, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { cut } from '../../referral/shown.ts'
import { comparisonOf } from './comparing.ts'
import { type Block, filled, screenColumns, screenLines, wholeOf } from './filling.ts'
import { dueLine, labelOf, unreadLines, urgencyWord } from './wording.ts'

/** Referrals that were opened, with their names, and a line for each that did not open. */
export type Sides = {
  readonly opened: readonly Opened[]
  readonly names: readonly string[]
  readonly failed: readonly string[]
}

type Showing<Compared> = { readonly sides: Compared; readonly isFull: boolean }

/** Without `sides` nothing of what its referrals say. */
export function linesOfCase(
  found: Case,
  { sides, isFull, now }: Showing<Sides | undefined> & { readonly now: Date },
): string[] {
  const { caseId, referrals, judgements, flags, item } = found
  const references = new Map(referrals.map(({ referralId, reference }) => [referralId, reference]))
  const nameOf = (id: string) => shown(references.get(id) ?? id)
  const head = [
    `Case ${caseId}: ${item ? `${urgencyWord(item.urgency)}, ${shown(item.state)}` : 'no open item'}`,
    ...(item ? [`  ${dueLine(item.dueAt, now)}`] : []),
  ]
  // Those that hold come before those that did, which have no room by themselves.
  const held = judgements.filter(({ endedAt }) => endedAt === undefined)
  const ended = judgements.filter(({ endedAt }) => endedAt !== undefined)
  const blocks = [
    ...referrals.map(blockOfReferral),
    ...flags.map(({ kind, referralId }) => ({
      short: [`  Flagged: ${shown(kind)}, at ${nameOf(referralId)}`],
    })),
    ...held.map((judgement) => blockOfJudgement(judgement, nameOf)),
    ...ended.map((judgement) => ({ ...blockOfJudgement(judgement, nameOf), short: [] })),
  ]
  if (isFull) return [...wholeOf([{ short: head }, ...blocks]), ...comparedIn(sides)]
  const room = screenLines - head.length - 1
  const short = filled(
    blocks.map(({ short }) => ({ short })),
    room,
  )
  const compared = comparedIn(sides, Math.max(room - short.lines.length, comparedLinesMin))
  const { lines, left } = filled(blocks, room - compared.length)
  const name = shown(referrals[0]?.reference ?? caseId)
  return [
    ...head.map((line) => cut(line, screenColumns)),
    ...compared,
    ...lines,
    ...more(left, `intake case ${name}`),
  ]
}

/** Of a comparison, however much else there is. */
const comparedLinesMin = 8
/** Of what does not open. */
const failedMax = 3

function more(left: number, command: string): string[] {
  return left > 0 ? [`${left} not whole here: ${command} --full`] : []
}

function blockOfReferral(referral: Case['referrals'][number]): Block {
  const { referralId, reference, receivedAt, state, keys, unread } = referral
  const unreadWords = unread > 0 ? `, ${unread} not read` : ''
  const cells = [londonTime(receivedAt), labelOf('state', state), `match keys ${shown(keys)}`]
  return {
    short: [`  ${shown(reference)}  came ${cells.join(', ')}${unreadWords}`],
    whole: [
      `  Reference ${shown(reference)}, came ${londonTime(receivedAt)}`,
      `    ${labelOf('state', state)}, match keys ${shown(keys)}, id ${referralId}`,
      ...unreadLines(unread, reference),
    ],
  }
}

function blockOfJudgement(
  judgement: Case['judgements'][number],
  nameOf: (id: string) => string,
): Block {
  const { verdict, basis, between, probability, bits, endedAt, madeAt, note } = judgement
  const begin = `  ${londonTime(madeAt)}  ${shown(verdict)} by ${shown(basis)}`
  const names = between.map(nameOf).join(' and ')
  const against = bits.flatMap(({ bits, words }) => (bits < 0 ? [shown(words)] : []))
  const noted = note ? [`    with note ${note.number} about ${note.referralId}`] : []
  return {
    short: [
      `${begin}: ${names}${likely(probability)}`,
      ...(against.length > 0 ? [`    against it: ${against.join('; ')}`] : []),
      ...noted,
    ],
    whole: [
      `${begin}${likely(probability)}`,
      ...(endedAt ? [`    No longer held since ${londonTime(endedAt)}`] : []),
      `    ${names}`,
      ...(endedAt ? [] : wordsOfBits(bits)).map((line) => `    ${line}`),
      ...noted,
    ],
  }
}

/** What they say of the person, side by side. */
function comparedIn(sides: Sides | undefined, linesMax?: number): string[] {
  if (!sides) return []
  const { opened, names } = sides
  if (linesMax === undefined) {
    return [...sides.failed, ...(opened.length > 1 ? comparisonOf(opened, names) : [])]
  }
  const failed = sides.failed.slice(0, failedMax).map((line) => cut(line, screenColumns))
  const others = sides.failed.length - failed.length
  const head = others > 0 ? [...failed, `${others} more do not open`] : failed
  return [
    ...head,
    ...(opened.length > 1 ? comparisonOf(opened, names, linesMax - head.length) : []),
  ]
}

/** @param of - `sides` of each by the id of the other case */
export function linesOfPossible(
  { possibleMatches }: PossibleMatches,
  of: Showing<ReadonlyMap<string, Sides>> & { readonly caseId: string },
): string[] {
  if (possibleMatches.length === 0) return ['No other case may be about the same person.']
  const room = screenLines - 1
  const share = Math.max(Math.floor(room / possibleMatches.length) - 2, comparedLinesMin)
  const blocks = possibleMatches.map((match): Block => {
    const { otherId, otherReferralIds, verdict, probability, words, bits } = match
    const begin = `${cut(shown(verdict), 20)}  case ${otherId}${likely(probability)}`
    const [first = ''] = otherReferralIds
    const others = otherReferralIds.length - 1
    const sides = of.sides.get(otherId)
    return {
      short: [
        begin,
        `  ${shown(words)}`,
        ...(sides ? comparedIn(sides, share) : []),
        ...(others > 0 ? [] : [`  referral ${first}`]),
      ],
      whole: [
        `${begin}: ${shown(words)}`,
        ...otherReferralIds.map((id) => `  referral ${id}`),
        ...wordsOfBits(bits).map((line) => `  ${line}`),
        ...comparedIn(sides, of.isFull ? undefined : share),
      ],
    }
  })
  if (of.isFull) return wholeOf(blocks)
  const { lines, left } = filled(blocks, room)
  return [...lines, ...more(left, `intake possible ${shown(of.caseId)}`)]
}

/** `, at odds of 98 in 100`. */
export function likely(probability: number | undefined): string {
  return probability === undefined ? '' : `, at odds of ${Math.round(probability * 100)} in 100`
}

/** A line for each kind that was compared, and one for all of which there was nothing to compare. */
function wordsOfBits(all: PossibleMatches['possibleMatches'][number]['bits']): string[] {
  const isMissing = ({ words }: (typeof all)[number]) => /^no .* to compare$/.test(words)
  const missing = all.filter(isMissing)
  const sum = missing.reduce((before, { bits }) => before + bits, 0)
  const kinds = missing.map(({ words }) => shown(words.replace(/^no (.*) to compare$/, '$1')))
  return [
    ...all
      .filter((one) => !isMissing(one))
      .map(({ bits, words }) => `${signed(bits)} bits  ${shown(words)}`),
    ...(missing.length > 0 ? [`${signed(sum)} bits  nothing to compare: ${kinds.join(', ')}`] : []),
  ]
}

function signed(bits: number): string {
  return `${bits < 0 ? '−' : '+'}${Math.abs(bits).toFixed(1)}`.padStart(6)
}
