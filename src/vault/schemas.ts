import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Released } from '../protocol/envelope/released.ts'
import { MessageEnvelope } from '../protocol/messages/message.ts'
import { Instant } from '../referral/format.ts'

/** A referral as it leaves the service for one reader, and how it stands with it. */
export const ReleasedReferral = Type.Object(
  {
    ...Released.properties,
    answered: Type.Boolean({
      description:
        'Whether it has its answer; in a claim, whether it had it before. It keeps that answer, and a completion need not name it.',
    }),
    unread: Type.Integer({
      minimum: 0,
      description: 'How many messages by its referrer no recipient has been given to read.',
    }),
    withdrawalAskedAt: Type.Optional(
      Type.Unsafe<string>({
        ...Instant,
        description:
          'When its organisation withdrew it, or whoever holds its receipt asked for that.',
      }),
    ),
    withdrawal: Type.Optional({
      ...MessageEnvelope,
      description:
        'What its organisation signed when it withdrew it, with the reason sealed. Left out where it was not sealed to you, and where you chose compartments.',
    }),
  },
  { additionalProperties: false },
)
export type ReleasedReferral = Static<typeof ReleasedReferral>
