/**
 * The step that tells the queue of messages by referrers. It is none of the referrer's own transaction, whose role neither
 * reads nor writes the queue: what stands there depends on who else referred the person.
 *
 * One entry for each message, whatever it did: the log is public by its size.
 */
import { append } from '../audit/service.ts'
import { flagMessage } from '../cases/service.ts'
import type { Database, Tx } from '../database/connect.ts'
import { type Step, takeTurn } from '../database/lock.ts'
import { passingOver } from '../database/passing.ts'
import { newId } from '../protocol/uuid.ts'
import { tellOfMessage } from '../triage/service.ts'
import { lookAgain } from '../vault/service.ts'
import { selectUnsettled, settle, type Unsettled } from './store.ts'

/** The step; each replica has one, and one of them settles at a time. */
export function createSettling(database: Database): Step {
  return {
    name: 'settling messages',
    run: passingOver((passed, trying) =>
      // One at a time: a transaction that held the items of several could wait in a circle.
      database.inTransaction({ kind: 'system', request: newId() }, async (tx) => {
        if (!(await selectUnsettled(tx, passed))) return false
        await takeTurn(tx, 'settling messages')
        // Whoever had the turn before may have done it.
        const message = await selectUnsettled(tx, passed)
        if (!message) return false
        // Those about one referral stay in their order.
        trying(message.referralId)
        await settleOne(tx, message)
        return true
      }),
    ),
  }
}

async function settleOne(tx: Tx, message: Unsettled): Promise<void> {
  const { referralId, urgency } = message
  // The item, then the referral, then the message: in that order they are erased as well.
  const { item, woken, raised } = await tellOfMessage(tx, referralId, urgency ?? undefined)
  const isInformed = await lookAgain(tx, referralId)
  // Its answer stands, and whoever gave it is not at work on it: people find it among what is to be looked at.
  if (item === undefined) await flagMessage(tx, referralId)
  await settle(tx, message)
  const object = { kind: 'referral', id: referralId } as const
  const details = {
    ...(item === undefined ? { flagged: true } : { item }),
    ...(woken && { woken }),
    ...(raised && urgency !== null && { raised: urgency }),
    ...(isInformed && { informed: true }),
  }
  await append(tx, { action: 'message.settled', object, details })
}
