/**
 * The answers a client reads, as far as it reads them: a newer service may say more. What it is
 * released is not checked here but as it is opened, step by step.
 */
import type { Static, TSchema } from 'typebox'
import * as Type from 'typebox'
import { DirectoryAnswer as Directory, KeysetAnswer as Keyset } from '../directory/schemas.ts'
import * as intake from '../intake/schemas.ts'
import * as matching from '../matching/schemas.ts'
import * as messages from '../messages/schemas.ts'
import { Acknowledgement } from '../protocol/envelope/acknowledgement.ts'
import { matchValuesMax } from '../protocol/envelope/envelope.ts'
import type { Released } from '../protocol/envelope/released.ts'
import { type MessageEnvelope, notesMax, notesPageMax } from '../protocol/messages/message.ts'
import * as grants from '../reading/grantschemas.ts'
import * as reading from '../reading/schemas.ts'
import { Bytes32, Instant, Uuid } from '../referral/format.ts'
import { schemaProblems } from '../referral/problems.ts'
import * as attempts from '../triage/attemptsschemas.ts'
import * as parking from '../triage/parkingschemas.ts'
import * as triage from '../triage/schemas.ts'
import { Completions } from '../triage/severalschemas.ts'
import * as watching from '../triage/watchingschemas.ts'
import { ReleasedReferral } from '../vault/schemas.ts'
import * as webhooks from '../webhooks/schemas.ts'
import { BadAnswer } from './failure.ts'
import { tolerant } from './tolerant.ts'

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

export const KeysetAnswer = tolerant(Keyset)

export const DirectoryAnswer = tolerant(Directory)

export const AcknowledgementAnswer = tolerant(Acknowledgement)

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

export const UncheckedAnswer = tolerant(matching.Unchecked)
/** Which referrals' match keys no recipient has checked yet, of each organisation in turn. */
export type Unchecked = Static<typeof UncheckedAnswer>

const { referralId, reference, answered, unread } = ReleasedReferral.properties

export const ClaimsAnswer = Type.Object({
  claims: Type.Array(
    tolerant(
      Type.Object({
        ...triage.Claims.properties.claims.items.properties,
        referrals: Type.Array(Type.Object({ referralId, reference, answered, unread })),
      }),
    ),
  ),
})

/** A lease on one item of the queue. Every later word on it names `claimId` and `fence`. */
export type Claim = Omit<Static<typeof ClaimsAnswer>['claims'][number], 'referrals'> & {
  /**
   * The referrals of the case, sealed: `reader.open` opens each. What is `answered` was so before this
   * claim, and is there to be read; `completable` says which of the others to complete together.
   */
  referrals: (Released & { answered: boolean; unread: number })[]
}

const { items, next } = triage.ItemsPage.properties
const { leasedUntil: _, fence: __, ...listed } = items.items.properties

export const OwnClaimsAnswer = tolerant(
  Type.Object({
    items: Type.Array(
      Type.Object({
        ...listed,
        leasedUntil: triage.Renewal.properties.leasedUntil,
        fence: triage.ReleaseRequest.properties.fence,
      }),
    ),
    next,
  }),
)
type OwnItem = Static<typeof OwnClaimsAnswer>['items'][number]

/** A page of what a client holds. */
export type OwnClaims = {
  claims: (Omit<OwnItem, 'itemId'> & { claimId: string })[]
  /** The cursor of the next page, if there is one. */
  next?: string
}

export const ItemAnswer = tolerant(triage.Item)
/** An item of the queue. */
export type Item = Static<typeof ItemAnswer>

export const AsideAnswer = tolerant(parking.Aside)
/** What one act set aside, or brought back: its id, and how many items. */
export type Aside = Static<typeof AsideAnswer>

export const AttemptsAnswer = tolerant(attempts.Attempts)
/** Who held the items of a case, from when to when, and how each lease ended. */
export type Attempts = Static<typeof AttemptsAnswer>

export const ItemsAnswer = tolerant(triage.ItemsPage)
/** A page of items, and the cursor of the next. */
export type Items = Static<typeof ItemsAnswer>

export const ChangesAnswer = tolerant(watching.ChangesPage)
export type Changes = Static<typeof ChangesAnswer>

export const SummaryAnswer = tolerant(watching.Summary)
/** Open items counted by state, urgency and region. */
export type Summary = Static<typeof SummaryAnswer>

export const EndpointAnswer = tolerant(webhooks.WebhookEndpoint)
/** A server that is told what becomes of items. */
export type Endpoint = Static<typeof EndpointAnswer>
export const EndpointsAnswer = tolerant(webhooks.WebhookEndpoints)

export const ReleasedAnswer = Type.Object({ referralId, reference })

export const GrantsAnswer = tolerant(grants.Grants)
export const GrantsGivenAnswer = tolerant(grants.GrantsGiven)
/** What is released in it is checked as it is passed on. */
export const WrapsAnswer = Type.Object({
  referrals: Type.Array(Type.Object({ referralId: Uuid })),
  next: Type.Optional(Uuid),
  passed: Type.Integer({ minimum: 0 }),
  left: Type.Integer({ minimum: 0 }),
})
export const GivenUpAnswer = tolerant(grants.GivenUp)

export const RenewalAnswer = tolerant(triage.Renewal)
/**
 * If it has `changed`, its urgency or its referrals are others than at the claim: `reader.fetch` gets what is new in
 * `referralIds`.
 */
export type Renewal = Static<typeof RenewalAnswer>

export const CompletionAnswer = tolerant(triage.Completion)
export type Completion = Static<typeof CompletionAnswer>

export const CompletionsAnswer = tolerant(Completions)
/** What became of one of several: its `completion`, or the `problem` for which this one was refused. */
export type Ended = Static<typeof CompletionsAnswer>['completions'][number]

/** A page of the notes about one referral, each still sealed: one that is spoilt hides no other. */
export const NotesAnswer = Type.Object({
  referralId: Uuid,
  notes: Type.Array(Type.Object({ at: Instant, note: Type.Object({}) }), {
    maxItems: notesPageMax,
  }),
  next: Type.Optional(Type.Integer({ minimum: 1, maximum: notesMax })),
})
export type NotesPage = Omit<Static<typeof NotesAnswer>, 'notes'> & {
  notes: { at: string; note: MessageEnvelope }[]
}

/** A challenge as ALTCHA writes it: what is to be derived, and what it must begin with. */
export const ChallengeAnswer = Type.Object({
  challenge: Type.Object({
    parameters: Type.Object({
      algorithm: Type.String({ maxLength: 32 }),
      nonce: Type.String({ maxLength: 64 }),
      salt: Type.String({ maxLength: 64 }),
      cost: Type.Integer({ minimum: 1 }),
      keyLength: Type.Integer({ minimum: 1 }),
      keyPrefix: Type.String({ maxLength: 64 }),
    }),
    signature: Type.Optional(Type.String({ maxLength: 128 })),
  }),
})
export type ChallengeAnswer = Static<typeof ChallengeAnswer>

export const OwnReferralsAnswer = tolerant(intake.OwnReferrals)
/** Referrals, and where to go on; under a receipt all of them. */
export type OwnReferrals = Static<typeof OwnReferralsAnswer>

export const OwnReferralAnswer = tolerant(intake.OwnReferral)
/** What whoever sent a referral may know of it. */
export type OwnReferral = Static<typeof OwnReferralAnswer>

export const AskedWithdrawalAnswer = tolerant(reading.AskedWithdrawal)
/** That a referral be withdrawn, asked for by whoever holds its receipt. */
export type AskedWithdrawal = Static<typeof AskedWithdrawalAnswer>

export const AskedWithdrawalsAnswer = tolerant(reading.AskedWithdrawals)
/** What waits for a decision; `more` where there is still more. */
export type AskedWithdrawals = Static<typeof AskedWithdrawalsAnswer>

export const OpeningsAnswer = tolerant(intake.Openings)

export const MessageAnswer = tolerant(messages.MessageAcknowledgement)

const { messages: kept, signed: _signed, ...ofPage } = messages.Messages.properties
const { message: _message, ...ofKept } = kept.items.properties

/** A page of the messages about one referral, each still sealed: one that is spoilt hides no other. */
export const MessagesAnswer = tolerant(
  Type.Object({
    ...ofPage,
    signed: Type.Optional(Type.Object({})),
    messages: Type.Array(Type.Object({ ...ofKept, message: Type.Object({}) })),
  }),
)
type ReadPage = Static<typeof MessagesAnswer>
export type MessagesPage = Omit<ReadPage, 'messages'> & {
  messages: (Omit<ReadPage['messages'][number], 'message'> & { message: MessageEnvelope })[]
}
