/**
 * Proofs that can be kept and checked without the log: C2SP tlog-proof (c2sp.org/tlog-proof@v1), files
 * that end in `.tlog-proof`.
 */
import { type OpenedCheckpoint, openCheckpoint } from './checkpoint.ts'
import { LogFault } from './fault.ts'
import { hashBytes, type TreeHasher } from './hash.ts'
import type { NoteKey } from './key.ts'
import type { Verify } from './note.ts'
import { inclusionHolds } from './proof.ts'
import { base64, decimal, decode, fromBase64 } from './text.ts'

/** What a proof file says. */
export interface ProofFile {
  /** Nobody signs it. */
  extra?: Uint8Array
  /** Index of the entry. */
  index: number
  /** From the leaf's neighbour up. */
  proof: Uint8Array[]
  /** The signed checkpoint as the log served it. */
  checkpoint: string
}

const header = 'c2sp.org/tlog-proof@v1'

/** A tree of 2^53 entries has no longer proof. */
const hashesMax = 53

/** Writes a proof file. */
export function writeProofFile({ extra, index, proof, checkpoint }: ProofFile): string {
  const lines = [header, `index ${index}`, ...proof.map(base64)]
  if (extra) lines.splice(1, 0, `extra ${base64(extra)}`)
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/**
 * Reads a proof file. Nothing in it may be believed before `openProof` has checked it.
 *
 * @throws LogFault `proof-malformed`
 */
export function parseProofFile(file: Uint8Array | string): ProofFile {
  const text = decode(file, 'proof-malformed')
  const blank = text.indexOf('\n\n')
  const lines = text.slice(0, Math.max(blank, 0)).split('\n')
  if (lines.shift() !== header) throw malformed(`does not begin with ${header}`)
  const extra = lines[0]?.startsWith('extra ') ? fromBase64(lines.shift()?.slice(6) ?? '') : null
  if (extra === undefined) throw malformed('has extra data that is not base64')
  const [, digits = ''] = /^index (.*)$/.exec(lines.shift() ?? '') ?? []
  const index = decimal(digits)
  if (index === undefined) throw malformed('has no index')
  if (lines.length > hashesMax) throw malformed('has more hashes than any tree has levels')
  const proof = lines.map((line) => {
    const hash = fromBase64(line)
    if (hash?.length !== hashBytes) throw malformed('has a line that is not a hash')
    return hash
  })
  const checkpoint = text.slice(blank + 2)
  return extra ? { extra, index, proof, checkpoint } : { index, proof, checkpoint }
}

/**
 * Checks that an entry is in the tree of the proof's checkpoint, and that its log signed that. Who
 * has witnessed it is for `witnessing` to say.
 *
 * @throws LogFault `inclusion-wrong`, and what `openCheckpoint` throws
 */
export function openProof(
  hasher: TreeHasher,
  file: ProofFile,
  entry: Uint8Array,
  { keys, verify }: { keys: readonly NoteKey[]; verify: Verify },
): OpenedCheckpoint {
  const checkpoint = openCheckpoint(file.checkpoint, keys, verify)
  const { size, root } = checkpoint
  const { index, proof } = file
  if (!inclusionHolds(hasher, { index, size, leafHash: hasher.leaf(entry), root, proof })) {
    throw new LogFault('inclusion-wrong', `the proof does not hold for entry ${index}`, { index })
  }
  return checkpoint
}

function malformed(detail: string): LogFault {
  return new LogFault('proof-malformed', `the proof ${detail}`)
}
