/** A state of the access log, and one entry under it: what a client checks that is no auditor's. */
import { base64urlBytes, encodeBase64url, utf8 } from '../protocol/bytes.ts'
import { LogFault } from '../protocol/log/fault.ts'
import { treeHasher } from '../protocol/log/hash.ts'
import { parseNote } from '../protocol/log/note.ts'
import { openProof, parseProofFile } from '../protocol/log/prooffile.ts'
import type { Read } from '../protocol/log/reader.ts'
import { verify } from '../protocol/signature.ts'
import { ready, sha256 } from '../protocol/sodium.ts'
import { type LogEntry, parseEntry } from './logentry.ts'
import { type LogTrust, openState, type SignedState } from './logtrust.ts'

const hasher = treeHasher(sha256)

/** The checkpoint that stands in a log's files. @throws LogFault `checkpoint-missing`, as `openState` */
export async function readState(
  read: Read,
  trust: LogTrust,
  origin?: string,
): Promise<SignedState> {
  await ready
  const file = await read('checkpoint')
  if (!file) {
    throw new LogFault('checkpoint-missing', 'there is no checkpoint', { path: 'checkpoint' })
  }
  return openState(file, trust, origin)
}

/** The SHA-256 by which a restarted log names the last checkpoint of the log before it. */
export function digestOfState({ text }: SignedState): string {
  return encodeBase64url(sha256(utf8(parseNote(text).text)))
}

/** An entry and its place, under a checkpoint that the log signed. */
export type ProvenEntry = {
  readonly entry: LogEntry
  readonly index: number
  readonly state: SignedState
}

/**
 * Checks the proof of one entry, as `GET /v1/audit/entries/{id}/proof` answers it.
 *
 * @param proven - `leaf`, base64url of the entry's bytes, and `proof`, a file of c2sp.org/tlog-proof
 * @throws LogFault `proof-malformed`, `inclusion-wrong`, as `openState`; EntryFault
 */
export async function openEntryProof(
  proven: { readonly leaf: string; readonly proof: string },
  trust: LogTrust,
): Promise<ProvenEntry> {
  await ready
  const bytes = base64urlBytes(proven.leaf)
  if (!bytes) throw new LogFault('proof-malformed', 'the entry is not base64url')
  const file = parseProofFile(proven.proof)
  const state = openState(file.checkpoint, trust)
  openProof(hasher, file, bytes, { keys: trust.keysOf(state.origin), verify })
  return { entry: parseEntry(bytes, file.index), index: file.index, state }
}
