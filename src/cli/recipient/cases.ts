/** Reading cases: what they hold, what is asked of them, and finding one. All of it is logged. */

import {
  type Case,
  type Draft,
  type Found,
  type Opened,
  type PossibleMatches,
  type Reader,
  type Reviews,
  shown,
} from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { required } from '../../errors.ts'
import { type Command, fitted, UsageError } from '../command.ts'
import { parseJson } from '../json.ts'
import { readDraftFile } from '../partner/drafts.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { comparisonOf } from './comparing.ts'
import { named } from './naming.ts'
import { areSound, notesOf, wordsOfNotes } from './notes.ts'
import { moreWords, pageOf, pageOptions } from './paging.ts'
import { dueLine, labelOf, unreadLines, urgencyWord } from './wording.ts'

/** `intake reviews`. */
export const reviews: Command = {
  operands: '',
  summary: 'List what waits for your judgement: questions, and cases that were flagged.',
  details: connectionDetails,
  options: { ...pageOptions('the oldest'), ...connection },
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const page = pageOf(input)
    const reader = await readerOf(input)
    const value = await reader.reviews(page)
    return { value, text: fitted(wordsOfReviews(value)) }
  },
}

/** `intake case`. */
export const showCase: Command = {
  operands: 'CASE|REFERENCE',
  summary: 'Show a case: its referrals, and why they are held to be about one person.',
  details: `With --notes, the notes that reviewers sealed are opened, and for each the referral that it is about; and why
an organisation withdrew what it sent.
Each stands with who wrote it, also one that is not sealed to you. Exit code 1 if one is missing or was
changed: what is wrong is said.

${connectionDetails}`,
  options: {
    notes: { help: 'Open the notes too, and why a referral was withdrawn.' },
    compare: { help: 'Open its referrals, and show what they say of the person.' },
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const [caseId = ''] = input.operands.map(named)
    const reader = await readerOf(input)
    const found = await reader.case(caseId)
    const ids = found.referrals.map(({ referralId }) => referralId)
    const sides = input.given('compare') ? await compared(reader, ids) : []
    const words = [...wordsOf(found), ...sides]
    if (!input.given('notes')) return { value: found, text: fitted(words.join('\n')) }
    const notes = await notesOf(reader, found)
    const text = [...words, ...wordsOfNotes(notes)].join('\n')
    return { value: { ...found, notes }, text: fitted(text), failed: !areSound(notes) }
  },
}

/** `intake possible`. */
export const possible: Command = {
  operands: 'CASE|REFERENCE',
  summary: 'List the cases that may be about the same person as this one, and what agrees.',
  details: `Look at both sides before you judge: with --compare one referral of each is opened, and what they say of
the person stands side by side: = where it agrees, ≈ where lists have something in common, ≠ where it
contradicts; the rest is counted.

${connectionDetails}`,
  options: {
    compare: { help: 'Open one referral of each side, which is logged.' },
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const [caseId = ''] = input.operands.map(named)
    const reader = await readerOf(input)
    const value = await reader.possibleMatches(caseId)
    const sides = new Map<string, readonly string[]>()
    if (input.given('compare')) {
      for (const { otherId, between } of value.possibleMatches) {
        sides.set(otherId, await compared(reader, between))
      }
    }
    return { value, text: fitted(wordsOfPossible(value, sides)) }
  },
}

/** `intake find`. */
export const find: Command = {
  operands: 'FILE | --reference REFERENCE',
  summary: 'Find the cases of a person, or of the reference of a referral.',
  details: `FILE is a draft with what is known of the person: names, birth date, numbers. Only blinded match keys
of it are sent. Every search is logged, and there is a budget.

${connectionDetails}`,
  options: { reference: { value: 'REFERENCE', help: 'Eight digits.' }, ...connection },
  operandsMin: 0,
  operandsMax: 1,
  async run(input) {
    const [file] = input.operands
    const reference = input.texts('reference').map(named)[0]
    if ((file === undefined) === (reference === undefined)) {
      throw new UsageError('name a FILE, or a --reference')
    }
    const reader = await readerOf(input)
    const value = await reader.search(
      file === undefined
        ? { reference: required(reference, 'there is no file') }
        : { person: await personIn(file) },
    )
    return { value, text: fitted(wordsOfFound(value)) }
  },
}

async function personIn(file: string): Promise<Pick<Draft['referral'], 'identity' | 'contact'>> {
  const { referral } = parseJson<Partial<Draft>>(await readDraftFile(file), file)
  if (referral === undefined) throw new UsageError(`${file} is no draft: it has no referral`)
  return referral
}

function wordsOf({ caseId, referrals, judgements, flags, item }: Case): string[] {
  const references = new Map(referrals.map(({ referralId, reference }) => [referralId, reference]))
  const nameOf = (id: string) => shown(references.get(id) ?? id)
  return [
    `Case ${caseId}: ${item ? `${urgencyWord(item.urgency)}, ${shown(item.state)}` : 'no open item'}`,
    ...(item ? [`  ${dueLine(item.dueAt, new Date())}`] : []),
    ...referrals.flatMap(({ referralId, reference, receivedAt, state, keys, unread }) => [
      `  Reference ${shown(reference)}, came ${londonTime(receivedAt)}`,
      `    ${labelOf('state', state)}, match keys ${shown(keys)}, id ${referralId}`,
      ...unreadLines(unread, reference),
    ]),
    ...flags.map(({ kind, referralId }) => `  Flagged: ${shown(kind)}, at ${nameOf(referralId)}`),
    ...judgements.flatMap(
      ({ verdict, basis, between, probability, bits, endedAt, madeAt, note }) => [
        `  ${londonTime(madeAt)}  ${shown(verdict)} by ${shown(basis)}${likely(probability)}`,
        ...(endedAt ? [`    No longer held since ${londonTime(endedAt)}`] : []),
        `    ${between.map(nameOf).join(' and ')}`,
        ...(endedAt ? [] : wordsOfBits(bits)).map((line) => `    ${line}`),
        ...(note ? [`    with note ${note.number} about ${note.referralId}`] : []),
      ],
    ),
  ]
}

/** Each referral of a case opened, and side by side. What does not open is named. */
async function compared(reader: Reader, ids: readonly string[]): Promise<string[]> {
  const opened: Opened[] = []
  const names: string[] = []
  const lines: string[] = []
  for (const id of ids) {
    const released = await reader.fetch(id)
    const result = await reader.open(released)
    if (result.opened) {
      opened.push(result)
      names.push(released.reference)
    } else lines.push(`${shown(released.reference)} does not open, at the step ${result.step}`)
  }
  return [...lines, ...(opened.length > 1 ? comparisonOf(opened, names) : [])]
}

function wordsOfPossible(
  { possibleMatches }: PossibleMatches,
  sides: ReadonlyMap<string, readonly string[]>,
): string {
  if (possibleMatches.length === 0) return 'No other case may be about the same person.'
  const lines = possibleMatches.flatMap(
    ({ otherId, otherReferralIds, verdict, probability, words, bits }) => [
      `${shown(verdict)}  case ${otherId}${likely(probability)}: ${shown(words)}`,
      ...otherReferralIds.map((id) => `  referral ${id}`),
      ...wordsOfBits(bits).map((line) => `  ${line}`),
      ...(sides.get(otherId) ?? []),
    ],
  )
  return lines.join('\n')
}

function wordsOfReviews({ reviews, next }: Reviews): string {
  if (reviews.length === 0) return 'Nothing waits for a judgement.'
  const lines = reviews.map(({ kind, caseId, otherId, probability, at }) => {
    return `${londonTime(at)}  ${shown(kind)}  case ${caseId}${otherId ? ` and ${otherId}` : ''}${likely(probability)}`
  })
  return [...lines, ...moreWords(next)].join('\n')
}

function wordsOfFound({ cases }: Found): string {
  if (cases.length === 0) return 'No case was found.'
  const lines = cases.flatMap(({ caseId, referralIds, probability, words }) => [
    `case ${caseId}${likely(probability)}${words ? `: ${shown(words)}` : ''}`,
    ...referralIds.map((id) => `  referral ${id}`),
  ])
  return lines.join('\n')
}

function likely(probability: number | undefined): string {
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
