/**
 * What is done before anybody is served: whatever the list of erasures names is erased in this database too, which may come
 * from a backup that is older, and what the database knows and the list does not is added to it.
 *
 * Without the list nobody can tell what a restored database must not bring back. So where it is missing, and the database
 * knows of erasures or is another than the one that was served last, the service does not start; nor where it is shorter or
 * other than it was left, which its sum beside it says, or is empty beside a database that knows of erasures. A list without a
 * sum is one that a person put there: it is not believed either where a line of it is not to be read.
 */
import type { Database, Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import { type Erasure, eraseReferral } from './ending.ts'
import { idsIn, isAnew, isStrange, isWhole, linesOf, sumOf } from './list.ts'
import { keepServedAs, selectErasures, selectServedAs, selectUnerased } from './store.ts'

/** The list, outside the database. */
export type ErasureList = {
  /** Its name, for people. */
  readonly file: string
  /** `undefined` where there is none. */
  readonly read: () => Promise<string | undefined>
  /** Adds lines at its end; they are safe on the disk when this resolves. */
  readonly append: (lines: string) => Promise<void>
  /** Its sum (list.ts); `undefined` where there is none. */
  readonly readSum: () => Promise<string | undefined>
  /** Whole or not at all, and safe when it resolves. */
  readonly writeSum: (sum: string) => Promise<void>
}

/** @returns how many were erased again; @throws Error in words where the list is needed and missing, cut or emptied */
export async function applyErasures(database: Database, list: ErasureList): Promise<number> {
  const request = newId()
  const asService = <T>(act: (tx: Tx) => Promise<T>) =>
    database.inTransaction({ kind: 'system', request }, act)
  const { here, before, erased } = await asService(async (tx) => {
    return { ...(await selectServedAs(tx)), erased: await selectErasures(tx) }
  })
  const isOther = before !== null && before !== here
  const listed = await readList(list, isOther, erased.length)
  const again = await asService((tx) => selectUnerased(tx, [...listed]))
  for (const id of again) await asService((tx) => eraseReferral(tx, id, 'restored'))
  // Erased by another replica, or by one that died before it wrote.
  const unlisted = erased.filter(({ referralId }) => !listed.has(referralId))
  await list.append(linesOf(unlisted))
  await sumUp(list)
  await asService((tx) => keepServedAs(tx, here))
  return again.length
}

/** What adds erasures to the list, and says in its sum that it did. */
export type Keeping = {
  /** They are safe on the disk when this resolves. */
  readonly add: (erasures: readonly Erasure[]) => Promise<void>
  /**
   * Says in the sum what is there, and for that reads all of it: once for many that were added. Killed before, the list is
   * longer than its sum says, which it may be.
   *
   * @throws Error in words where what the sum says is not there any more: only people can put that right
   */
  readonly sum: () => Promise<void>
}

export function keepOn(list: ErasureList): Keeping {
  return { add: (erasures) => list.append(linesOf(erasures)), sum: () => sumUp(list) }
}

/** Of two replicas that share a list the slower says less than there is, until the next. */
async function sumUp(list: ErasureList): Promise<void> {
  // First the sum: whatever another writes in between, the list only grows.
  const sum = await list.readSum()
  const text = (await list.read()) ?? ''
  if (sum !== undefined && !isWhole(text, sum)) throw new Error(cutWords(list.file))
  await list.writeSum(sumOf(text))
}

/** The ids in the list. @throws Error in words where it cannot be believed */
async function readList(list: ErasureList, isOther: boolean, erased: number) {
  const [text, sum] = await Promise.all([list.read(), list.readSum()])
  if (text === undefined && (isOther || erased > 0)) throw new Error(missingWords(list.file))
  if (sum !== undefined && !isWhole(text ?? '', sum)) throw new Error(cutWords(list.file))
  if (sum === undefined && isStrange(text ?? '')) throw new Error(strangeWords(list.file))
  const listed = idsIn(text ?? '')
  const isEmpty = listed.size === 0 && sum === undefined && !isAnew(text ?? '')
  if (text !== undefined && isEmpty && erased > 0) throw new Error(emptyWords(list.file, erased))
  return listed
}

const lostWords =
  'if it is lost, erase again by hand what was erased since the backup, and make a file of the line "begun anew"'

const missingWords = (file: string) =>
  `ERASURES_FILE ${file} is not there, and this database was restored, or referrals were erased in it: without the list of ` +
  'erasures it may bring back what was erased. Put the file there that was kept beside the backups (docs/OPERATIONS.md, ' +
  '"Erasures and restoring"); ' +
  lostWords

const cutWords = (file: string) =>
  `ERASURES_FILE ${file} does not hold any more what was written to it (${file}.sum): it was cut, emptied or changed. Put the ` +
  'newest copy of it there; if you joined several lists yourself, remove the sum beside it; ' +
  lostWords

const strangeWords = (file: string) =>
  `ERASURES_FILE ${file} has a line that is not one of a list of erasures: the file is another, or was written in another ` +
  'encoding than UTF-8, and what it names cannot be read. Put the list there as it was kept'

const emptyWords = (file: string, erased: number) =>
  `ERASURES_FILE ${file} names no erasure, and ${erased} referrals were erased in this database: it is another file, or was ` +
  `emptied. Put the newest copy of it there; ${lostWords}`
