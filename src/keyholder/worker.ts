/**
 * The thread that holds matching keys: it reads their files, and no other thread of the process ever
 * sees a key. Group elements come in; elements and a proof go out. The thread
 * that starts it keeps the passphrases, to start it again after it died.
 *
 * Without key files it only verifies, which takes as long as evaluating.
 */
import { argon2Sync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { readSecret } from '../disk.ts'
import { Refusal } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { openMatchingKey, readMatchingKey } from '../protocol/matching/matchingkey.ts'
import { blindEvaluate, type MatchingKey, verifyEvaluation } from '../protocol/matching/voprf.ts'
import type { PassphraseHash } from '../protocol/passphrase.ts'
import type { Job, KeySource, Reply } from './thread.ts'

const port = parentPort
if (!port) throw new Error('this module is the main module of a worker thread')

const keys = new Map<string, MatchingKey>()
port.on('message', (job: Job) => port.postMessage(replyTo(job)))
port.postMessage(await opening(workerData as readonly KeySource[]))

async function opening(sources: readonly KeySource[]): Promise<Reply> {
  try {
    for (const source of sources) {
      const key = await openKey(source)
      keys.set(encodeBase64url(key.publicKey), key)
    }
    return { id: 0, publicKeys: [...keys.keys()] }
  } catch (error) {
    return fault(0, error)
  }
}

async function openKey({ file, passphrase }: KeySource): Promise<MatchingKey> {
  const text = await readFile(file, 'utf8')
  // A file without a passphrase is protected only by nobody else being able to read it.
  const own = readMatchingKey(text).isSealed ? text : await readSecret(file)
  return openMatchingKey(own, passphrase, hashed)
}

/** Node's: libsodium's would keep its 256 MiB as long as the thread lives. */
function hashed(
  ...[message, nonce, { passes, memoryKiB: memory }]: Parameters<PassphraseHash>
): Uint8Array {
  return argon2Sync('argon2id', { message, nonce, parallelism: 1, tagLength: 32, memory, passes })
}

function replyTo(job: Job): Reply {
  const { id } = job
  try {
    if ('verify' in job) {
      const { holder, blinded, elements, proof } = job.verify
      verifyEvaluation(holder, blinded, elements, proof)
      return { id }
    }
    const key = keys.get(job.evaluate.holder)
    if (!key) throw new Refusal('not-found', 'this process does not hold that matching key')
    return { id, evaluated: blindEvaluate(key, job.evaluate.blinded) }
  } catch (error) {
    return fault(id, error)
  }
}

/** An error loses its class on the way to another thread, so its kind is sent separately. */
function fault(id: number, error: unknown): Reply {
  if (error instanceof Refusal) return { id, refused: { code: error.code, detail: error.message } }
  return { id, failed: error instanceof Error ? error.message : String(error) }
}
