import { Type } from 'typebox'
import { IdOrReference } from '../protocol/envelope/acknowledgement.ts'
import { Released } from '../protocol/envelope/released.ts'
import { openingSteps } from '../protocol/envelope/step.ts'
import { type Urgency, urgencies } from '../referral/codes/clear.ts'
import { type DeclineReason, declineReasons } from '../referral/codes/state.ts'
import { Instant, Kid, Uuid } from '../referral/format.ts'
import {
  caseReferralsMax,
  claimItemsMax,
  itemsPageMax,
  leaseSecondsMax,
  leaseSecondsMin,
} from './lease.ts'

const LeaseSeconds = Type.Integer({ minimum: leaseSecondsMin, maximum: leaseSecondsMax })
const Fence = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'The number that came with the claim; a write with an older one is refused.',
})

/** Of an item. */
export const StandingUrgency = Type.Enum(Object.keys(urgencies) as Urgency[], {
  description:
    'The highest of its referrals without an answer: of their headers, and of what recipients have stated.',
})

export const ClaimRequest = Type.Object(
  {
    recipient: Kid,
    max: Type.Integer({ minimum: 1, maximum: claimItemsMax }),
    leaseSeconds: LeaseSeconds,
    escalated: Type.Optional(
      Type.Boolean({ description: 'Claim from the items that went to people, and only those.' }),
    ),
  },
  { additionalProperties: false },
)

export const ItemsQuery = Type.Object(
  {
    state: Type.Enum(['waiting', 'leased', 'escalated']),
    cursor: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,120}$' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: itemsPageMax, default: 50 })),
  },
  { additionalProperties: false },
)

export const ItemsPage = Type.Object({
  items: Type.Array(
    Type.Object({
      itemId: Uuid,
      caseId: Uuid,
      referralIds: Type.Array(Uuid, { maxItems: caseReferralsMax }),
      urgency: StandingUrgency,
      dueAt: Instant,
      lapses: Type.Integer({ description: 'Leases that ran out.' }),
    }),
    { maxItems: itemsPageMax },
  ),
  next: Type.Optional(
    Type.String({ description: 'The cursor of the next page; absent at the end.' }),
  ),
})

export const ClaimedReferral = Type.Object(
  {
    ...Released.properties,
    answered: Type.Boolean({
      description:
        'It got its answer before this claim, and keeps it: a completion need not name it, and nobody waits for it.',
    }),
  },
  { additionalProperties: false },
)

const Claim = Type.Object({
  claimId: Uuid,
  fence: Fence,
  caseId: Uuid,
  urgency: StandingUrgency,
  dueAt: Instant,
  leasedUntil: Instant,
  referrals: Type.Array(ClaimedReferral, { maxItems: caseReferralsMax }),
})

export const Claims = Type.Object({ claims: Type.Array(Claim, { maxItems: claimItemsMax }) })

export const ClaimParams = Type.Object({ claimId: IdOrReference }, { additionalProperties: false })

export const RenewalRequest = Type.Object(
  { fence: Fence, leaseSeconds: LeaseSeconds },
  { additionalProperties: false },
)
export const Renewal = Type.Object({
  leasedUntil: Instant,
  changed: Type.Boolean({
    description: 'The case has other referrals than when the item was claimed.',
  }),
})

export const ReleaseRequest = Type.Object({ fence: Fence }, { additionalProperties: false })

const outcomes = ['accepted', 'declined', 'redirected', 'unopenable'] as const

export const CompletionRequest = Type.Object(
  {
    fence: Fence,
    outcome: Type.Enum([...outcomes], {
      description:
        '`unopenable` takes the whole item to people, with every referral in it that has no answer: give what opens its answer first.',
    }),
    referrals: Type.Array(IdOrReference, {
      minItems: 1,
      maxItems: caseReferralsMax,
      uniqueItems: true,
      description: 'The referrals that this answers; the others of the case keep their state.',
    }),
    reason: Type.Optional(Type.Enum(Object.keys(declineReasons) as DeclineReason[])),
    step: Type.Optional(
      // A closed list: in free text somebody would one day write what the step was about.
      Type.Enum([...openingSteps], {
        description: 'Where opening stopped, with the outcome `unopenable`.',
      }),
    ),
  },
  { additionalProperties: false },
)

export const Completion = Type.Object({
  outcome: Type.Enum([...outcomes]),
  completedAt: Type.Optional(Instant),
  late: Type.Boolean({ description: 'The lease had run out, and nobody had claimed the item.' }),
  requeued: Type.Array(Uuid, {
    maxItems: caseReferralsMax,
    description:
      'The referrals of the case that got no answer by this, nor had one: they are on the queue again.',
  }),
})
