/**
 * The answers a client reads, as far as it reads them: a newer service may say more. What it is
 * released is not checked here but as it is opened, step by step.
 */
import { type Static, type TSchema, Type } from 'typebox'
import { Acknowledgement } from '../protocol/envelope/acknowledgement.ts'
import { matchValuesMax } from '../protocol/envelope/envelope.ts'
import type { Released } from '../protocol/envelope/released.ts'
import { type Urgency, urgencies } from '../referral/codes/clear.ts'
import { Bytes32, Instant, Uuid } from '../referral/format.ts'
import { schemaProblems } from '../referral/problems.ts'
import { BadAnswer } from './failure.ts'

/**
 * Takes `answer` for what `schema` says.
 *
 * @param place - the request that it answers, for the message
 * @throws BadAnswer if it is something else
 */
export function readAnswer<Schema extends TSchema>(
  schema: Schema,
  answer: unknown,
  place: string,
): Static<Schema> {
  const [problem] = schemaProblems(schema, answer)
  if (!problem) return answer as Static<Schema>
  throw new BadAnswer(`the answer to ${place}: ${problem.pointer || '/'} ${problem.detail}`)
}

/**
 * Reads what was remembered. A memory that is damaged is not taken for an empty one, for that would
 * let a rollback through.
 */
export function readMemory<Schema extends TSchema>(schema: Schema, text: string): Static<Schema> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new Error('the memory of what was seen is damaged', { cause })
  }
  const [problem] = schemaProblems(schema, value)
  if (problem) throw new Error('the memory of what was seen is damaged')
  return value as Static<Schema>
}

const Jws = Type.String({ minLength: 5, maxLength: 8 * 1024 * 1024 })

export const KeysetAnswer = Type.Object({ keyset: Jws, directorySha256: Type.Optional(Bytes32) })

export const DirectoryAnswer = Type.Object({ directory: Jws })

export const AcknowledgementAnswer = Type.Object(Acknowledgement.properties)

/** What is remembered of a keyset. */
export const SeenKeyset = Type.Object({
  version: Type.Integer({ minimum: 1 }),
  sha256: Bytes32,
  roots: Type.Array(Bytes32, { description: 'The roots that this keyset says to pin' }),
  pinned: Type.Array(Bytes32, { description: 'The roots under which it was accepted' }),
})
export type SeenKeyset = Static<typeof SeenKeyset>

/** What is remembered of a directory. */
export const SeenDirectory = Type.Object({ version: Type.Integer({ minimum: 1 }), sha256: Bytes32 })
export type SeenDirectory = Static<typeof SeenDirectory>

/** What is remembered of the notes about a referral: the newest. */
export const SeenNotes = Type.Object({
  number: Type.Integer({ minimum: 1 }),
  envelopeHash: Bytes32,
})
export type SeenNotes = Static<typeof SeenNotes>

/** The holders' answers, as far as their form goes: each is proved before anything is made of it. */
export const EvaluationsAnswer = Type.Object({
  epoch: Type.Integer({ minimum: 1 }),
  answers: Type.Array(
    Type.Object({
      holder: Bytes32,
      elements: Type.Array(Type.String({ maxLength: 64 }), { maxItems: matchValuesMax }),
      proof: Type.String({ maxLength: 128 }),
    }),
    { maxItems: 2 },
  ),
})

/** Which referrals' match keys no recipient has checked yet. */
export const UncheckedAnswer = Type.Object({
  epoch: Type.Optional(
    Type.Integer({ minimum: 1, description: 'The newest of the newest keyset, if it lists any' }),
  ),
  referralIds: Type.Array(Uuid, { description: 'Of each organisation in turn, the oldest first' }),
  next: Type.Optional(Type.String({ description: 'The cursor of the next page; none at the end' })),
})
export type Unchecked = Static<typeof UncheckedAnswer>

export const MatchKeysAnswer = Type.Object({
  referralId: Uuid,
  epoch: Type.Integer({ minimum: 1 }),
  before: Type.Enum(['same', 'none', 'other']),
})

const Standing = Type.Enum(Object.keys(urgencies) as Urgency[])

export const StatedUrgencyAnswer = Type.Object({
  referralId: Uuid,
  before: Standing,
  urgency: Standing,
})
/** What stood for a referral, and what stands since it was stated: the item was raised if they differ. */
export type StatedUrgency = Static<typeof StatedUrgencyAnswer>

const ClaimAnswer = Type.Object({
  claimId: Uuid,
  fence: Type.Integer({ minimum: 1 }),
  caseId: Uuid,
  urgency: Type.String({ description: 'The highest that stands for any of its referrals' }),
  dueAt: Instant,
  leasedUntil: Instant,
  referrals: Type.Array(
    Type.Object({ referralId: Uuid, reference: Type.String(), answered: Type.Boolean() }),
  ),
})

export const ClaimsAnswer = Type.Object({ claims: Type.Array(ClaimAnswer) })

/** A lease on one item of the queue. Every later word on it names `claimId` and `fence`. */
export type Claim = Omit<Static<typeof ClaimAnswer>, 'referrals'> & {
  /**
   * The referrals of the case, sealed: `reader.open` opens each. What is `answered` was so before this
   * claim, and is there to be read; `completable` says which of the others to complete together.
   */
  referrals: (Released & { answered: boolean })[]
}

export const ReleasedAnswer = Type.Object({ referralId: Uuid, reference: Type.String() })

export const RenewalAnswer = Type.Object({
  leasedUntil: Instant,
  changed: Type.Boolean({
    description: 'The case has other referrals than at the claim: `reader.fetch` gets a new one',
  }),
})
export type Renewal = Static<typeof RenewalAnswer>

export const CompletionAnswer = Type.Object({
  outcome: Type.String(),
  completedAt: Type.Optional(Instant),
  late: Type.Boolean({ description: 'After the lease had run out, and before another claim' }),
  requeued: Type.Array(Uuid, {
    description: 'Referrals of the case that got no answer by this: they are on the queue again',
  }),
})
export type Completion = Static<typeof CompletionAnswer>
