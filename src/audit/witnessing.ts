/**
 * The step that shows checkpoints to witnesses (C2SP tlog-witness): a witness signs one only if it contains the
 * last that it signed, so that nobody can be shown another log under its signature. At most once an hour while
 * the log grows, as witnesses want it, and at once after a keyset.
 *
 * A witness that knows a larger tree, or another, says that this database was set back: then nothing more may
 * be signed. So each is asked once after a start, with what was signed before, and the sequencer waits for it.
 */
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { Step } from '../database/lock.ts'
import type { NoteKey } from '../protocol/log/key.ts'
import { openNote, parseNote, signatureLine } from '../protocol/log/note.ts'
import { treeReader } from '../protocol/log/reader.ts'
import { base64 } from '../protocol/log/text.ts'
import { parseTilePath } from '../protocol/log/tile.ts'
import { verify } from '../protocol/signature.ts'
import { newId } from '../protocol/uuid.ts'
import { hasher } from './tree.ts'
import {
  type Cosigned,
  type Head,
  insertCosignature,
  selectCosigned,
  selectOpenLog,
  selectPublishedIndex,
  selectTiles,
} from './tree-store.ts'

export type Witness = { readonly key: NoteKey; readonly url: string }

/** Sends a request to a witness, and gives up in time. */
export type Post = (url: string, body: string) => Promise<{ status: number; text: string }>

export type Witnessing = Step & {
  /** Whether each witness was asked once, or could not be. */
  isAsked(): boolean
  /** What a witness says against continuing this log, in words. */
  faultOf(log: number): string | undefined
}

const lookMs = 5_000
const pushMs = 3_600_000
const retryMs = 60_000

type Options = {
  readonly witnesses: readonly Witness[]
  readonly post: Post
  /** Told of a witness that does not sign. */
  readonly onRefused: (error: Error) => void
}

/** A checkpoint to be shown, and what the witness last signed of the log. */
type Showing = { readonly head: Head & { checkpoint: string }; readonly earlier: number }

/** The step; each replica has one. Without witnesses it does nothing. */
export function createWitnessing(database: Database, options: Options): Witnessing {
  const { witnesses, post, onRefused } = options
  const system: Caller = { kind: 'system', request: newId() }
  const triedAt = new Map<string, number>()
  const faults = new Map<number, string>()
  let lookedAt = Number.NEGATIVE_INFINITY

  async function look(tx: Tx) {
    const head = await selectOpenLog(tx)
    if (!head || head.checkpoint === null) return undefined
    const { n, checkpoint } = head
    const [cosigned, published] = await Promise.all([
      selectCosigned(tx, n),
      selectPublishedIndex(tx, n),
    ])
    return { head: { ...head, checkpoint }, cosigned, published }
  }

  function isDue(name: string, head: Head, last: Cosigned | undefined, published: number): boolean {
    const tried = triedAt.get(`${head.n} ${name}`)
    if (tried === undefined) return true
    if (performance.now() - tried < retryMs || head.size <= (last?.size ?? 0)) return false
    return !last || published >= last.size || Date.now() - Date.parse(last.at) >= pushMs
  }

  async function show(witness: Witness, showing: Showing): Promise<void> {
    const { head } = showing
    triedAt.set(`${head.n} ${witness.key.name}`, performance.now())
    const first = await send(witness, showing)
    // It knows another size than the one of which we kept its signature.
    const known = first.status === 409 ? Number(first.text.trim()) : Number.NaN
    const isOther = Number.isSafeInteger(known) && known !== showing.earlier
    if (isOther && known > head.size) {
      faults.set(head.n, `${witness.key.name} has signed ${known} entries: it was set back`)
      return
    }
    const { status, text } = isOther ? await send(witness, { head, earlier: known }) : first
    if (status === 409 || status === 422) {
      faults.set(head.n, `${witness.key.name} has signed another tree`)
      return
    }
    if (status !== 200) throw new Error(`the witness ${witness.key.name} answers ${status}`)
    const note = parseNote(head.checkpoint + text)
    openNote(note, [witness.key], verify)
    const { name, id } = witness.key
    const own = note.signatures.find((it) => it.name === name && it.id === id)
    if (!own) throw new Error('cannot be: a signature that was verified')
    const cosignature = { log: head.n, size: head.size, witness: name, line: signatureLine(own) }
    await database.inTransaction({ kind: 'sequencer', request: newId() }, (tx) =>
      insertCosignature(tx, { ...cosignature, checkpoint: head.checkpoint }),
    )
  }

  async function send(witness: Witness, { head, earlier }: Showing) {
    const proof = await database.inTransaction(system, (tx) => consistency(tx, head, earlier))
    const lines = [`old ${earlier}`, ...proof.map(base64)]
    const body = `${lines.join('\n')}\n\n${head.checkpoint}`
    return post(`${witness.url.replace(/\/$/, '')}/add-checkpoint`, body)
  }

  return {
    name: 'witnessing',
    isUnwoken: true,
    isAsked: () => witnesses.length === 0 || lookedAt > Number.NEGATIVE_INFINITY,
    faultOf: (log) => faults.get(log),
    async run() {
      if (witnesses.length === 0 || performance.now() - lookedAt < lookMs) return false
      const found = await database.inTransaction(system, look)
      if (found) {
        const { head, cosigned, published } = found
        const shown = witnesses.map(async (witness) => {
          const last = cosigned.find((it) => it.witness === witness.key.name)
          if (!isDue(witness.key.name, head, last, published)) return
          await show(witness, { head, earlier: last?.size ?? 0 }).catch(onRefused)
        })
        await Promise.all(shown)
      }
      lookedAt = performance.now()
      return false
    },
  }
}

/** The proof that the tree of a head begins with the earlier one. */
async function consistency(tx: Tx, head: Head, earlier: number): Promise<Uint8Array[]> {
  if (earlier === 0 || earlier === head.size) return []
  const read = async (path: string) => {
    const { level, index } = parseTilePath(path) ?? {}
    if (typeof level !== 'number' || index === undefined) return undefined
    return (await selectTiles(tx, head.n, [{ level, index }]))[0]?.hashes
  }
  return treeReader(hasher, read, head.size).consistency(earlier)
}
