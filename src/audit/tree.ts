/** The log of this deployment in the terms of the standards: its origin, its hashes, and who signs. */
import type { KeyPair } from '../protocol/keys.ts'
import { type Checkpoint, checkpointText, parseCheckpoint } from '../protocol/log/checkpoint.ts'
import { LogFault } from '../protocol/log/fault.ts'
import { treeHasher } from '../protocol/log/hash.ts'
import { logKeyType, noteKey } from '../protocol/log/key.ts'
import { parseNote, signText, writeNote } from '../protocol/log/note.ts'
import { sign } from '../protocol/signature.ts'
import { sha256 } from '../protocol/sodium.ts'

export const hasher = treeHasher(sha256)

/** The origin of the log with this number: `intake.example.org/v1/audit/logs/1`. */
export function originOf(deployment: string, n: number): string {
  return `${deployment}/v1/audit/logs/${n}`
}

/** A checkpoint of a log of this deployment. `log` is its number. */
export type Point = Pick<Checkpoint, 'size' | 'root'> & { readonly log: number }

/** Reads a checkpoint. Who signed it is for the reader to know. @throws LogFault */
export function pointOf(checkpoint: string, deployment: string): Point {
  const { origin, size, root } = parseCheckpoint(parseNote(checkpoint).text)
  const log = Number(origin.split('/').at(-1))
  if (!Number.isSafeInteger(log) || origin !== originOf(deployment, log)) {
    throw new LogFault('origin-wrong', `a checkpoint is not of a log of ${deployment}`)
  }
  return { log, size, root }
}

/** The checkpoint of a log, under the signature of each of the keys. */
export function signedCheckpoint(
  origin: string,
  state: Pick<Checkpoint, 'size' | 'root'>,
  keys: readonly KeyPair[],
): string {
  const text = checkpointText({ origin, ...state, extensions: [] })
  const signatures = keys.map(({ publicKey, secretKey }) => {
    const key = noteKey(sha256, { name: origin, type: logKeyType, publicKey })
    return signText(key, (message) => sign(secretKey, message), text)
  })
  return writeNote({ text, signatures })
}
