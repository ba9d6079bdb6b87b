/** What the service answers about cases, as far as a client reads it. */
import { type Static, Type } from 'typebox'
import { type MessageEnvelope, notesMax, notesPageMax } from '../protocol/messages/message.ts'
import { Instant, Uuid } from '../referral/format.ts'

const Probability = Type.Number({ minimum: 0, maximum: 1 })
const Ids = Type.Array(Uuid)

const Bit = Type.Object({
  type: Type.String({ description: 'A type of match key, or TOKENS' }),
  because: Type.String({ description: 'agrees, missing (on either side) or tokens' }),
  bits: Type.Number({ description: 'The log2 odds that this adds' }),
  words: Type.String(),
})

export const CaseAnswer = Type.Object({
  caseId: Uuid,
  referrals: Type.Array(
    Type.Object({
      referralId: Uuid,
      reference: Type.String(),
      receivedAt: Instant,
      state: Type.String(),
      keys: Type.String({ description: 'none, unchecked, or checked by a recipient' }),
      notes: Type.Integer({ minimum: 0, description: 'About it: `readNotes` opens them' }),
    }),
  ),
  judgements: Type.Array(
    Type.Object({
      between: Ids,
      verdict: Type.String({ description: 'same, possible, unsure or different' }),
      basis: Type.String({ description: 'keys, amendment or person' }),
      probability: Type.Optional(Probability),
      bits: Type.Array(Bit),
      madeAt: Instant,
      endedAt: Type.Optional(Instant),
      entryId: Uuid,
      note: Type.Optional(
        Type.Object(
          { referralId: Uuid, number: Type.Integer() },
          { description: 'Which was written beside it, among those about that referral' },
        ),
      ),
    }),
  ),
  flags: Type.Array(Type.Object({ referralId: Uuid, kind: Type.String(), at: Instant })),
  item: Type.Optional(
    Type.Object({
      ...{ itemId: Uuid, urgency: Type.String(), dueAt: Instant, state: Type.String() },
    }),
  ),
})
/**
 * A case: the referrals held to be about one person, and why. Of the judgements the newest come first,
 * those that no longer hold among them.
 */
export type Case = Static<typeof CaseAnswer>

export const NotesAnswer = Type.Object({
  referralId: Uuid,
  notes: Type.Array(Type.Object({ at: Instant, note: Type.Object({}) }), {
    maxItems: notesPageMax,
  }),
  next: Type.Optional(Type.Integer({ minimum: 1, maximum: notesMax })),
})
/** A page of the notes about one referral, each still sealed and unchecked. */
export type NotesPage = Omit<Static<typeof NotesAnswer>, 'notes'> & {
  notes: { at: string; note: MessageEnvelope }[]
}

export const PossibleMatchesAnswer = Type.Object({
  caseId: Uuid,
  referralIds: Ids,
  possibleMatches: Type.Array(
    Type.Object({
      otherId: Uuid,
      otherReferralIds: Ids,
      verdict: Type.String({ description: 'possible, or unsure after a person looked' }),
      probability: Type.Optional(Probability),
      bits: Type.Array(Bit),
      words: Type.String(),
      askedAt: Instant,
    }),
  ),
})
/** The cases that may be about the same person as one, the likeliest first. */
export type PossibleMatches = Static<typeof PossibleMatchesAnswer>

export const ReviewsAnswer = Type.Object({
  reviews: Type.Array(
    Type.Object({
      kind: Type.String({ description: 'possible for a question; else why a case was marked' }),
      caseId: Uuid,
      otherId: Type.Optional(Uuid),
      probability: Type.Optional(Probability),
      at: Instant,
    }),
  ),
  next: Type.Optional(Type.String({ description: 'The cursor of the next page; none at the end' })),
})
/** What waits for a person's judgement. */
export type Reviews = Static<typeof ReviewsAnswer>

export const JudgedAnswer = Type.Object({
  caseId: Uuid,
  otherId: Type.Optional(Uuid),
})
/** The case as judged; `otherId` is the other one, where there still are two. */
export type Judged = Static<typeof JudgedAnswer>

export const SplitAnswer = Type.Object({
  ...JudgedAnswer.properties,
  cases: Type.Array(Type.Object({ caseId: Uuid, referralIds: Ids })),
})
/** What a split left: the case, the other one, and in `cases` all that result. */
export type Split = Static<typeof SplitAnswer>

export const FoundAnswer = Type.Object({
  cases: Type.Array(
    Type.Object({
      caseId: Uuid,
      referralIds: Ids,
      probability: Type.Optional(Probability),
      words: Type.Optional(Type.String()),
    }),
  ),
})
/** What a search found, the likeliest first. */
export type Found = Static<typeof FoundAnswer>
