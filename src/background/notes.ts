/** What the background work comes upon, as lines of the log and counts. */
import type { PairingNotes } from '../cases/pairing.ts'
import type { WorkNotes } from './work.ts'

type Line = (fields: object, message: string) => void

export type Notes = WorkNotes & {
  /** The thread which does the work has ended, and will be started again. */
  onEnded(error: unknown): void
  /** Its database is away; nothing else is told of a batch that failed for that. */
  onAway(error: unknown): void
}

/** What is counted of it besides. */
export type Counts = PairingNotes & Pick<Notes, 'onTurn'> & { onEnded(): void }

export function createNotes(
  log: { error: Line; warn: Line },
  counts: Counts,
  onAway: Notes['onAway'] = () => {},
): Notes {
  return {
    onAway,
    onTurn: counts.onTurn,
    onFailed: (step, error) => log.error({ err: error, step }, 'a step of the loop failed'),
    onEnded(error) {
      counts.onEnded()
      log.error({ err: error }, 'the background work ended, and starts again')
    },
    pairing: {
      onError(error) {
        counts.onError(error)
        log.error({ err: error }, 'a referral could not be paired')
      },
      onCrowded() {
        counts.onCrowded()
        log.warn({}, 'a match value is shared by more referrals than are compared')
      },
    },
  }
}
