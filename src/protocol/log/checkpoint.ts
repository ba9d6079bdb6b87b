/** Checkpoints, the signed state of a log: C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint). */
import { LogFault } from './fault.ts'
import { hashBytes } from './hash.ts'
import { logKeyType, type NoteKey } from './key.ts'
import {
  type Note,
  openNote,
  parseNote,
  type Sign,
  signText,
  type Verified,
  type Verify,
  writeNote,
} from './note.ts'
import { base64, decimal, fromBase64 } from './text.ts'

/** The state of a log. */
export interface Checkpoint {
  /** Which log: its address without `https://`. Equals the name of the log's key. */
  origin: string
  /** How many entries it has. */
  size: number
  /** The Merkle Tree Hash over them. */
  root: Uint8Array
  /** Further lines, of which nothing is said here. A log that can be audited has none. */
  extensions: string[]
}

/** A checkpoint with the signatures on it that hold. */
export interface OpenedCheckpoint extends Checkpoint {
  note: Note
  /** The log's, and those of the witnesses that were asked for. */
  verified: Verified[]
}

/** The text that is signed. */
export function checkpointText({ origin, size, root, extensions }: Checkpoint): string {
  return [origin, String(size), base64(root), ...extensions].map((line) => `${line}\n`).join('')
}

/** The checkpoint as a note with the log's signature. The key's name must be the origin. */
export function signCheckpoint(
  key: NoteKey,
  sign: Sign,
  state: Pick<Checkpoint, 'size' | 'root'>,
): string {
  const text = checkpointText({ origin: key.name, ...state, extensions: [] })
  return writeNote({ text, signatures: [signText(key, sign, text)] })
}

/**
 * Reads the text of a checkpoint.
 *
 * @throws LogFault `checkpoint-malformed`
 */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', count = '', encoded = '', ...extensions] = text.replace(/\n$/, '').split('\n')
  const size = decimal(count)
  const root = fromBase64(encoded)
  const isWhole = text.endsWith('\n') && origin !== '' && !extensions.includes('')
  if (!isWhole || size === undefined || root?.length !== hashBytes) {
    throw new LogFault('checkpoint-malformed', 'a checkpoint is not an origin, a size and a root')
  }
  return { origin, size, root, extensions }
}

/**
 * Reads a checkpoint and checks that the log signed it.
 *
 * @param keys - the log's key, or several of one origin, and the witnesses' keys that matter
 * @throws LogFault `note-malformed`, `checkpoint-malformed`, `unsigned` without the log's signature,
 *   `signature-wrong`, and `origin-wrong` if it is signed for another log
 */
export function openCheckpoint(
  file: Uint8Array | string,
  keys: readonly NoteKey[],
  verify: Verify,
): OpenedCheckpoint {
  const note = parseNote(file)
  const verified = openNote(note, keys, verify)
  const checkpoint = parseCheckpoint(note.text)
  const logs = verified.filter(({ key }) => key.type === logKeyType)
  if (logs.length === 0) throw new LogFault('unsigned', 'the log has not signed the checkpoint')
  if (!logs.some(({ key }) => key.name === checkpoint.origin)) {
    throw new LogFault('origin-wrong', 'the checkpoint is that of another log')
  }
  return { ...checkpoint, note, verified }
}
