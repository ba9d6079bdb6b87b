/** What is done in the background, and the loop that does it. */
import { createPairing, type PairingNotes } from '../cases/pairing.ts'
import type { Database } from '../database/connect.ts'
import { createLoop, type Loop } from '../database/loop.ts'
import { createRetiring } from '../matching/retiring.ts'

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
  return createLoop({
    steps: [createPairing(database, notes.pairing), createRetiring(database)],
    onError: notes.onFailed,
    onTurn: notes.onTurn,
  })
}
