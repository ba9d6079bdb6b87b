import * as Type from 'typebox'
import { IdOrReference, Reference } from '../protocol/envelope/acknowledgement.ts'
import { openingSteps } from '../protocol/envelope/step.ts'
import { MessageEnvelope } from '../protocol/messages/message.ts'
import { PageLimit } from '../protocol/page.ts'
import { type Urgency, urgencies } from '../referral/codes/clear.ts'
import { type DeclineReason, declineReasons } from '../referral/codes/state.ts'
import { compartmentNames } from '../referral/compartment.ts'
import { Cursor, Instant, Kid, Uuid } from '../referral/format.ts'
import { Header } from '../referral/header.ts'
import { ReleasedReferral } from '../vault/schemas.ts'
import { waitSecondsMax } from './change.ts'
import {
  caseReferralsMax,
  claimItemsMax,
  itemsPageMax,
  leaseSecondsMax,
  leaseSecondsMin,
  type ParkReason,
  parkReasons,
} from './lease.ts'

const LeaseSeconds = Type.Integer({ minimum: leaseSecondsMin, maximum: leaseSecondsMax })
const Fence = Type.Integer({
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description:
    'The number that came with the claim. A write that names an older number is refused.',
})

/** Of an item. */
export const StandingUrgency = Type.Enum(Object.keys(urgencies) as Urgency[], {
  description:
    'The highest urgency among its unanswered referrals, from their headers and from what recipients stated.',
})

/** Of an item. */
const Unverified = Type.Boolean({
  description:
    'Whether no organisation stands behind it: each of its referrals was signed by a receipt, which proves no more than that one hand sent it.',
})

const { region: Region, channel: Channel } = Header.properties

/** Any of these will do. */
function someOf<Schema extends Type.TSchema>(schema: Schema) {
  return Type.Optional(Type.Array(schema, { minItems: 1, maxItems: 50, uniqueItems: true }))
}

export const ClaimHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[!-~]{1,128}$',
      maxLength: 128,
      description:
        'A new random one for each claim. Sent again with the same body within its `leaseSeconds`, it gets the same items with the same fences, as far as you hold them still; with another body it is refused (`idempotency-key-reused`).',
    }),
  ),
})

export const ClaimRequest = Type.Object(
  {
    recipient: Kid,
    max: Type.Integer({ minimum: 1, maximum: claimItemsMax }),
    leaseSeconds: LeaseSeconds,
    waitSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: waitSecondsMax,
        default: 0,
        description:
          'Where there is nothing to claim, the answer waits for it so long. One case that is asked for is waited for by nobody.',
      }),
    ),
    escalated: Type.Optional(
      Type.Boolean({ description: 'Claim only escalated items: those that need a person.' }),
    ),
    regions: someOf(Region),
    urgencies: someOf(StandingUrgency),
    channels: someOf(Channel),
    organisations: someOf(Uuid),
    unverified: Type.Optional(
      Type.Boolean({
        description:
          '`true`: claim only items behind which no organisation stands. `false`: only the others.',
      }),
    ),
    dueBefore: Type.Optional(Instant),
    compartments: Type.Optional(
      Type.Array(Type.Enum([...compartmentNames]), {
        maxItems: compartmentNames.length,
        uniqueItems: true,
        description:
          'Of what your key opens only these leave the service, or none. The entry of each referral says which did. Left out: all.',
      }),
    ),
    caseId: Type.Optional(
      Type.Unsafe<string>({
        ...Uuid,
        description:
          'Claim the item of this case, escalated or not, and no other: beside it stands no other filter. If it is held, the claim is refused (`item-held`).',
      }),
    ),
    referral: Type.Optional(
      Type.Unsafe<string>({
        ...IdOrReference,
        description: 'The same by the id or the reference of a referral of the case.',
      }),
    ),
  },
  { additionalProperties: false },
)

const ItemState = Type.Enum(['waiting', 'leased', 'escalated', 'parked'])

/** Any reason for which an item is parked now. */
const StandingParkReason = Type.Enum([...parkReasons, 'set_aside'] as ParkReason[])

export const ItemsQuery = Type.Object(
  {
    state: ItemState,
    region: Type.Optional(Region),
    urgency: Type.Optional(StandingUrgency),
    channel: Type.Optional(Channel),
    organisation: Type.Optional(Uuid),
    unverified: Type.Optional(Type.Boolean()),
    dueBefore: Type.Optional(Instant),
    caseId: Type.Optional(Uuid),
    referral: Type.Optional(IdOrReference),
    parkReason: Type.Optional(StandingParkReason),
    attemptsMin: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    asideId: Type.Optional(
      Type.Unsafe<string>({ ...Uuid, description: 'What was set aside by one act.' }),
    ),
    cursor: Type.Optional(Cursor),
    limit: Type.Optional(PageLimit(itemsPageMax)),
  },
  { additionalProperties: false },
)

export const OwnClaimsQuery = Type.Object(
  { cursor: Type.Optional(Cursor), limit: Type.Optional(PageLimit(itemsPageMax)) },
  { additionalProperties: false },
)

/** The open work on a case. */
export const Item = Type.Object({
  itemId: Uuid,
  caseId: Uuid,
  referralIds: Type.Array(Uuid, { maxItems: caseReferralsMax }),
  references: Type.Array(Reference, {
    maxItems: caseReferralsMax,
    description: 'Of its referrals, in the order in which they came.',
  }),
  state: ItemState,
  urgency: StandingUrgency,
  regions: Type.Array(Region, { description: 'Of its unanswered referrals.' }),
  channels: Type.Array(Channel),
  organisations: Type.Array(Uuid, {
    description: 'The organisations that stand behind it, as the signed directory names them.',
  }),
  unverified: Unverified,
  dueAt: Instant,
  lapses: Type.Integer({ description: 'How many leases of this item expired.' }),
  attempts: Type.Integer({ description: 'How often it was leased, the present lease included.' }),
  leasedUntil: Type.Optional(
    Type.Unsafe<string>({ ...Instant, description: 'While somebody holds it.' }),
  ),
  holder: Type.Optional(Type.String({ description: 'What the client that holds it is called.' })),
  parkReason: Type.Optional(StandingParkReason),
  parkedUntil: Type.Optional(
    Type.Unsafe<string>({
      ...Instant,
      description: 'When it will be waiting again. Left out of what is parked until it is woken.',
    }),
  ),
  asideId: Type.Optional(
    Type.Unsafe<string>({
      ...Uuid,
      description: 'The act by which it was set aside, together with others.',
    }),
  ),
  fence: Type.Optional(
    Type.Integer({
      minimum: 0,
      description:
        'Of what nobody holds: for an act that is to be refused once it is another. Of your own claims, when you list those: `itemId` is the `claimId` that goes with it.',
    }),
  ),
})

export const ItemsPage = Type.Object({
  items: Type.Array(Item, { maxItems: itemsPageMax }),
  next: Type.Optional(
    Type.String({ description: 'The cursor of the next page; absent at the end.' }),
  ),
})

const Claim = Type.Object({
  claimId: Uuid,
  fence: Fence,
  caseId: Uuid,
  urgency: StandingUrgency,
  unverified: Unverified,
  dueAt: Instant,
  leasedUntil: Instant,
  referrals: Type.Array(ReleasedReferral, { maxItems: caseReferralsMax }),
})

export const Claims = Type.Object({ claims: Type.Array(Claim, { maxItems: claimItemsMax }) })

export const ClaimParams = Type.Object(
  {
    claimId: {
      ...IdOrReference,
      description:
        "The claim's own id, which always names it. The reference of a referral of the claim names it as " +
        'well, unless that referral was claimed by itself before its case was merged into another.',
    },
  },
  { additionalProperties: false },
)

export const RenewalRequest = Type.Object(
  { fence: Fence, leaseSeconds: LeaseSeconds },
  { additionalProperties: false },
)
export const Renewal = Type.Object({
  leasedUntil: Instant,
  changed: Type.Boolean({
    description:
      'Whether its referrals or its urgency have changed since it was claimed. It stays so: what is new since the last renewal shows in the rest of this answer.',
  }),
  referralIds: Item.properties.referralIds,
  urgency: StandingUrgency,
  dueAt: Instant,
})

const Note = Type.Optional({
  ...MessageEnvelope,
  description:
    'A sealed note, of kind `note` and from `recipient`, about one referral of the item: it is kept with what is asked for, or neither is done.',
})

export const ReleaseRequest = Type.Object({ fence: Fence }, { additionalProperties: false })

const outcomes = ['accepted', 'declined', 'redirected', 'unopenable'] as const

export const CompletionRequest = Type.Object(
  {
    fence: Fence,
    outcome: Type.Enum([...outcomes], {
      description:
        '`unopenable` escalates the whole item, with every unanswered referral in it: first answer the referrals that open.',
    }),
    referrals: Type.Array(IdOrReference, {
      minItems: 1,
      maxItems: caseReferralsMax,
      uniqueItems: true,
      description:
        'The referrals that this answers, each of the claimed case. Other referrals of the case keep their state.',
    }),
    reason: Type.Optional(
      Type.Enum(Object.keys(declineReasons) as DeclineReason[], {
        description: 'With the outcome `declined`, and only then.',
      }),
    ),
    step: Type.Optional(
      // A closed list: in free text somebody would one day write what the step was about.
      Type.Enum([...openingSteps], {
        description: 'With the outcome `unopenable` only: the step at which opening failed.',
      }),
    ),
    note: Note,
  },
  { additionalProperties: false },
)

/** For the API document: the service refuses each in its own words. */
export const completionConditions = {
  if: { properties: { outcome: { not: { const: 'declined' } } } },
  else: { properties: { reason: {} }, required: ['reason'] },
  dependentSchemas: {
    reason: { properties: { outcome: { const: 'declined' } } },
    step: { properties: { outcome: { const: 'unopenable' } } },
  },
}

export const Completion = Type.Object({
  outcome: Type.Enum([...outcomes]),
  completedAt: Type.Optional(Instant),
  late: Type.Boolean({
    description: 'Whether the lease had expired. Nobody else had claimed the item meanwhile.',
  }),
  requeued: Type.Array(Uuid, {
    maxItems: caseReferralsMax,
    description:
      'Referrals of the case that still have no answer: they are on the queue again, or escalated still.',
  }),
})
