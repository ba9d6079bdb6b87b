/**
 * The step that puts entries into the tree (RFC 6962; C2SP tlog-tiles and tlog-checkpoint). An act writes its
 * entry and a row that waits, and appends nothing, so that acts do not wait for each other. The sequencer takes
 * what waits, and in one transaction gives indexes, lets tiles grow, signs a checkpoint and moves the head.
 *
 * Whoever appends holds the lock of the head's row: a lock of the session would die behind PgBouncer. So it does
 * not matter how many sequencers there are. A crash before the commit leaves what waited waiting, and nobody has
 * seen the checkpoint that was signed for it: it is served, and kept in a file, only once it is committed. A
 * crash after the commit leaves the file behind the head, which is made good before the next signature.
 *
 * Two checkpoints that are not of one tree are what no log may ever sign, and a database that was set back to an
 * earlier moment would lead to it. So the sequencer goes on only from a head that holds the newest checkpoint it
 * knows of, from the file or from before; else it stops until the log is restarted on the host.
 */
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { Step } from '../database/lock.ts'
import type { KeyPair } from '../protocol/keys.ts'
import { parseCheckpoint } from '../protocol/log/checkpoint.ts'
import { append, type Edge, edgeRoot, edgeTiles, readEdge } from '../protocol/log/edge.ts'
import { LogFault } from '../protocol/log/fault.ts'
import { sameHash } from '../protocol/log/hash.ts'
import { parseNote } from '../protocol/log/note.ts'
import { originOfLog } from '../protocol/logorigin.ts'
import { newId } from '../protocol/uuid.ts'
import { createPendingFloor } from './pendingfloor.ts'
import { hasher, type Point, pointOf, signedCheckpoint } from './tree.ts'
import {
  countPending,
  type Head,
  insertFirstLog,
  insertIndexes,
  lockOpenLog,
  moveHead,
  selectOpenLog,
  selectTiles,
  takePending,
  upsertTiles,
  type Waiting,
} from './tree-store.ts'
import type { Witnessing } from './witnessing.ts'

/** The newest checkpoint outside the database. */
export type Kept = {
  read(): Promise<string | undefined>
  /** Whole or not at all, and safe when it returns. */
  write(checkpoint: string): Promise<void>
}

/** How the log stands, each time the sequencer looked. */
export type LogStanding = {
  readonly size: number
  /** When the newest checkpoint was signed, in seconds of Unix time; 0 before the first. */
  readonly signedSeconds: number
  /** Entries that wait for their place, counted up to 10,000, and for how long the oldest does. */
  readonly unsequenced: number
  readonly oldestSeconds: number
  /** Why nothing is signed any more, in words for the operator. */
  readonly halted?: string
}

export type SequencerOptions = {
  /** The deployment's name. */
  readonly origin: string
  /** What signs: one key, or two while a new one takes over. */
  readonly keys: readonly KeyPair[]
  readonly kept: Kept
  /** Who else knows the log; nobody, if left out. */
  readonly witnesses?: Pick<Witnessing, 'isAsked' | 'faultOf'>
  readonly onStanding: (standing: LogStanding) => void
}

/** So many entries are sequenced in one transaction. At the rate that one replica takes they come in some seconds. */
const batchMax = 1_000
const countedMax = 10_000

/** The step; each replica has one. */
export function createSequencer(database: Database, options: SequencerOptions): Step {
  const { origin, keys, kept, witnesses, onStanding } = options
  let isRead = false
  /** What is kept outside the database. */
  let written: string | undefined
  /** The newest checkpoint that this replica knows; ahead of what is kept only while that is being written. */
  let known: string | undefined
  const floor = createPendingFloor()

  async function learn(): Promise<void> {
    if (isRead) return
    written = await kept.read().catch(notKept)
    known = written
    isRead = true
  }

  /** Of a checkpoint that is committed, and continues what was known. */
  async function keep(checkpoint: string): Promise<void> {
    known = checkpoint
    if (checkpoint === written) return
    await kept.write(checkpoint).catch(notKept)
    written = checkpoint
  }

  return {
    name: 'sequencing',
    isUnwoken: true,
    async run() {
      let standing: LogStanding | undefined
      try {
        await learn()
        const caller: Caller = { kind: 'sequencer', request: newId() }
        const done = await database.inTransaction(caller, async (tx) => {
          const [open, waiting] = await Promise.all([
            selectOpenLog(tx),
            floor.look((from) => countPending(tx, countedMax, from)),
          ])
          standing = standingOf(open, waiting)
          const head = waiting.count > 0 ? await lockHead(tx, open, origin) : open
          if (!head) return undefined
          requireOwnName(head, origin)
          if (known !== undefined && known !== head.checkpoint) {
            await requireContinued(tx, head, pointOf(known, origin))
          }
          if (head.checkpoint !== null && head.checkpoint !== known) {
            // Another replica signed it, or whoever can write to the row: then it must not replace what is kept.
            requireOwnCheckpoint(head, await edgeAt(tx, head.n, head.size))
          }
          if (head.checkpoint !== null) await keep(head.checkpoint)
          const fault = witnesses?.faultOf(head.n)
          if (fault !== undefined) throw new LogFault('rolled-back', fault)
          const mayAppend = witnesses?.isAsked() ?? true
          return waiting.count > 0 && mayAppend
            ? appendPending(tx, head, keys, waiting.oldest)
            : undefined
        })
        if (done?.checkpoint !== undefined) await keep(done.checkpoint)
        if (standing) onStanding(standing)
        return done?.hasMore ?? false
      } catch (error) {
        const isFault = error instanceof LogFault
        const halted = isFault ? { halted: error.message } : {}
        // Also where the step failed: how long entries have waited is what an operator is told by.
        if (standing || isFault) onStanding({ ...(standing ?? unknown), ...halted })
        if (!isFault) throw error
        return false
      }
    },
  }
}

/** Of a log of which nothing could be read. */
const unknown: LogStanding = { size: 0, signedSeconds: 0, unsequenced: 0, oldestSeconds: 0 }

/**
 * What reading or writing the file failed with, by its code alone: an error with a system call is what a lost
 * connection to the database looks like, and would be taken for an outage of that.
 */
function notKept({ code }: NodeJS.ErrnoException): never {
  const words = 'the checkpoint cannot be kept outside the database'
  throw Object.assign(new Error(words), { code })
}

function standingOf(head: Head | undefined, waiting: Waiting): LogStanding {
  return {
    size: head?.size ?? 0,
    signedSeconds: head?.signedAt ? Date.parse(head.signedAt) / 1000 : 0,
    unsequenced: waiting.count,
    oldestSeconds: waiting.oldestSeconds,
  }
}

/** The head, under its lock; none where another sequencer holds it. The first log begins here. */
async function lockHead(
  tx: Tx,
  open: Head | undefined,
  deployment: string,
): Promise<Head | undefined> {
  if (!open) await insertFirstLog(tx, originOfLog(deployment, 1))
  return lockOpenLog(tx)
}

/**
 * Requires that a head holds the newest checkpoint that is known: it is of no older tree, and the tree that
 * the checkpoint is of still stands.
 */
async function requireContinued(tx: Tx, head: Head, known: Point): Promise<void> {
  if (known.log < head.n) return
  if (known.log > head.n || known.size > head.size) {
    throw new LogFault(
      'rolled-back',
      `the checkpoint that is kept outside the database is of log ${known.log} with ${known.size} ` +
        `entries, and the database has log ${head.n} with ${head.size}: it was set back`,
    )
  }
  if (sameHash(edgeRoot(hasher, await edgeAt(tx, head.n, known.size)), known.root)) return
  throw new LogFault(
    'inconsistent',
    `the checkpoint that is kept outside the database, of ${known.size} entries, is of another tree`,
  )
}

type Appended = { readonly checkpoint?: string; readonly hasMore: boolean }

/** Appends what waits since `from`, if there is any, and signs. Nothing of it is there until the commit. */
async function appendPending(
  tx: Tx,
  head: Head,
  keys: readonly KeyPair[],
  from: string,
): Promise<Appended> {
  const first = head.size === 0 && head.firstEntryId !== null ? head.firstEntryId : undefined
  const [entries, edge] = await Promise.all([
    takePending(tx, first, batchMax, from),
    edgeAt(tx, head.n, head.size),
  ])
  if (entries.length === 0) return { hasMore: false }
  requireOwnCheckpoint(head, edge)
  const leaves = entries.map(({ leaf }) => hasher.leaf(leaf))
  const { edge: grown, tiles } = append(hasher, edge, leaves)
  const state = { size: grown.size, root: edgeRoot(hasher, grown) }
  const checkpoint = signedCheckpoint(head.origin, state, keys)
  const ids = entries.map(({ id }) => id)
  const [, , isMoved] = await Promise.all([
    insertIndexes(tx, head, ids),
    upsertTiles(tx, head.n, tiles),
    moveHead(tx, head, { size: grown.size, checkpoint }),
  ])
  if (!isMoved) throw new Error('cannot be: the head moved under its lock')
  return { checkpoint, hasMore: first !== undefined || entries.length === batchMax }
}

/** A log under the name of another would be signed as if it were that one. */
function requireOwnName({ n, origin }: Head, deployment: string): void {
  if (origin === originOfLog(deployment, n)) return
  throw new LogFault('origin-wrong', `log ${n} goes by another name in the database`)
}

/** The checkpoint of a head is of its size and its tiles: nobody has changed the one or the other since. */
function requireOwnCheckpoint({ checkpoint, size }: Head, edge: Edge): void {
  if (checkpoint === null) return
  const said = parseCheckpoint(parseNote(checkpoint).text)
  if (said.size === size && sameHash(edgeRoot(hasher, edge), said.root)) return
  throw new LogFault('root-wrong', `the tiles are not those of the checkpoint of ${size} entries`)
}

/** The right edge of the tree when it had `size` entries, out of tiles that may have grown since. */
async function edgeAt(tx: Tx, log: number, size: number): Promise<Edge> {
  const tiles = await selectTiles(tx, log, edgeTiles(size))
  return readEdge(size, ({ level, index }) => {
    return tiles.find((tile) => tile.level === level && tile.index === index)?.hashes
  })
}
