/** Cases: which referrals are held to be about one person, and a person's judgement of it. */
import type { TSchema } from 'typebox'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import type { Opened } from '../protocol/envelope/open.ts'
import type { NoteChain } from '../protocol/messages/notechain.ts'
import { claimBytesMax } from './answer.ts'
import {
  type Case,
  CaseAnswer,
  type Found,
  FoundAnswer,
  type Judged,
  JudgedAnswer,
  type PossibleMatches,
  PossibleMatchesAnswer,
  type Reviews,
  ReviewsAnswer,
  type Split,
  SplitAnswer,
} from './caseschemas.ts'
import { evaluatePerson, type PersonParts } from './matching.ts'
import { requireReferenceOf, wellTyped } from './naming.ts'
import type { Note, Notes } from './notes.ts'
import { readAnswer } from './schemas.ts'
import type { Call, Transport } from './transport.ts'
import type { createKeysets } from './trust.ts'

/** Whom to look for: a reference that was given on the telephone, or a person. */
export type Sought = { readonly reference: string } | { readonly person: PersonParts }

/**
 * Wherever the id of a case is asked for, the reference of one of its referrals does too, and for
 * the id of a referral its reference. A mistyped one is refused as `reference-mistyped` before anything is
 * sent; what is shown with a reference that is not of its id, as `reference-mismatch`.
 *
 * @see createReviewing
 */
export type Reviewing = {
  /** One case; the id of one that was merged into another leads to that one. */
  case(caseId: string): Promise<Case>
  /** The cases that may be about the same person, each with what agrees in words. */
  possibleMatches(caseId: string): Promise<PossibleMatches>
  /** A page of what waits for a person in all cases, the oldest first. */
  reviews(query?: { readonly cursor?: string; readonly limit?: number }): Promise<Reviews>
  /**
   * Judges two cases between which there is a question. `same` merges them; `different` is remembered
   * and never asked again; `unsure` keeps the question. A later decision replaces this one. A note is
   * sealed behind those there are about its referral, and once more where somebody else was faster.
   *
   * @throws ServiceProblem `case-changed`, `case-full`; BadAnswer where the notes that are shown cannot be
   *   written behind
   */
  decide(
    caseId: string,
    otherId: string,
    decision: 'same' | 'different' | 'unsure',
    note?: Note,
  ): Promise<Judged>
  /** Merges two cases that a person knows to be about one, asked or not. @throws as `decide` */
  merge(caseId: string, otherId: string, note?: Note): Promise<Judged>
  /**
   * Splits referrals off a case, whatever the reason they were in it, as one case of their own.
   *
   * Sent once: a second time, they would no longer be there to take.
   */
  split(
    caseId: string,
    referrals: readonly string[],
    decision: 'different' | 'unsure',
    note?: Note,
  ): Promise<Split>
  /** Says that a person has looked at why a case was flagged. */
  clearFlags(caseId: string): Promise<void>
  /**
   * Finds cases by a reference, or by the match keys of a person. Each search is logged and counted.
   *
   * @throws Error where too little is known of a person for any match key, or matching is not in use
   * @throws ServiceProblem when the budget is spent, and as `Checking.checkMatchKeys`
   */
  search(sought: Sought): Promise<Found>
  /**
   * Opens the notes about a referral, and says who wrote each, which is not sealed to this reader, and what is
   * missing, also of those that this client has read or written before, by its memory. What a note says is its
   * writer's: escape it before it is shown.
   */
  readNotes(about: Opened): Promise<NoteChain>
  /** The number of the newest note about a referral that this client remembers; 0 if there is none. */
  notesSeen(referralId: string): Promise<number>
}

/** The part of a reader that reviews. */
export function createReviewing(
  transport: Transport,
  keysets: ReturnType<typeof createKeysets>,
  notes: Notes,
): Reviewing {
  async function ask<Schema extends TSchema>(schema: Schema, request: Call) {
    const answer = await transport.send({ ...request, bytesMax: claimBytesMax })
    return readAnswer(schema, answer, `${request.method} ${request.path}`)
  }

  async function readCase(caseId: string): Promise<Case> {
    const path = pathOf(caseId)
    return rightlyNamed(caseId, await ask(CaseAnswer, { method: 'GET', path, repeatable: true }))
  }

  /** Judges, with a note if there is one. */
  function judge<Schema extends TSchema>(
    schema: Schema,
    path: string,
    body: object,
    { note, repeatable }: { note: Note | undefined } & Pick<Call, 'repeatable'>,
  ) {
    return notes.sendWith(note, (sealed) =>
      ask(schema, { method: 'POST', path, body: { ...body, ...sealed }, repeatable }),
    )
  }

  async function search(sought: Sought): Promise<Found> {
    const body =
      'reference' in sought
        ? { reference: wellTyped(sought.reference) }
        : await valuesOf(sought.person)
    const path = pathOf('search')
    const found = await ask(FoundAnswer, { method: 'POST', path, body, repeatable: true })
    if (!('reference' in sought)) return found
    for (const { referralIds } of found.cases) requireNamed(sought.reference, referralIds)
    return found
  }

  async function valuesOf(person: PersonParts) {
    const { origin, matching } = (await keysets.newest()).keyset
    const [newest] = matching.toSorted((a, b) => b.epoch - a.epoch)
    if (!newest) throw new Error('matching is not in use: search by a reference')
    const [evaluated] = await evaluatePerson(transport, { origin, matching: [newest] }, person)
    if (evaluated?.failure) throw evaluated.failure.thrown
    if (!evaluated?.values.length) throw new Error('too little is known of the person to search by')
    return { epoch: evaluated.epoch, values: evaluated.values }
  }

  return {
    case: readCase,
    async possibleMatches(caseId) {
      const path = pathOf(caseId, 'possible-matches')
      const found = await ask(PossibleMatchesAnswer, { method: 'GET', path, repeatable: true })
      requireNamed(caseId, found.referralIds)
      return found
    },
    reviews({ cursor, limit } = {}) {
      const query = new URLSearchParams({
        ...(cursor !== undefined && { cursor }),
        ...(limit !== undefined && { limit: String(limit) }),
      })
      const path = `${pathOf('reviews')}?${query}`
      return ask(ReviewsAnswer, { method: 'GET', path, repeatable: true })
    },
    decide(caseId, otherId, decision, note) {
      const path = pathOf(caseId, 'possible-matches', otherId, 'decision')
      return judge(JudgedAnswer, path, { decision }, { note, repeatable: true })
    },
    merge(caseId, otherId, note) {
      const path = pathOf(caseId, 'merge')
      const body = { otherId: wellTyped(otherId) }
      return judge(JudgedAnswer, path, body, { note, repeatable: true })
    },
    split(caseId, referrals, decision, note) {
      const path = pathOf(caseId, 'split')
      const body = { referrals: referrals.map(wellTyped), decision }
      return judge(SplitAnswer, path, body, { note, repeatable: false })
    },
    async clearFlags(caseId) {
      await transport.send({ method: 'DELETE', path: pathOf(caseId, 'flags'), repeatable: true })
    },
    search,
    readNotes: notes.read,
    notesSeen: notes.seen,
  }
}

/**
 * A case, where each of its referrals has a reference of its own, and one has that which was asked for.
 *
 * @throws Refusal `reference-mismatch`
 */
export function rightlyNamed(name: string, found: Case): Case {
  for (const { referralId, reference } of found.referrals) {
    requireReferenceOf([referralId], reference)
  }
  const ids = found.referrals.map(({ referralId }) => referralId)
  requireNamed(name, ids)
  return found
}

/** Where a case was asked for by a reference: that it holds the referral which that is of. */
function requireNamed(name: string, referralIds: readonly string[]): void {
  if (isReferenceForm(name)) requireReferenceOf(referralIds, name)
}

function pathOf(...names: string[]): string {
  return `/v1/cases/${names.map((name) => encodeURIComponent(wellTyped(name))).join('/')}`
}
