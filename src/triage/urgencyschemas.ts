/** What a person says of the urgency of an item. */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { MessageEnvelope } from '../protocol/messages/message.ts'
import { ItemParkingRequest } from './parkingschemas.ts'
import { StandingUrgency } from './schemas.ts'

export const UrgencySetting = Type.Object(
  {
    urgency: StandingUrgency,
    from: Type.Optional(
      Type.Unsafe<Static<typeof StandingUrgency>>({
        ...StandingUrgency,
        description: 'As you read it: if it is another by now, this is refused.',
      }),
    ),
    fence: ItemParkingRequest.properties.fence,
    note: {
      ...MessageEnvelope,
      description:
        'Why: a sealed note, of kind `note` and from `recipient`, about one referral of the item.',
    },
  },
  { additionalProperties: false },
)
export type UrgencySetting = Static<typeof UrgencySetting>
