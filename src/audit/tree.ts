/** The log of this deployment in the terms of the standards: its origin, its hashes, and who signs. */
import type { KeyPair } from '../protocol/keys.ts'
import { type Checkpoint, checkpointText, parseCheckpoint } from '../protocol/log/checkpoint.ts'
import { LogFault } from '../protocol/log/fault.ts'
import { treeHasher } from '../protocol/log/hash.ts'
import { logKeyType, noteKey } from '../protocol/log/key.ts'
import { parseNote, signText, writeNote } from '../protocol/log/note.ts'
import { parseLogOrigin } from '../protocol/logorigin.ts'
import { sign } from '../protocol/signature.ts'
import { sha256 } from '../protocol/sodium.ts'

export const hasher = treeHasher(sha256)

/** A checkpoint of a log of this deployment. `log` is its number. */
export type Point = Pick<Checkpoint, 'size' | 'root'> & { readonly log: number }

/** Reads a checkpoint. Who signed it is for the reader to know. @throws LogFault */
export function pointOf(checkpoint: string, deployment: string): Point {
  const { origin, size, root } = parseCheckpoint(parseNote(checkpoint).text)
  const of = parseLogOrigin(origin)
  if (of?.deployment !== deployment) {
    throw new LogFault('origin-wrong', `a checkpoint is not of a log of ${deployment}`)
  }
  return { log: of.log, size, root }
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
