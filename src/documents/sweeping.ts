/**
 * The step that removes uploads which were never finished, and every file that has no row: of an erased referral, or of an
 * upload that was swept. A row goes first and its file follows, so a kill between the two leaves work for the next turn and
 * nothing else.
 *
 * A database that was restored does not know what came after its backup. Those files are kept for a week: the sender of a
 * referral that was lost sends it again, and may have no other copy of what went up with it; and whoever restored the wrong
 * backup restores another. Among them may be those of a referral that was erased in that time, sealed, without a key.
 */
import { appendAll } from '../audit/service.ts'
import type { Database } from '../database/connect.ts'
import { elect, type Step } from '../database/lock.ts'
import { newId } from '../protocol/uuid.ts'
import type { Files } from './files.ts'
import { deleteUnfinished, selectKnown, selectLostTime } from './store.ts'

const system = () => ({ kind: 'system', request: newId() }) as const

/** Long enough for a client on a bad line, and one that starts again tomorrow morning. */
const unfinishedHoursMax = 24
const rowsMax = 100
const filesMax = 1_000
const everyMs = 30_000
/** Shorter than backups keep them. */
const restoredDaysMax = 7

/** @param pauseMs - between two looks at the folder */
export function createSweeping(database: Database, files: Files, pauseMs = everyMs): Step {
  const name = 'sweeping documents'
  let nextAt = 0

  /** @returns whether more may be left */
  async function sweepRows(): Promise<boolean> {
    return database.inTransaction(system(), async (tx) => {
      if (!(await elect(tx, name))) return false
      const removed = await deleteUnfinished(tx, unfinishedHoursMax, rowsMax)
      await appendAll(
        tx,
        removed.map(({ id, referralId }) => {
          const object = { kind: 'referral', id: referralId } as const
          return { action: 'document.removed', object, details: { document: id } }
        }),
      )
      return removed.length === rowsMax
    })
  }

  async function sweepFiles(): Promise<void> {
    const ids = await files.list()
    for (let at = 0; at < ids.length; at += filesMax) {
      const part = ids.slice(at, at + filesMax)
      // Each was in the folder before this asks, and its row was committed before that.
      const known = await database.inTransaction(system(), (tx) => selectKnown(tx, part))
      await removeUnlessLost(part.filter((id) => !known.has(id)))
    }
  }

  async function removeUnlessLost(ids: readonly string[]): Promise<void> {
    // It is read from all documents, and there is seldom a file without a row.
    if (ids.length === 0) return
    const lost = await database.inTransaction(system(), (tx) => selectLostTime(tx, restoredDaysMax))
    for (const id of ids) {
      const at = (await files.changedAt(id)) ?? 0
      const isLost = lost !== undefined && at > lost.from && at < lost.until
      if (!isLost) await files.remove(id)
    }
  }

  return {
    name,
    isUnwoken: true,
    async run() {
      if (Date.now() < nextAt) return false
      const isMore = await sweepRows()
      await sweepFiles()
      nextAt = isMore ? 0 : Date.now() + pauseMs
      return isMore
    },
  }
}
