/** What is done in the background. */
import { createPairing } from '../cases/pairing.ts'
import type { Database } from '../database/connect.ts'
import { createRetiring } from '../matching/retiring.ts'
import { createForgetting } from './forgetting.ts'
import type { Tell } from './report.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'

/** How many connections the background work of a replica has: one for each step that may be slow. */
export const backgroundConnections = 2

/** The work of one replica, not started yet. */
export function createWork(database: Database, tell: Tell): Scheduler {
  const pairing = createPairing(database, {
    onError: (error) => tell({ kind: 'unpaired', error }),
    onCrowded: () => tell({ kind: 'crowded' }),
  })
  const steps = [pairing, createRetiring(database), createForgetting(database)]
  return createScheduler({ steps, connections: backgroundConnections, tell })
}
