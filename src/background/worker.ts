/**
 * The thread that does the background work, on connections of its own. It answers nobody and writes no log:
 * what there is to report it tells the thread that started it.
 *
 * Which keys a thread may hold: this one holds none, and knows no more than the address of the database. The
 * thread that evaluates (keyholder/worker.ts) holds matching keys and nothing else; the main thread holds
 * the public half of the key of access tokens and, where tokens are issued, no private one.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { connect } from '../database/connect.ts'
import { loggable } from '../log.ts'
import { sortAway, type Told } from './report.ts'
import type { Order, Place, Word } from './thread.ts'
import { backgroundConnections, createWork } from './work.ts'

const port = parentPort
if (!port) throw new Error('this module is the main module of a worker thread')

/** A batch is many statements, and nobody waits for it. */
const batchMsMax = 30_000

const sorted = sortAway(post)
const database = connect({
  ...(workerData as Place),
  connectionsMax: backgroundConnections,
  deadlineMs: batchMsMax,
  onAway: sorted.onAway,
})
const work = createWork(database, sorted.tell)
port.on('message', (order: Order) => (order === 'wake' ? work.wake() : stop()))
work.start()

/** An error does not go between threads as it is. */
function post({ error, ...told }: Told): void {
  const word: Word = { ...told, ...(error !== undefined && { shown: loggable(error) }) }
  port?.postMessage(word)
}

/** The thread ends when nothing is left that could wake it. */
async function stop(): Promise<void> {
  await work.stop()
  await database.close()
  port?.close()
}
