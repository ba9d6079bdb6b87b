/** Reading cases: what they hold, what is asked of them, and finding one. All of it is logged. */

import {
  type Draft,
  type Found,
  type Opened,
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
import { sidesMax } from './brief.ts'
import { likely, linesOfCase, linesOfPossible, type Sides } from './caselines.ts'
import { named } from './naming.ts'
import { areSound, notesOf, wordsOfNotes } from './notes.ts'
import { moreWords, pageOf, pageOptions } from './paging.ts'

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

What it prints is one screen, notes apart, and says how to see the rest: with --full all that was compared, and the
judgements that no longer hold.

${connectionDetails}`,
  options: {
    full: { help: 'Print all of it, however long.' },
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
    const isFull = input.given('full')
    const all = found.referrals.map(({ referralId }) => referralId)
    const ids = isFull ? all : all.slice(0, sidesMax)
    const sides = input.given('compare') ? await opened(reader, ids) : undefined
    const others = all.length - ids.length
    if (others > 0) sides?.failed.push(`${others} more are not compared here, but with --full`)
    const words = linesOfCase(found, { sides, isFull, now: new Date() })
    if (!input.given('notes')) return { value: found, text: words.join('\n') }
    const notes = await notesOf(reader, found)
    const text = [...words, fitted(wordsOfNotes(notes).join('\n'))].join('\n')
    return { value: { ...found, notes }, text, failed: !areSound(notes) }
  },
}

/** `intake possible`. */
export const possible: Command = {
  operands: 'CASE|REFERENCE',
  summary: 'List the cases that may be about the same person as this one, and what agrees.',
  details: `Look at both sides before you judge: with --compare one referral of each is opened, and what they say of
the person stands side by side: = where it agrees, ≈ where lists have something in common, ≠ where it
contradicts; the rest is counted. What it prints is one screen, and says how to see the rest: with --full.

${connectionDetails}`,
  options: {
    full: { help: 'Print all of it, however long.' },
    compare: { help: 'Open one referral of each side, which is logged.' },
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const [caseId = ''] = input.operands.map(named)
    const reader = await readerOf(input)
    const value = await reader.possibleMatches(caseId)
    const sides = new Map<string, Sides>()
    if (input.given('compare')) {
      for (const { otherId, between } of value.possibleMatches) {
        sides.set(otherId, await opened(reader, between))
      }
    }
    const isFull = input.given('full')
    return { value, text: linesOfPossible(value, { caseId, sides, isFull }).join('\n') }
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

/** Each of these referrals opened. What does not open is named. */
async function opened(
  reader: Reader,
  ids: readonly string[],
): Promise<Sides & { readonly failed: string[] }> {
  const opened: Opened[] = []
  const names: string[] = []
  const failed: string[] = []
  for (const id of ids) {
    const released = await reader.fetch(id)
    const result = await reader.open(released)
    if (result.opened) {
      opened.push(result)
      names.push(released.reference)
    } else failed.push(`${shown(released.reference)} does not open, at the step ${result.step}`)
  }
  return { opened, names, failed }
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
