/**
 * The access log, checked without believing whoever serves or stores it: that its files are what a
 * signed checkpoint says, that it goes on from a checkpoint that was kept, that each entry has its form.
 */
import { base64urlBytes, equalBytes } from '../protocol/bytes.ts'
import { LogFault } from '../protocol/log/fault.ts'
import { hashBytes, sameHash, treeHasher } from '../protocol/log/hash.ts'
import { consistencyHolds } from '../protocol/log/proof.ts'
import { type Read, treeReader } from '../protocol/log/reader.ts'
import { tileWidth } from '../protocol/log/tile.ts'
import { verifyConsistency, verifyLog } from '../protocol/log/verify.ts'
import { sha256 } from '../protocol/sodium.ts'
import {
  checkShown,
  EntryFault,
  type LogEntry,
  parseEntry,
  parseShown,
  type ShownEntry,
} from './logentry.ts'
import { readState } from './logstate.ts'
import type { LogTrust, SignedState } from './logtrust.ts'

const hasher = treeHasher(sha256)

/** The entry by which a log says that it follows one that lost entries. */
export type Restart = {
  /** The number of the log that was closed. */
  readonly closed: number
  /** The SHA-256 of the text of its last checkpoint, base64url; missing where it had none. */
  readonly digest?: string
}

/** What was found of the openings that were shown. */
export type Openings = {
  /** Entries that were shown and are what the log holds: all of it. */
  readonly shown: number
  /** Shown entries that are not in this log: too new for its checkpoint, or of a log before it. */
  readonly others: number
}

/** A log that is what its checkpoint says. */
export type VerifiedLog = {
  readonly state: SignedState
  /** Where it follows another. */
  readonly restart: Restart | undefined
  /** Missing where none were shown. */
  readonly openings: Openings | undefined
}

/** What to verify of a log, and against what. */
export type VerifyLogOptions = {
  readonly trust: LogTrust
  /** The log that it must be; any that is believed if left out. */
  readonly origin?: string
  /** A checkpoint of this log that was kept earlier. */
  readonly since?: SignedState
  /**
   * The lines of an export of all entries as NDJSON, in any order, begun after the checkpoint was served. It
   * is called when the log itself is verified.
   */
  readonly openings?: () => AsyncIterable<string>
  /** Called after each bundle with how many entries are done, and how many there are. */
  readonly onProgress?: (done: number, total: number) => void
}

/** @see wholelog.ts */
export async function verifyWholeLog(
  read: Read,
  { trust, origin, since, openings, onProgress }: VerifyLogOptions,
): Promise<VerifiedLog> {
  const state = await readState(read, trust, origin)
  const known = openings && createKnown(state.log)
  let restart: Restart | undefined
  await verifyLog(hasher, read, state, {
    onEntries: (first, entries) => {
      entries.forEach((bytes, offset) => {
        const entry = parseEntry(bytes, first + offset)
        if (first + offset === 0) restart = restartIn(entry, state.log)
        known?.add(entry, bytes, first + offset)
      })
      onProgress?.(first + entries.length, state.size)
    },
  })
  if (since) await verifyConsistency(hasher, read, since, state)
  return { state, restart, openings: openings && known && (await known.compare(openings())) }
}

/** @see wholelog.ts */
export async function verifyGrowth(
  read: Read,
  earlier: Pick<SignedState, 'origin' | 'size' | 'root'>,
  later: SignedState,
): Promise<void> {
  if (earlier.origin !== later.origin) {
    throw new LogFault('origin-wrong', 'the checkpoints are of two logs')
  }
  if (earlier.size === 0 || later.size <= earlier.size) {
    await verifyConsistency(hasher, read, earlier, later)
    return
  }
  const reader = treeReader(hasher, read, later.size)
  const then = { size: earlier.size, root: await reader.rootAt(earlier.size) }
  const proof = await reader.consistency(earlier.size)
  if (!consistencyHolds(hasher, { earlier: then, later, proof })) {
    throw new LogFault('root-wrong', 'the hashes do not make the root of the checkpoint')
  }
  if (!sameHash(then.root, earlier.root)) {
    throw new LogFault('inconsistent', 'the log does not begin with what was signed before')
  }
}

/** A log after the first begins with the reason why there is one. */
function restartIn({ action, object }: LogEntry, log: number): Restart | undefined {
  const isRestart = action === 'log.restarted' && object?.kind === 'log'
  if (log === 1 && !isRestart) return undefined
  const closed = Number(object?.id)
  if (!isRestart || !(closed < log)) {
    const detail = `log ${log} does not begin by naming the log that it follows`
    throw new EntryFault('entry-malformed', 0, detail)
  }
  return { closed, ...(object?.digest !== undefined && { digest: object.digest }) }
}

/** An entry has its place within seconds; this long it may wait, or the clock be wrong. */
const unloggedMsMax = 3_600_000

/** The ids and leaf hashes of a verified log, for what is shown of it to be compared with. */
function createKnown(log: number) {
  const places = new Map<string, number>()
  let hashes = new Uint8Array(tileWidth * hashBytes)
  let newestMs = 0

  function add({ id, at }: LogEntry, bytes: Uint8Array, index: number): void {
    const other = places.get(id)
    if (other !== undefined) {
      throw new EntryFault('entry-malformed', index, `it has the id of entry ${other}`)
    }
    places.set(id, index)
    newestMs = Math.max(newestMs, Date.parse(at))
    if (hashes.length === index * hashBytes) {
      const longer = new Uint8Array(2 * hashes.length)
      longer.set(hashes)
      hashes = longer
    }
    hashes.set(hasher.leaf(bytes), index * hashBytes)
  }

  async function compare(lines: AsyncIterable<string>): Promise<Openings> {
    const isShown = new Uint8Array(places.size)
    let others = 0
    for await (const line of lines) {
      const entry = parseShown(line)
      if (!entry) throw new LogFault('entries-malformed', 'a line of the openings is no entry')
      const index = places.get(entry.id)
      if (index === undefined) {
        // Of a log after the first, it may be in the one before.
        if (log === 1 && Date.parse(entry.at) < newestMs - unloggedMsMax) throw unlogged(entry)
        others += 1
        continue
      }
      const bytes = base64urlBytes(entry.leaf)
      const hash = hashes.subarray(index * hashBytes, (index + 1) * hashBytes)
      if (!bytes || !equalBytes(hasher.leaf(bytes), hash)) {
        throw new EntryFault(
          'opening-wrong',
          index,
          'it is shown with other bytes than were signed',
        )
      }
      checkShown(entry, bytes, index)
      isShown[index] = 1
    }
    const missing = isShown.indexOf(0)
    if (missing >= 0) throw new EntryFault('entry-unshown', missing, 'it is in the log alone')
    return { shown: places.size, others }
  }

  return { add, compare }
}

function unlogged({ id, at }: ShownEntry): EntryFault {
  const detail = `${id} of ${at} is shown, and is not in the log, which has newer ones`
  return new EntryFault('entry-unlogged', undefined, detail)
}
