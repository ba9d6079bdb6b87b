/** The proof of one entry: as a service answers it, or made of the files of a log. */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { encodeBase64url } from '../protocol/bytes.ts'
import { treeHasher } from '../protocol/log/hash.ts'
import { writeProofFile } from '../protocol/log/prooffile.ts'
import { type Read, treeReader } from '../protocol/log/reader.ts'
import { tileWidth } from '../protocol/log/tile.ts'
import { sha256 } from '../protocol/sodium.ts'
import { parseAnswer } from './answer.ts'
import { BadAnswer } from './failure.ts'
import { parseEntry } from './logentry.ts'
import { readState } from './logstate.ts'
import type { LogTrust } from './logtrust.ts'
import { readAnswer } from './schemas.ts'

/** `leaf` is base64url of the entry's bytes, `proof` a file of c2sp.org/tlog-proof. Believed in nothing. */
export type EntryProof = Static<typeof EntryProof>
const EntryProof = Type.Object({ leaf: Type.String(), proof: Type.String() })

/** Reads an answer of `GET /v1/audit/entries/{id}/proof`. @throws BadAnswer */
export function readEntryProof(text: string): EntryProof {
  const place = 'GET /v1/audit/entries/{id}/proof'
  const parsed = parseAnswer(text)
  if (parsed) return readAnswer(EntryProof, parsed.value, place)
  throw new BadAnswer(`the answer to ${place} is not JSON`)
}

/**
 * Seeks an entry by its id in the files of a log, and makes its proof of them, for `openEntryProof` to check.
 *
 * @param read - the files below the log's address
 * @returns `undefined` where no entry has that id
 * @throws LogFault for files that are missing or cannot be read, EntryFault for an entry that is none
 */
export async function findEntryProof(
  read: Read,
  trust: LogTrust,
  id: string,
): Promise<EntryProof | undefined> {
  const { size, text } = await readState(read, trust)
  const tree = treeReader(treeHasher(sha256), read, size)
  for (let first = 0; first < size; first += tileWidth) {
    const entries = await tree.bundle(first / tileWidth)
    const offset = entries.findIndex((bytes, at) => parseEntry(bytes, first + at).id === id)
    const leaf = entries[offset]
    if (!leaf) continue
    const index = first + offset
    const proof = writeProofFile({ index, proof: await tree.inclusion(index), checkpoint: text })
    return { leaf: encodeBase64url(leaf), proof }
  }
  return undefined
}
