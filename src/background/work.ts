/** What is done in the background, and the loop that does it. */
import { createAudit } from '../audit/service.ts'
import { createPairing, type PairingNotes } from '../cases/pairing.ts'
import type { Database } from '../database/connect.ts'
import { createLoop, type Loop } from '../database/loop.ts'
import { createDirectory } from '../directory/service.ts'
import { createRetiring } from '../matching/retiring.ts'
import { createMatching } from '../matching/service.ts'
import { createTriage } from '../triage/service.ts'
import { createVault } from '../vault/service.ts'

/** Told of what the work comes upon. */
export type WorkNotes = {
  /** A batch failed; it is tried again. */
  onFailed(step: string, error: unknown): void
  /** A turn is over, whatever was done in it. */
  onTurn(): void
  readonly pairing: PairingNotes
}

/** The work of one replica, not started yet. One transaction at a time: one connection is enough. */
export function createWork({ database, notes }: { database: Database; notes: WorkNotes }): Loop {
  const audit = createAudit({ database })
  const directory = createDirectory({ database, audit })
  const referrals = createVault({ directory })
  const matching = createMatching({ database, audit, directory })
  const triage = createTriage({ database, audit, referrals })
  const pairing = createPairing({ database, audit, matching, triage, notes: notes.pairing })
  const retiring = createRetiring({ database, audit, directory })
  return createLoop({
    steps: [pairing, retiring],
    ...{ onError: notes.onFailed, onTurn: notes.onTurn },
  })
}
