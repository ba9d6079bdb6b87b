import type { Static } from 'typebox'
import * as Type from 'typebox'
import { IdOrReference, Reference } from '../protocol/envelope/acknowledgement.ts'
import { MatchValue, matchValuesMax } from '../protocol/envelope/envelope.ts'
import { MessageEnvelope, notesMax, notesPageMax } from '../protocol/messages/message.ts'
import { PageLimit } from '../protocol/page.ts'
import { Cursor, Instant, Uuid } from '../referral/format.ts'
import { caseReferralsMax } from '../triage/lease.ts'
import { Item } from '../triage/schemas.ts'
import { bases, flagKinds, verdicts } from './judgement.ts'

/** What a page of questions or of findings holds at most; there are never many of one case. */
export const reviewsPageMax = 200
export const findingsMax = 20
/** The newest judgements of a case; the access log has them all. */
export const judgementsShownMax = 200

/** Which case: by its id, or by the reference of one of its referrals. */
export const CaseParams = Type.Object({ caseId: IdOrReference }, { additionalProperties: false })
/** Which two cases. */
export const PairParams = Type.Object(
  { caseId: IdOrReference, otherId: IdOrReference },
  { additionalProperties: false },
)

const Probability = Type.Number({ minimum: 0, maximum: 1 })
const Bit = Type.Object({
  type: Type.String({ description: 'A type of match key, or TOKENS' }),
  because: Type.Enum(['agrees', 'missing', 'tokens']),
  bits: Type.Number({ description: 'What this adds to the odds, as log2' }),
  words: Type.String(),
})
const Verdict = Type.Enum(verdicts)

const Judgement = Type.Object({
  judgementId: Uuid,
  between: Type.Array(Uuid, { minItems: 2, maxItems: 2 }),
  verdict: Verdict,
  basis: Type.Enum(bases),
  probability: Type.Optional(Probability),
  bits: Type.Array(Bit),
  madeAt: Instant,
  endedAt: Type.Optional(Instant),
  entryId: { ...Uuid, description: 'The entry of the access log that names who judged.' },
  note: Type.Optional(
    Type.Object(
      { referralId: Uuid, number: Type.Integer() },
      { description: 'The note that was written with it, about that referral.' },
    ),
  ),
})

const Keys = Type.Enum(['none', 'unchecked', 'checked'], {
  description:
    'Match keys of the newest epoch: none, as the referrer sent them, or checked by a recipient.',
})
const flagWords =
  'long: match keys alone hold together many referrals. shared: a value that many share. ' +
  'replaced: a recipient found other keys than were sent. full: a case had no room. ' +
  'unasked: more possible matches were found than a person is asked about. ' +
  'withdrawal: whoever holds its receipt asked to withdraw it; nothing is done until people do it. ' +
  'message: its referrer wrote after the work on it had ended.'

/** A case: which referrals are held to be about one person, and why. */
export const Case = Type.Object({
  caseId: Uuid,
  referrals: Type.Array(
    Type.Object({
      referralId: Uuid,
      reference: Reference,
      receivedAt: Instant,
      state: Type.String(),
      keys: Keys,
      notes: Type.Integer({ description: 'How many notes were written about it.' }),
      unread: Type.Integer({
        description: 'How many messages by its referrer no recipient has been given to read.',
      }),
    }),
    { maxItems: caseReferralsMax },
  ),
  judgements: Type.Array(Judgement, { maxItems: judgementsShownMax }),
  flags: Type.Array(
    Type.Object({
      referralId: Uuid,
      kind: Type.Enum(flagKinds, { description: flagWords }),
      at: Instant,
    }),
  ),
  item: Type.Optional(Item),
})
export type Case = Static<typeof Case>

/** Which referral, by its id or its reference. */
export const NotesParams = Type.Object(
  { referralId: IdOrReference },
  { additionalProperties: false },
)
/** Which page of its notes. */
export const NotesQuery = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({
        ...{ minimum: 0, maximum: notesMax, default: 0 },
        description: 'The number of the last note that was read.',
      }),
    ),
  },
  { additionalProperties: false },
)
/** A page of the notes about one referral, in the order of their numbers. */
export const Notes = Type.Object({
  referralId: Uuid,
  notes: Type.Array(
    Type.Object({
      at: Instant,
      entryId: { ...Uuid, description: 'The entry of the access log that names who wrote it.' },
      note: MessageEnvelope,
    }),
    { maxItems: notesPageMax },
  ),
  next: Type.Optional(
    Type.Integer({ description: '`after` of the next page; absent at the end.' }),
  ),
})
export type Notes = Static<typeof Notes>

/** What is asked of one case. */
export const PossibleMatches = Type.Object({
  caseId: Uuid,
  referralIds: Type.Array(Uuid, { maxItems: caseReferralsMax }),
  possibleMatches: Type.Array(
    Type.Object({
      otherId: { ...Uuid, description: 'The other case' },
      otherReferralIds: Type.Array(Uuid, { maxItems: caseReferralsMax }),
      between: Type.Array(Uuid, { minItems: 2, maxItems: 2 }),
      verdict: Type.Enum(['possible', 'unsure']),
      probability: Type.Optional(Probability),
      bits: Type.Array(Bit),
      words: Type.String({ description: 'What agrees, in words' }),
      askedAt: Instant,
    }),
  ),
})
export type PossibleMatches = Static<typeof PossibleMatches>

/** Which page of what waits. */
export const ReviewsQuery = Type.Object(
  {
    cursor: Type.Optional(Cursor),
    limit: Type.Optional(PageLimit(reviewsPageMax)),
  },
  { additionalProperties: false },
)

/** A page of what waits for a person. */
export const Reviews = Type.Object({
  reviews: Type.Array(
    Type.Object({
      kind: Type.Enum(['possible', ...flagKinds]),
      caseId: Uuid,
      otherId: Type.Optional(Uuid),
      probability: Type.Optional(Probability),
      at: Instant,
    }),
    { maxItems: reviewsPageMax },
  ),
  next: Type.Optional(
    Type.String({ description: 'The cursor of the next page; absent at the end.' }),
  ),
})
export type Reviews = Static<typeof Reviews>

const note = Type.Optional({
  ...MessageEnvelope,
  description:
    'A sealed note, of kind `note` and from `recipient`, about one referral of either case.',
})

/** A person's judgement of two cases. */
export const DecisionRequest = Type.Object(
  { decision: Type.Enum(['same', 'different', 'unsure']), note },
  { additionalProperties: false },
)
/** The case that is to be merged with the one of the path. */
export const MergeRequest = Type.Object(
  { otherId: IdOrReference, note },
  { additionalProperties: false },
)
/** Who is to leave a case, and what is held of them. */
export const SplitRequest = Type.Object(
  {
    referrals: Type.Array(IdOrReference, {
      minItems: 1,
      maxItems: caseReferralsMax,
      uniqueItems: true,
      description:
        'The referrals that leave the case, as one case of their own. At least one must stay.',
    }),
    decision: Type.Enum(['different', 'unsure'], {
      description:
        'What holds between the two sides from now on. `unsure` keeps the question open.',
    }),
    note,
  },
  { additionalProperties: false },
)

/** The cases as they are after the act. */
export const Judged = Type.Object({
  caseId: Uuid,
  otherId: Type.Optional({ ...Uuid, description: 'The other case, if there are still two.' }),
})
export type Judged = Static<typeof Judged>

const ListedCase = Type.Object({
  caseId: Uuid,
  referralIds: Type.Array(Uuid, { maxItems: caseReferralsMax }),
  probability: Type.Optional({
    ...Probability,
    description: 'Of a search by match values: how likely it is the person.',
  }),
  words: Type.Optional(
    Type.String({ description: 'Of a search by match values: what agrees, in words.' }),
  ),
})

/** What a split left. */
export const Split = Type.Object({
  ...Judged.properties,
  cases: Type.Array(ListedCase, {
    maxItems: caseReferralsMax,
    description:
      'All cases that result: the case, the one that was split off, and referrals that match keys had connected only through the other side.',
  }),
})
export type Split = Static<typeof Split>

/** Who is looked for. */
export const SearchRequest = Type.Object(
  {
    reference: Type.Optional(Reference),
    epoch: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    values: Type.Optional(
      Type.Array(MatchValue, { minItems: 1, maxItems: matchValuesMax, uniqueItems: true }),
    ),
  },
  {
    additionalProperties: false,
    description: 'Either a reference alone, or match values with their epoch.',
  },
)

/** For the API document: the service refuses each in its own words. */
export const searchConditions = {
  minProperties: 1,
  dependentRequired: { epoch: ['values'], values: ['epoch'] },
  dependentSchemas: { reference: { maxProperties: 1 } },
}

/** The cases found. */
export const Found = Type.Object({ cases: Type.Array(ListedCase, { maxItems: findingsMax }) })
export type Found = Static<typeof Found>
