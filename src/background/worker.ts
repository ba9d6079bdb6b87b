/**
 * The thread that does the background work, on a connection of its own. It knows the database's
 * address and uses no key, answers nobody, and writes no log: what there is to tell it says to the thread
 * that started it.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { connect } from '../database/connect.ts'
import { isAway } from '../database/lost.ts'
import { loggable } from '../log.ts'
import type { Order, Place, Word } from './thread.ts'
import { createWork } from './work.ts'

const port = parentPort
if (!port) throw new Error('this module is the main module of a worker thread')

/** A batch is many statements, and nobody waits for it. */
const batchMsMax = 30_000

const database = connect({
  ...{ ...(workerData as Place), connectionsMax: 1, deadlineMs: batchMsMax },
  onAway: (error) => say({ said: 'away', error: loggable(error) }),
})
const work = createWork({
  database,
  notes: {
    onFailed(step, error) {
      if (!isAway(error)) say({ said: 'failed', step, error: loggable(error) })
    },
    onTurn: () => say({ said: 'turned' }),
    pairing: {
      onError(error) {
        if (!isAway(error)) say({ said: 'unpaired', error: loggable(error) })
      },
      onCrowded: () => say({ said: 'crowded' }),
    },
  },
})
port.on('message', (order: Order) => (order === 'wake' ? work.wake() : stop()))
work.start()

function say(word: Word): void {
  port?.postMessage(word)
}

/** The thread ends when nothing is left that could wake it. */
async function stop(): Promise<void> {
  await work.stop()
  await database.close()
  port?.close()
}
