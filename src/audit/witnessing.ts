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
import { LogFault } from '../protocol/log/fault.ts'
import type { NoteKey } from '../protocol/log/key.ts'
import { openNote, parseNote, signatureLine } from '../protocol/log/note.ts'
import { treeReader } from '../protocol/log/reader.ts'
import { base64, decimal } from '../protocol/log/text.ts'
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
  tilesIn,
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
  /** Told of a witness that does not sign, by the name of its key. The `code` of what it answers is the status. */
  readonly onRefused: (error: Error, witness: string) => void
}

/** A checkpoint to be shown, and what the witness last signed of the log. */
type Showing = { readonly head: Head & { checkpoint: string }; readonly earlier: number }

/** The step; each replica has one. Without witnesses it does nothing. */
export function createWitnessing(database: Database, options: Options): Witnessing {
  const { witnesses, post, onRefused } = options
  const system: Caller = { kind: 'system', request: newId() }
  const triedAt = new Map<string, number>()
  /** By witness. Whoever signs the log after all takes back what it said. */
  const faults = new Map<string, { readonly log: number; readonly words: string }>()
  let lookedAt = Number.NEGATIVE_INFINITY

  function isDue(name: string, head: Head, last: Cosigned | undefined, published: number): boolean {
    const tried = triedAt.get(`${head.n} ${name}`)
    if (tried === undefined) return true
    if (performance.now() - tried < retryMs) return false
    if (faults.get(name)?.log === head.n) return true
    if (head.size <= (last?.size ?? 0)) return false
    return !last || published >= last.size || Date.now() - Date.parse(last.at) >= pushMs
  }

  async function show(witness: Witness, showing: Showing): Promise<void> {
    const { head } = showing
    const { name } = witness.key
    triedAt.set(`${head.n} ${name}`, performance.now())
    let { earlier } = showing
    let answer = await send(witness, showing)
    const known = knownIn(answer)
    // It knows another size than the one of which we kept its signature.
    if (known !== undefined && known !== earlier && known <= head.size) {
      earlier = known
      answer = await send(witness, { head, earlier })
    }
    const { status, text } = answer
    const refused = { head, earlier, known: knownIn(answer) }
    // A 409 without a size is some proxy's.
    if (status === 422 || refused.known !== undefined) {
      const fault = await database.inTransaction(system, (tx) => faultIn(tx, refused))
      if (fault !== undefined) {
        faults.set(name, { log: head.n, words: `${name} has signed ${fault}` })
      }
      return
    }
    if (status !== 200) {
      const words = `the witness ${name} answers ${status}`
      throw Object.assign(new Unsigned(words), { code: String(status) })
    }
    const line = lineIn(text, head.checkpoint, witness.key)
    const cosignature = { log: head.n, size: head.size, witness: name, line }
    await database.inTransaction({ kind: 'sequencer', request: newId() }, (tx) =>
      insertCosignature(tx, { ...cosignature, checkpoint: head.checkpoint }),
    )
    faults.delete(name)
  }

  async function send(witness: Witness, { head, earlier }: Showing) {
    const proof = await database.inTransaction(system, (tx) => consistency(tx, head, earlier))
    const lines = [`old ${earlier}`, ...proof.map(base64)]
    const body = `${lines.join('\n')}\n\n${head.checkpoint}`
    return post(`${witness.url.replace(/\/$/, '')}/add-checkpoint`, body).catch((cause) => {
      throw new Unsigned(`the witness ${witness.key.name} does not answer`, { cause })
    })
  }

  return {
    name: 'witnessing',
    isUnwoken: true,
    isAsked: () => witnesses.length === 0 || lookedAt > Number.NEGATIVE_INFINITY,
    faultOf: (n) => [...faults.values()].find(({ log }) => log === n)?.words,
    async run() {
      if (witnesses.length === 0 || performance.now() - lookedAt < lookMs) return false
      const found = await database.inTransaction(system, look)
      if (found) {
        const { head, cosigned, published } = found
        const shown = witnesses.map(async (witness) => {
          const last = cosigned.find((it) => it.witness === witness.key.name)
          if (!isDue(witness.key.name, head, last, published)) return
          await show(witness, { head, earlier: last?.size ?? 0 }).catch((error) => {
            if (!(error instanceof Unsigned || error instanceof LogFault)) throw error
            onRefused(error, witness.key.name)
          })
        })
        await Promise.all(shown)
      }
      lookedAt = performance.now()
      return false
    },
  }
}

/** A witness does not answer, or not by signing. What else fails is the database's. */
class Unsigned extends Error {}

/** The head, what each witness signed of it last, and where the newest keyset stands. */
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

/** The line by which a witness signed a checkpoint, out of its answer. @throws Unsigned, LogFault */
function lineIn(answer: string, checkpoint: string, key: NoteKey): string {
  const note = parseNote(checkpoint + answer)
  openNote(note, [key], verify)
  // With a blank line in it the answer signs another text: its line would spoil the checkpoint.
  if (note.text !== parseNote(checkpoint).text) {
    throw new Unsigned(`the witness ${key.name} has signed another text`)
  }
  const own = note.signatures.find(({ name, id }) => name === key.name && id === key.id)
  if (!own) throw new Error('cannot be: a signature that was verified')
  return signatureLine(own)
}

/** The size that a witness says it knows, where that is why it does not sign. */
function knownIn({ status, text }: { status: number; text: string }): number | undefined {
  return status === 409 ? decimal(text.trim()) : undefined
}

/**
 * What a refusal says against the log. Nothing, where another replica has shown the witness more meanwhile: that
 * is committed, and the witness is asked again later.
 */
async function faultIn(
  tx: Tx,
  refused: { readonly head: Head; readonly earlier: number; readonly known: number | undefined },
): Promise<string | undefined> {
  const { head, earlier, known } = refused
  // It compared what it was shown with what it knows.
  if (known === undefined || known === earlier) return 'another tree'
  const now = await selectOpenLog(tx)
  const size = now?.n === head.n ? now.size : head.size
  return known > size ? `${known} entries: it was set back` : undefined
}

/** The proof that the tree of a head begins with the earlier one. */
async function consistency(tx: Tx, head: Head, earlier: number): Promise<Uint8Array[]> {
  if (earlier === 0 || earlier === head.size) return []
  return treeReader(hasher, tilesIn(tx, head.n), head.size).consistency(earlier)
}
