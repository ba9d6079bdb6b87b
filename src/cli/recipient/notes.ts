/** The notes of a case, opened: who wrote each, what it says, and what is wrong with them. */
import {
  type Case,
  type NoteChain,
  quoted,
  type Reader,
  type ReadNote,
  shown,
  type Unopenable,
  type WithdrawalReason,
} from '../../client/index.ts'
import { wordsOfReason } from './reason.ts'

/** What there is about one referral; or why that does not open, without which its notes cannot be checked. */
export type NotesAbout = { readonly referralId: string } & (
  | ({ readonly opened: true; readonly withdrawal?: WithdrawalReason } & NoteChain)
  | Pick<Unopenable, 'opened' | 'step' | 'detail'>
)

/**
 * Opens the notes about the referrals of a case, those that its judgements name, and those that were
 * seen before: a service that holds all of them back also says that there are none. Also why a referral was withdrawn.
 */
export async function notesOf(
  reader: Reader,
  { referrals, judgements }: Case,
): Promise<NotesAbout[]> {
  const named = judgements.flatMap(({ note }) => (note ? [note] : []))
  const ids = new Set(named.map(({ referralId }) => referralId))
  for (const { referralId, notes, state } of referrals) {
    if (notes > 0 || state === 'withdrawn' || (await reader.notesSeen(referralId)) > 0)
      ids.add(referralId)
  }
  const found: NotesAbout[] = []
  for (const referralId of ids) {
    const released = await reader.fetch(referralId)
    const about = await reader.open(released)
    if (!about.opened) {
      const { opened, step, detail } = about
      found.push({ referralId, opened, step, detail })
      continue
    }
    const chain = await reader.readNotes(about)
    const numbers = new Set(
      named.filter((it) => it.referralId === referralId).map((it) => it.number),
    )
    for (const { number } of chain.notes) numbers.delete(number)
    const missing = [...numbers].map(
      (number) => `A judgement names note ${number}, which is not there.`,
    )
    const withdrawal = await reader.withdrawalReason(released, about)
    const faults = [...chain.faults, ...missing]
    found.push({ referralId, opened: true, ...chain, faults, ...(withdrawal && { withdrawal }) })
  }
  return found
}

/** Whether all notes are there and are what they say. One that is sealed to others is. */
export function areSound(notes: readonly NotesAbout[]): boolean {
  return notes.every((about) => {
    if (!about.opened || about.refused.length + about.faults.length > 0) return false
    if (about.withdrawal?.opened === false) return false
    return about.notes.every((note) => note.opened || isForOthers(note))
  })
}

/** A few lines for each referral. */
export function wordsOfNotes(notes: readonly NotesAbout[]): string[] {
  return notes.flatMap((about) => {
    const { referralId } = about
    if (!about.opened) {
      const words = `Notes about ${shown(referralId)} are not read: it does not open, at the step ${about.step}`
      return [`  ${words}: ${shown(about.detail)}`]
    }
    return [
      `  Notes about ${shown(referralId)}`,
      ...wordsOfReason(about.withdrawal).map((line) => `    ${line}`),
      ...about.faults.map((fault) => `    Not as it was written: ${shown(fault)}`),
      ...about.refused.map(({ at, step, detail }) => {
        return `    What is shown as a note of ${shown(at)} is not one: it fails at the step ${step}: ${shown(detail)}`
      }),
      ...about.notes.flatMap(wordsOfNote),
    ]
  })
}

function wordsOfNote(note: ReadNote): string[] {
  const line = `    Note ${note.number}, ${shown(note.at)}, by ${shown(note.writer.label)}`
  const problems = note.problems.map(({ pointer, detail }) => {
    return `    Does not fit: ${shown(pointer)} ${shown(detail)}`
  })
  if (!note.opened) {
    if (isForOthers(note)) return [`${line}, is not sealed to you`, ...problems]
    return [`${line}, does not open, at the step ${note.step}: ${shown(note.detail)}`, ...problems]
  }
  return [line, ...problems, ...quoted(textOf(note.content)).map((text) => `    ${text}`)]
}

function isForOthers(note: ReadNote): boolean {
  return !note.opened && note.step === 'grant'
}

function textOf(content: unknown): string {
  const { text } = (content ?? {}) as { text?: unknown }
  return typeof text === 'string' ? text : (JSON.stringify(content) ?? '')
}
