/** What is told of the leases of an item. */
import * as Type from 'typebox'
import { Instant, Uuid } from '../referral/format.ts'
import { attemptEndings } from './change.ts'

/** Whoever wants to know of more of one case has seen enough. */
export const attemptsMax = 200

export const Attempts = Type.Object({
  attempts: Type.Array(
    Type.Object({
      itemId: Uuid,
      clientId: Uuid,
      holder: Type.String({ description: 'What that client is called.' }),
      from: Instant,
      to: Type.Optional(
        Type.Unsafe<string>({ ...Instant, description: 'Left out while the lease lasts.' }),
      ),
      ending: Type.Optional(
        Type.Enum([...attemptEndings], { description: 'How it ended: left out as well.' }),
      ),
    }),
    {
      maxItems: attemptsMax,
      description: 'The last of them, in the order in which they began.',
    },
  ),
})
