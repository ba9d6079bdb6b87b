/** What parking takes and gives. */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { IdOrReference } from '../protocol/envelope/acknowledgement.ts'
import { Instant, Uuid } from '../referral/format.ts'
import { asideItemsMax, itemsPageMax, parkedDaysMax, parkReasons } from './lease.ts'
import { ClaimRequest, CompletionRequest, ReleaseRequest } from './schemas.ts'

const ParkReason = Type.Enum([...parkReasons])

const Until = Type.Optional(
  Type.Unsafe<string>({
    ...Instant,
    description: `When the item is waiting again, at most ${parkedDaysMax} days away. Left out: once its case has another referral, or somebody wakes it.`,
  }),
)

const SeenFence = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'Of the item as you read it: if it has changed since, this is refused.',
  }),
)

const { note } = CompletionRequest.properties

const Told = Type.Optional(
  Type.Unsafe<string[]>({
    ...CompletionRequest.properties.referrals,
    description:
      'With waiting_list and returned_for_information: the referrals of the item whose referrers are told so. Left out: nobody is told.',
  }),
)

/** By the holder. */
export const ParkingRequest = Type.Object(
  {
    fence: ReleaseRequest.properties.fence,
    reason: ParkReason,
    until: Until,
    tellReferrersOf: Told,
    note,
  },
  { additionalProperties: false },
)

/** By a person without a claim. */
export const ItemParkingRequest = Type.Object(
  { fence: SeenFence, reason: ParkReason, until: Until, tellReferrersOf: Told, note },
  { additionalProperties: false },
)

export type ParkReason = Static<typeof ParkReason>

export const WakingRequest = Type.Object({ fence: SeenFence }, { additionalProperties: false })

const { regions, urgencies, channels, dueBefore } = ClaimRequest.properties

export const AsideRequest = Type.Object(
  {
    items: Type.Optional(
      Type.Array(Uuid, { minItems: 1, maxItems: itemsPageMax, uniqueItems: true }),
    ),
    ...{ regions, urgencies, channels, dueBefore },
    until: Until,
  },
  {
    additionalProperties: false,
    description: 'Which items: of those that wait, that nobody holds, and that are unverified.',
  },
)

/** What one act set aside, or brought back. */
export const Aside = Type.Object({
  asideId: Uuid,
  items: Type.Integer({
    maximum: asideItemsMax,
    description: `How many it was, at most ${asideItemsMax}: of more, the rest still waits.`,
  }),
})

export const ItemParams = Type.Object({ itemId: Uuid }, { additionalProperties: false })
/** Of what was done with an item: the reference of one of its referrals does as well. */
export const PastParams = Type.Object({ itemId: IdOrReference }, { additionalProperties: false })
export const AsideParams = Type.Object({ asideId: Uuid }, { additionalProperties: false })
