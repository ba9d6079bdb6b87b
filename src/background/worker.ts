/**
 * The thread that does the background work, on connections of its own. It answers nobody and writes no log:
 * what there is to report it tells the thread that started it.
 *
 * Which keys a thread may hold: this one holds what the access log is signed with and what secrets of
 * webhooks are sealed under, and no other; with each mail it reads the password of the mail server. The
 * thread that evaluates (keyholder/worker.ts) holds matching keys and nothing else; the main thread holds
 * the public half of the key of access tokens and, where tokens are issued, no private one.
 */
import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import type { Witness } from '../audit/witnessing.ts'
import { connect } from '../database/connect.ts'
import { readIfThere, replaceFile } from '../disk.ts'
import { keepOn } from '../erasure/restoring.ts'
import { loggable } from '../log.ts'
import { openKeyFile } from '../protocol/keyfile.ts'
import { parsePolicy } from '../protocol/log/policy.ts'
import { sha256 } from '../protocol/sodium.ts'
import { erasureListAt } from './erasures.ts'
import { createSendMail } from './mail.ts'
import { post } from './post.ts'
import { sortAway, type Told } from './report.ts'
import type { Order, Place, Word } from './thread.ts'
import { backgroundConnections, createWork, type LogOptions } from './work.ts'

const port = parentPort
if (!port) throw new Error('this module is the main module of a worker thread')

/** A batch is many statements, and nobody waits for it. */
const batchMsMax = 30_000

const sorted = sortAway(report)
const { url, prepare, log, isWatched, duty, webhooks, documents, erasuresFile } =
  workerData as Place
const database = connect({
  ...{ url, prepare },
  connectionsMax: backgroundConnections,
  deadlineMs: batchMsMax,
  onAway: sorted.onAway,
})
database.onAnnounced(() => report({ kind: 'brought' }))
const work = createWork(database, await openLog(log), sorted.tell, {
  ...{ isWatched, webhooks, documents },
  erasureList: keepOn(erasureListAt(erasuresFile)),
  duty: duty && {
    addresses: { 1: duty.first, 2: duty.later },
    send: createSendMail(duty.smtp, duty.from),
  },
})
port.on('message', (order: Order) => (order === 'wake' ? work.wake() : stop()))
work.start()

async function openLog(place: Place['log']): Promise<LogOptions> {
  const { origin, keyFiles, checkpointFile, witnessFile } = place
  const texts = await Promise.all(keyFiles.map((file) => readFile(file, 'utf8')))
  return {
    origin,
    keys: texts.map((text) => openKeyFile(text).signing),
    kept: {
      read: () => readIfThere(checkpointFile),
      write: (checkpoint) => replaceFile(checkpointFile, checkpoint),
    },
    witnesses: witnessFile ? witnessesIn(await readFile(witnessFile, 'utf8')) : [],
    post,
  }
}

/** The witnesses of a policy; its form was looked at before anything started. */
function witnessesIn(policy: string): Witness[] {
  const { witnesses } = parsePolicy(sha256, policy)
  return [...witnesses.values()].flatMap(({ key, url }) => (url ? [{ key, url }] : []))
}

/** An error does not go between threads as it is. */
function report({ error, ...told }: Told): void {
  const word: Word = { ...told, ...(error !== undefined && { shown: loggable(error) }) }
  port?.postMessage(word)
}

/** The thread ends when nothing is left that could wake it. */
async function stop(): Promise<void> {
  await work.stop()
  await database.close()
  port?.close()
}
