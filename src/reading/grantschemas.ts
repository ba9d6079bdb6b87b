/** Grants: what recipients pass on of a referral, to whom, and until when. */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Wrap } from '../protocol/envelope/envelope.ts'
import { Grant } from '../protocol/messages/grant.ts'
import { Kid, Uuid } from '../referral/format.ts'
import { ReleasedReferral } from '../vault/schemas.ts'
import { NamedParams, OpenQuery } from './schemas.ts'

/** At most so many referrals in one request, and on one page: what a body may hold. */
export const grantsAtOnceMax = 50

/** A wrap for one more reader, and the signed grant of it. */
export const GrantRequest = Type.Object(
  { grant: Grant, wrap: Wrap },
  { additionalProperties: false },
)
export type GrantRequest = Static<typeof GrantRequest>

export const GrantsRequest = Type.Object(
  {
    grants: Type.Array(
      Type.Object(
        { referralId: Uuid, ...GrantRequest.properties },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: grantsAtOnceMax },
    ),
  },
  { additionalProperties: false },
)
export type GrantsRequest = Static<typeof GrantsRequest>

/** What became of each, in the order of the request. */
export const GrantsGiven = Type.Object({
  grants: Type.Array(
    Type.Object({
      referralId: Uuid,
      problem: Type.Optional(
        Type.Object(
          { code: Type.String(), detail: Type.String() },
          { description: 'Why this one was refused, as `code` and `detail` of a problem say it.' },
        ),
      ),
    }),
    { maxItems: grantsAtOnceMax },
  ),
})

export const Grants = Type.Object({
  grants: Type.Array(Grant, { maxItems: 10_000, description: 'The oldest first.' }),
})

export const GrantedParams = Type.Object(
  { ...NamedParams.properties, kid: Kid },
  { additionalProperties: false },
)

/** Which wraps: of the caller's key `recipient`, of referrals that `to` has no wrap of yet. */
export const WrapsQuery = Type.Object(
  {
    ...OpenQuery.properties,
    to: Kid,
    after: Type.Optional({ ...Uuid, description: 'The `next` of the page before.' }),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: grantsAtOnceMax, default: grantsAtOnceMax }),
    ),
  },
  { additionalProperties: false },
)
export type WrapsQuery = Static<typeof WrapsQuery>

const passing = {
  passed: Type.Integer({ description: 'How many referrals have a wrap for both keys.' }),
  left: Type.Integer({ description: 'How many have one for `recipient` and none for `to`.' }),
}

/** A page of referrals without a compartment: what it takes to pass on their keys. */
export const WrapsPage = Type.Object({
  referrals: Type.Array(ReleasedReferral, { maxItems: grantsAtOnceMax }),
  next: Type.Optional({ ...Uuid, description: 'Where the next page begins; absent at the end.' }),
  ...passing,
})

/** At most so many in one request. */
export const givenUpAtOnceMax = 500

export const GivingUpQuery = Type.Object(
  { ...OpenQuery.properties, to: Kid },
  { additionalProperties: false },
)
export type GivingUpQuery = Static<typeof GivingUpQuery>

/** How many wraps were deleted now, and what is left. */
export const GivenUp = Type.Object({
  deleted: Type.Integer({ minimum: 0, maximum: givenUpAtOnceMax }),
  ...passing,
})
