/** A copy of a case as a page of text. All that others wrote is escaped. */
import {
  type Attachment,
  type ExportedCase,
  type ExportedEntry,
  type ExportedReferral,
  type Gap,
  jsonText,
  shown,
} from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { lineOf, notUploaded } from '../documents/getting.ts'
import { wordsOfThread } from './messages.ts'
import { wordsOfNotes } from './notes.ts'
import { wordsOfReason } from './reason.ts'
import { wordsOfOpened } from './show.ts'
import { labelOf, urgencyWord } from './wording.ts'

/** A file of the copy, or why it was not written. */
export type CopiedFile = Omit<Attachment, 'key'> & { readonly number: number } & (
    | { readonly file: string }
    | { readonly code: string }
  )

export type CopiedReferral = ExportedReferral & { readonly files: readonly CopiedFile[] }

type Copy = Omit<ExportedCase, 'referrals'> & {
  readonly exportedAt: string
  readonly referrals: readonly CopiedReferral[]
}

/** The page. Times are of London. */
export function pageOfCase({ case: found, exportedAt, referrals, entries, gaps }: Copy): string {
  const judged = found.judgements.map(({ madeAt, verdict, basis }) => {
    return `  ${londonTime(madeAt)}  ${shown(verdict)} by ${shown(basis)}`
  })
  const lines = [
    `Case ${shown(found.caseId)}, copied ${londonTime(exportedAt)}. Times are of London.`,
    '',
    ...(gaps.length > 0
      ? ['What is not in this copy:', ...gaps.map((gap) => wordsOfGap(gap, referrals))]
      : ['It is whole.']),
    ...referrals.flatMap((referral) => ['', ...wordsOfReferral(referral, entries)]),
    ...(judged.length > 0 ? ['', 'Why these are held to be about one person:', ...judged] : []),
    '',
    'What names referrals of others is left out of what was judged, and of what follows.',
    'Who did what with it, by the access log, the newest first:',
    ...entries.map((entry) => `  ${wordsOfEntry(entry)}`),
  ]
  return lines.join('\n')
}

/** One line for what is missing: its referral by its reference, and a document by its number. */
export function wordsOfGap(
  { referralId, part, name, why, detail }: Gap,
  referrals: readonly CopiedReferral[],
): string {
  const referral = referrals.find((one) => one.referralId === referralId)
  const file = referral?.files.find(({ documentId }) => documentId === name)
  const called = file?.number ?? name
  const what = called === undefined ? part : `${part} ${shown(String(called))}`
  const of = part === 'referral' ? '' : ' of referral'
  const from = `${what}${of} ${shown(referral?.reference ?? referralId)}`
  return `  Not here: ${from}: ${shown(detail)} (${shown(why)})`
}

function wordsOfReferral(
  referral: CopiedReferral,
  entries: readonly ExportedEntry[],
): readonly string[] {
  const { referralId, reference, receivedAt, state, opened, withdrawal, grants, files } = referral
  const moves = entries.filter(({ action, object, outcome }) => {
    return object.id === referralId && outcome === 'permitted' && moving.has(action)
  })
  return [
    opened
      ? wordsOfOpened(opened, { reference })
      : `Referral ${shown(referralId)}, reference ${shown(reference)}, is not opened`,
    `  Came ${londonTime(receivedAt)}, and is: ${labelOf('state', state)}`,
    ...moves.toReversed().map((entry) => `  ${wordsOfMove(entry)}`),
    ...wordsOfReason(withdrawal).map((line) => `  ${line}`),
    ...referral.statements.map(({ at, urgency }) => {
      return `  ${londonTime(at)}  Urgency by the rules: ${urgencyWord(urgency)}`
    }),
    ...referral.settings.map(({ at, urgency }) => {
      return `  ${londonTime(at)}  Urgency set by a person: ${urgencyWord(urgency)}`
    }),
    ...grants.map(({ kid, label, at, until, compartments }) => {
      const end = until === undefined ? '' : ` until ${londonTime(until)}`
      return `  ${londonTime(at)}  ${shown(label ?? kid)} was let into ${compartments.map(shown).join(', ')}${end}`
    }),
    ...files.map((file) => {
      const name =
        'file' in file ? shown(file.file) : `document-${file.number} ${whyNot(file.code)}`
      return `  ${name}  ${lineOf({ ...file, key: '' })}`
    }),
    wordsOfThread(reference, { messages: referral.messages, refused: [], faults: [] }),
    ...wordsOfNotes([{ referralId, opened: true, notes: referral.notes, refused: [], faults: [] }]),
  ]
}

function whyNot(code: string): string {
  return code === 'not-found' || code === 'document-incomplete'
    ? `is ${notUploaded}`
    : 'is not here'
}

/** What moved a referral from one state to another. */
const moving = new Set([
  ...['referral.submitted', 'referral.answered', 'referral.moved', 'referral.reopened'],
  ...['referral.withdrawn', 'withdrawal.asked', 'withdrawal.decided', 'triage.completed'],
])

function wordsOfMove({ at, action, details }: ExportedEntry): string {
  return `${londonTime(at)}  ${shown(action)}${detailWords(details)}`
}

function wordsOfEntry({ at, action, outcome, object, ...entry }: ExportedEntry): string {
  const { organisation, client, caller, details, intact } = entry
  const by = organisation === undefined ? caller : `${organisation}, ${client}`
  const how = outcome === 'permitted' ? '' : `, ${outcome}`
  const spoilt = intact ? '' : ' (not as it was logged)'
  return `${londonTime(at)}  ${shown(action)}${shown(how)} by ${shown(by)}, ${shown(object.kind)} ${shown(object.id)}${detailWords(details)}${spoilt}`
}

function detailWords(details: object | undefined): string {
  if (details === undefined || Object.keys(details).length === 0) return ''
  return `: ${shown(jsonText(details))}`
}
