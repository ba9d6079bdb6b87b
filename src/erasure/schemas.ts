import { type Static, Type } from 'typebox'
import { IdOrReference } from '../protocol/envelope/acknowledgement.ts'
import { Instant, Uuid } from '../referral/format.ts'
import { type HoldReason, holdReasons } from './rules.ts'

export const ErasureParams = Type.Object(
  { referralId: IdOrReference },
  { additionalProperties: false },
)

export const HoldQuery = Type.Object(
  { reason: Type.Enum(Object.keys(holdReasons) as HoldReason[]) },
  { additionalProperties: false },
)

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
