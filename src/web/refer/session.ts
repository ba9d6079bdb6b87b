/**
 * All that the page knows of a person, in the memory of this tab and nowhere else: no storage, no cookie, no
 * address, no history. `wipe` forgets it.
 */
import type { Envelope } from '../../client/index.ts'
import { type Page, type PageId, pages, type QuestionId } from './questions.ts'

/** A code, a text, a day, a number of days; several codes where several may be chosen. */
export type Answers = { readonly [Question in QuestionId]?: string | readonly string[] }

/** What is to be seen. */
export type Screen =
  | { readonly page: PageId }
  | 'start'
  | 'offer'
  | 'check'
  | 'receipt'
  | 'sending'
  | 'sent'
  | 'returning'
  | 'standing'
  | 'withdrawing'
  | 'messages'
  | 'answering'
  | 'cleared'

/** Shows a screen. */
export type Go = (screen: Screen) => void

export type Session = {
  answers: Answers
  /** Whether pages are visited from the list of all answers, and lead back to it. */
  changing: boolean
  /** The 25 digits, made here or typed by who returns. */
  receipt?: string
  /** What is being written to us, and about which referral. */
  message?: string
  answering?: string
  /** The referral that is added to. */
  amends?: string
  /** Made once and sent as often as needed, the same bytes. */
  envelope?: Envelope
  /** By which the referral is named on the telephone. It opens nothing. */
  reference?: string
  /** Whether what was sent was added to something. */
  added?: boolean
}

const empty = (): Session => ({ answers: {}, changing: false })

let current = empty()

export function session(): Session {
  return current
}

/** Forgets everything. Who holds on to an older session holds on to nothing that is shown or sent. */
export function wipe(): void {
  current = empty()
}

/** Whether somebody refers another person. */
export function isHelper({ who }: Answers): boolean {
  return who === 'family_friend' || who === 'visitor'
}

/** The pages that are asked, given what was answered so far. */
export function askedPages(answers: Answers): readonly Page[] {
  const asked: readonly Page[] = pages
  const skipped = isHelper(answers) ? 'the person' : 'a helper'
  return asked.filter(({ asks }) => asks !== skipped)
}
