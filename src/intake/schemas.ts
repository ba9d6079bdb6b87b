import type { Static } from 'typebox'
import * as Type from 'typebox'
import { ProvenEntry } from '../audit/provenschemas.ts'
import { IdOrReference } from '../protocol/envelope/acknowledgement.ts'
import { PageLimit } from '../protocol/page.ts'
import { type DeclineReason, declineReasons, shownStates } from '../referral/codes/state.ts'
import { Cursor, Instant, Kid, Uuid } from '../referral/format.ts'
import { recipientsMax } from '../referral/header.ts'

export const ReferralParams = Type.Object({ referralId: Uuid }, { additionalProperties: false })

export const ProofHeaders = Type.Object({
  'proof-of-work': Type.String({
    description: 'base64url of the JSON of `{ challenge, solution }`, as ALTCHA verifies it.',
  }),
})

/** What whoever sent a referral may know of it. */
export const OwnReferral = Type.Object({
  referralId: Uuid,
  reference: Type.String(),
  receivedAt: Instant,
  state: Type.Enum(shownStates, {
    description: 'That it is being looked at is not told: it is `received` until it has an answer.',
  }),
  changedAt: { ...Instant, description: 'Since when it is in this state.' },
  declineReason: Type.Optional(
    Type.Enum(Object.keys(declineReasons) as DeclineReason[], {
      description: 'To an organisation only, and not where a friend or relative referred.',
    }),
  ),
  supersedes: Type.Optional(Uuid),
  withdrawalAskedAt: Type.Optional({
    ...Instant,
    description: 'When its organisation withdrew it, or that was asked for under its receipt.',
  }),
  withdrawalDeclinedAt: Type.Optional({
    ...Instant,
    description: 'When a person declined what was asked for.',
  }),
  keptUntil: Type.Optional({
    ...Instant,
    description:
      'Of one that was withdrawn, or whose withdrawal is asked for: nothing of it is erased before.',
  }),
  unread: Type.Integer({
    minimum: 0,
    description: 'How many messages about it you have not read.',
  }),
})

export const OwnReferrals = Type.Object({
  referrals: Type.Array(OwnReferral),
  next: Type.Optional(
    Type.Unsafe<string>({
      ...Cursor,
      description:
        'The `changedSince` of the next page, now or later. Under a receipt the `cursor` of the next page, and absent at the end.',
    }),
  ),
})

export const OwnReferralParams = Type.Object(
  { referralId: IdOrReference },
  { additionalProperties: false },
)

/** In a page, of some 300 bytes each. */
export const ownReferralsPageMax = 500

export const ChangedQuery = Type.Object(
  {
    changedSince: Type.Optional({
      ...Cursor,
      description:
        'The `next` of a page. Left out: all, from the earliest change on. One that no page gave you, or from before a restore, is refused with `cursor-outdated`.',
    }),
    limit: Type.Optional(PageLimit(ownReferralsPageMax)),
  },
  { additionalProperties: false },
)
export type ChangedQuery = Static<typeof ChangedQuery>

/** Which page of what was sent under a receipt. */
export const ReceiptQuery = Type.Object(
  { cursor: Type.Optional(Cursor) },
  { additionalProperties: false },
)
export type ReceiptQuery = Static<typeof ReceiptQuery>

/** Who opened a referral, as its referrer may know it. */
export const Openings = Type.Object({
  keysetVersion: Type.Integer({
    minimum: 1,
    description: 'The keyset that the referral is sealed under: it names the recipients',
  }),
  openings: Type.Array(
    Type.Object({
      label: Type.String({ description: 'What that keyset calls the recipient' }),
      recipient: Kid,
      day: Type.String({
        pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
        description: 'The day in London on which it first opened the referral',
      }),
      ...ProvenEntry.properties,
    }),
    { maxItems: recipientsMax },
  ),
})

export const WithdrawalRequest = Type.Object({ referralId: Uuid }, { additionalProperties: false })
