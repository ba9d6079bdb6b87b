/** Reading cases: what they hold, what is asked of them, and finding one. All of it is logged. */

import {
  type Case,
  type Draft,
  type Found,
  type PossibleMatches,
  type Reviews,
  shown,
} from '../../client/index.ts'
import { required } from '../../errors.ts'
import { type Command, fitted, UsageError } from '../command.ts'
import { parseJson } from '../json.ts'
import { readDraftFile } from '../partner/drafts.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { named } from './naming.ts'
import { areSound, notesOf, wordsOfNotes } from './notes.ts'

/** `intake reviews`. */
export const reviews: Command = {
  operands: '',
  summary: 'List what waits for your judgement: questions, and cases that were flagged.',
  details: connectionDetails,
  options: {
    limit: { value: 'N', help: 'At most so many, the oldest: 1 to 200, else 50.' },
    cursor: { value: 'CURSOR', help: 'Read on where the page before ended.' },
    ...connection,
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const limit = input.whole('limit', 1, 200) ?? 50
    const cursor = input.text('cursor')
    const reader = await readerOf(input)
    const value = await reader.reviews({ limit, ...(cursor !== undefined && { cursor }) })
    return { value, text: fitted(wordsOfReviews(value)) }
  },
}

/** `intake case`. */
export const showCase: Command = {
  operands: 'CASE|REFERENCE',
  summary: 'Show a case: its referrals, and why they are held to be about one person.',
  details: `With --notes, the notes that reviewers sealed are opened, and for each the referral that it is about.
Each stands with who wrote it, also one that is not sealed to you. Exit code 1 if one is missing or was
changed: what is wrong is said.

${connectionDetails}`,
  options: { notes: { help: 'Open the notes too.' }, ...connection },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const [caseId = ''] = input.operands.map(named)
    const reader = await readerOf(input)
    const found = await reader.case(caseId)
    if (!input.given('notes')) return { value: found, text: fitted(wordsOf(found).join('\n')) }
    const notes = await notesOf(reader, found)
    const text = [...wordsOf(found), ...wordsOfNotes(notes)].join('\n')
    return { value: { ...found, notes }, text: fitted(text), failed: !areSound(notes) }
  },
}

/** `intake possible`. */
export const possible: Command = {
  operands: 'CASE|REFERENCE',
  summary: 'List the cases that may be about the same person as this one, and what agrees.',
  details: `Open a referral of both sides before you judge: intake open, then intake judge.

${connectionDetails}`,
  options: connection,
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const [caseId = ''] = input.operands.map(named)
    const value = await (await readerOf(input)).possibleMatches(caseId)
    return { value, text: fitted(wordsOfPossible(value)) }
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
  return [
    `Case ${caseId}: ${item ? `${shown(item.urgency)}, ${shown(item.state)}, due ${item.dueAt}` : 'no open item'}`,
    ...referrals.map(({ referralId, reference, receivedAt, state, keys }) => {
      return `  ${referralId}  reference ${shown(reference)}, ${receivedAt}, ${shown(state)}, match keys ${shown(keys)}`
    }),
    ...flags.map(({ kind, referralId }) => `  Flagged: ${shown(kind)}, at ${referralId}`),
    ...judgements.flatMap(
      ({ verdict, basis, between, probability, bits, endedAt, madeAt, note }) => [
        `  ${madeAt}  ${shown(verdict)} by ${shown(basis)}${likely(probability)}${endedAt ? `, until ${endedAt}` : ''}`,
        `    ${between.join(' and ')}`,
        ...bits.map((bit) => `    ${signed(bit.bits)} bits  ${shown(bit.words)}`),
        ...(note ? [`    with note ${note.number} about ${note.referralId}`] : []),
      ],
    ),
  ]
}

function wordsOfPossible({ possibleMatches }: PossibleMatches): string {
  if (possibleMatches.length === 0) return 'No other case may be about the same person.'
  const lines = possibleMatches.flatMap(
    ({ otherId, otherReferralIds, verdict, probability, words, bits }) => [
      `${shown(verdict)}  case ${otherId}${likely(probability)}: ${shown(words)}`,
      ...otherReferralIds.map((id) => `  referral ${id}`),
      ...bits.map((bit) => `  ${signed(bit.bits)} bits  ${shown(bit.words)}`),
    ],
  )
  return lines.join('\n')
}

function wordsOfReviews({ reviews, next }: Reviews): string {
  if (reviews.length === 0) return 'Nothing waits for a judgement.'
  const lines = reviews.map(({ kind, caseId, otherId, probability, at }) => {
    return `${at}  ${shown(kind)}  case ${caseId}${otherId ? ` and ${otherId}` : ''}${likely(probability)}`
  })
  return [...lines, ...(next ? [`More: --cursor=${shown(next)}`] : [])].join('\n')
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
  return probability === undefined ? '' : `, p ${probability.toFixed(3)}`
}

function signed(bits: number): string {
  return `${bits < 0 ? '−' : '+'}${Math.abs(bits).toFixed(1)}`.padStart(6)
}
