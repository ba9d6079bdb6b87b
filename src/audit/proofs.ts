/** Proofs that an entry is in the tree of a checkpoint, as C2SP tlog-proof files. */
import type { Caller, KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { Refusal, required } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { parseCheckpoint } from '../protocol/log/checkpoint.ts'
import { parseNote } from '../protocol/log/note.ts'
import { writeProofFile } from '../protocol/log/prooffile.ts'
import { treeReader } from '../protocol/log/reader.ts'
import { newId } from '../protocol/uuid.ts'
import type { Action } from './entry.ts'
import { append } from './service.ts'
import { hasEntry, selectPermitted } from './store.ts'
import { hasher } from './tree.ts'
import {
  type OwnOpening,
  type Sequenced,
  selectCheckpoint,
  selectOwnOpenings,
  selectSequenced,
  selectWitnessed,
  tilesIn,
} from './tree-store.ts'

/** An entry of the log, base64url of the bytes that are hashed, and the proof that it is there. */
export type Proven = { readonly leaf: string; readonly proof: string }

const soon = { retryAfterSeconds: 2 }

/**
 * The proof of one entry under the newest checkpoint of its log. Reading it is an entry of its own.
 *
 * @throws Refusal `not-sequenced` for one that waits for its place, `not-found`
 */
export async function proveEntry(tx: Tx<KnownCaller>, id: string): Promise<Proven> {
  const entry = await selectSequenced(tx, id)
  if (!entry) {
    const isThere = await hasEntry(tx, id)
    if (isThere) throw new Refusal('not-sequenced', 'the entry is under no checkpoint yet', soon)
    throw new Refusal('not-found', 'the log has no entry of that id')
  }
  const [proven] = await Promise.all([
    prove(tx, entry),
    append(tx, { action: 'audit.proved', object: { kind: 'entry', id } }),
  ])
  return proven
}

/** The first opening of a referral by one of its recipients. `day` is one of London. */
export type ProvenOpening = Proven & {
  readonly label: string
  readonly recipient: string
  readonly day: string
}

/**
 * Who opened a referral of the caller's own up to the end of yesterday in London: the first opening under
 * each label, the earliest first. A recipient with several keys of one label is one.
 *
 * @param labels - what the recipients of the referral are called, by kid
 * @throws Refusal `not-sequenced` where one of them waits for its place
 */
export async function proveOpenings(
  tx: Tx,
  referralId: string,
  labels: ReadonlyMap<string, string>,
): Promise<ProvenOpening[]> {
  const firsts = new Map<string, OwnOpening>()
  for (const opening of await selectOwnOpenings(tx, referralId)) {
    const label = required(labels.get(opening.recipient), 'only its recipients open a referral')
    if (!firsts.has(label)) firsts.set(label, opening)
  }
  return Promise.all(
    [...firsts].map(async ([label, { recipient, day, leaf, log, index }]) => {
      if (log === null || index === null) {
        throw new Refusal('not-sequenced', 'an opening is under no checkpoint yet', soon)
      }
      const witnessed = await selectWitnessed(tx, log, index)
      const proven = await prove(tx, { log, index, leaf }, witnessed)
      return { label, recipient, day, ...proven }
    }),
  )
}

async function prove(
  tx: Tx,
  { log, index, leaf }: Sequenced,
  witnessed?: { checkpoint: string; lines: string[] },
): Promise<Proven> {
  const { checkpoint, lines } = witnessed ?? (await selectCheckpoint(tx, log)) ?? {}
  if (checkpoint === undefined || !lines) throw new Error('cannot be: a place under no checkpoint')
  const { size } = parseCheckpoint(parseNote(checkpoint).text)
  const proof = await treeReader(hasher, tilesIn(tx, log), size).inclusion(index)
  const file = writeProofFile({ index, proof, checkpoint: checkpoint + lines.join('') })
  return { leaf: encodeBase64url(leaf), proof: file }
}

/** A proof never becomes wrong, but a newer checkpoint may have more witnesses. */
const keptMs = 60_000
const keptMax = 100

/**
 * The proofs of what was published by an act of the host, such as a keyset: kept a while, because everybody
 * asks. They are under the newest checkpoint that witnesses signed, where there is one. They are read as the
 * service itself, for whoever is served may read no entries.
 */
export function createPublicationProofs(database: Database) {
  const kept = new Map<string, { readonly proven: Proven; readonly until: number }>()

  /** `undefined` for what waits for its place yet. */
  return async (action: Action, objectId: string): Promise<Proven | undefined> => {
    const name = `${action} ${objectId}`
    const known = kept.get(name)
    if (known && known.until > performance.now()) return known.proven
    const caller: Caller = { kind: 'system', request: newId() }
    const proven = await database.inTransaction(caller, async (tx) => {
      const id = await selectPermitted(tx, action, objectId)
      const entry = id === undefined ? undefined : await selectSequenced(tx, id)
      if (!entry) return undefined
      return prove(tx, entry, await selectWitnessed(tx, entry.log, entry.index))
    })
    if (!proven) return undefined
    if (kept.size >= keptMax) kept.clear()
    kept.set(name, { proven, until: performance.now() + keptMs })
    return proven
  }
}
