import type { Static } from 'typebox'
import * as Type from 'typebox'
import { IdOrReference, Reference } from '../protocol/envelope/acknowledgement.ts'
import { PageLimit } from '../protocol/page.ts'
import { holdReasonCodes } from '../referral/codes/hold.ts'
import { Cursor, Instant, Uuid } from '../referral/format.ts'

export const ErasureParams = Type.Object(
  { referralId: IdOrReference },
  { additionalProperties: false },
)

export const HoldQuery = Type.Object(
  { reason: Type.Enum(holdReasonCodes) },
  { additionalProperties: false },
)

export const holdsPageMax = 200

/** Which page of the holds. */
export const HoldsQuery = Type.Object(
  { cursor: Type.Optional(Cursor), limit: Type.Optional(PageLimit(holdsPageMax)) },
  { additionalProperties: false },
)

/** A page of what is held, the oldest hold first. */
export const Holds = Type.Object({
  holds: Type.Array(
    Type.Object({
      referralId: Uuid,
      reference: Reference,
      reason: Type.Enum(holdReasonCodes),
      placedAt: Instant,
      entryId: { ...Uuid, description: 'The entry of the access log that names who placed it.' },
    }),
    { maxItems: holdsPageMax },
  ),
  next: Type.Optional(
    Type.String({ description: 'The cursor of the next page; absent at the end.' }),
  ),
})
export type Holds = Static<typeof Holds>

/** That a referral is erased, and until when a backup may hold it. */
export const Erased = Type.Object({
  referralId: Uuid,
  erasedAt: Instant,
  entryId: { ...Uuid, description: 'The entry of the access log.' },
  backupsForgetOn: Type.String({
    format: 'date',
    description:
      'The day from which on no backup holds it, if backups are kept no longer than the service was told.',
  }),
})
export type Erased = Static<typeof Erased>
