/**
 * What is done before anybody is served: whatever the list of erasures names is erased in this database too, which may come
 * from a backup that is older, and what the database knows and the list does not is added to it.
 *
 * Without the list nobody can tell what a restored database must not bring back. So where it is missing, and the database
 * knows of erasures or is another than the one that was served last, the service does not start.
 */
import type { Database, Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import { type Erasure, eraseReferral } from './ending.ts'
import { idsIn, linesOf } from './list.ts'
import { keepServedAs, selectErasures, selectServedAs, selectUnerased } from './store.ts'

/** The list, outside the database. */
export type ErasureList = {
  /** Its name, for people. */
  readonly file: string
  /** `undefined` where there is none. */
  readonly read: () => Promise<string | undefined>
  /** Adds lines at its end; they are safe on the disk when this resolves. */
  readonly append: (lines: string) => Promise<void>
}

/** @returns how many were erased again; @throws Error in words where the list is missing and needed */
export async function applyErasures(database: Database, list: ErasureList): Promise<number> {
  const request = newId()
  const asService = <T>(act: (tx: Tx) => Promise<T>) =>
    database.inTransaction({ kind: 'system', request }, act)
  const { here, before, erased } = await asService(async (tx) => {
    return { ...(await selectServedAs(tx)), erased: await selectErasures(tx) }
  })
  const text = await list.read()
  const isOther = before !== null && before !== here
  if (text === undefined && (isOther || erased.length > 0)) throw new Error(missingWords(list.file))
  const listed = idsIn(text ?? '')
  const again = await asService((tx) => selectUnerased(tx, [...listed]))
  for (const id of again) await asService((tx) => eraseReferral(tx, id, 'restored'))
  // Erased by another replica, or by one that died before it wrote.
  const unlisted = erased.filter(({ referralId }) => !listed.has(referralId))
  if (unlisted.length > 0 || text === undefined) await list.append(linesOf(unlisted))
  await asService((tx) => keepServedAs(tx, here))
  return again.length
}

/** @returns what adds erasures to the list (service.ts) */
export function keepOn(list: Pick<ErasureList, 'append'>) {
  return (erasures: readonly Erasure[]) => list.append(linesOf(erasures))
}

const missingWords = (file: string) =>
  `ERASURES_FILE ${file} is not there, and this database was restored, or referrals were erased in it: without the list of ` +
  'erasures it may bring back what was erased. Put the file there that was kept beside the backups (docs/OPERATIONS.md, ' +
  '"Erasures and restoring"); if it is lost, erase again by hand what was erased since the backup, and make an empty file'
