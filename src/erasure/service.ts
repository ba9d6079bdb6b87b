/**
 * The end of a referral. Erasing goes through three hands: the transaction (ending.ts), the list of erasures outside the
 * database, and only then the answer; whatever is answered is on that list, so that a restored backup cannot bring it back.
 */
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { casesLock, takeTurn } from '../database/lock.ts'
import { type PageQuery, page } from '../database/page.ts'
import { Refusal } from '../errors.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import { newId } from '../protocol/uuid.ts'
import type { HoldReason } from '../referral/codes/hold.ts'
import { requireId, resolveLists, stateOf } from '../vault/service.ts'
import { type Erasure, eraseReferral } from './ending.ts'
import type { Keeping } from './restoring.ts'
import type { Erased, Holds } from './schemas.ts'
import { deleteHold, insertHold, selectHolds } from './store.ts'

/** What erasing needs beside its transaction. */
export type ErasureOptions = Keeping & {
  /** For how many days backups hold what was erased. */
  readonly backupDays: number
}

/** For so many days backups hold what was erased, if nobody says otherwise. */
export const backupDaysUsual = 35

const dayMs = 86_400_000

/** The doors. Whatever is answered as erased is on the list that outlives the database: an erasure that is not is repeated. */
export function createErasures(database: Database, { add, sum, backupDays }: ErasureOptions) {
  return {
    async erase(caller: KnownCaller, name: string): Promise<Erased> {
      const erased = await database.inTransaction(caller, (tx) => erase(tx, name))
      // A crash before this leaves it erased and not answered; the next start finds it in the database, and keeps it.
      await add([erased])
      await sum()
      return present(erased, backupDays)
    },
    placeHold: (caller: KnownCaller, name: string, reason: HoldReason) =>
      database.inTransaction(caller, (tx: Tx<KnownCaller>) => placeHold(tx, name, reason)),
    liftHold: (caller: KnownCaller, name: string) =>
      database.inTransaction(caller, (tx: Tx<KnownCaller>) => liftHold(tx, name)),
    listHolds: (caller: KnownCaller, query: PageQuery) =>
      database.inTransaction(caller, (tx) => listHolds(tx, query)),
  }
}

/** Erases a referral on a person's word. @throws Refusal `not-found`, `erasure-refused` */
async function erase(tx: Tx<KnownCaller>, name: string): Promise<Erasure> {
  const [[id = name] = []] = await resolveLists(tx, [[name]])
  // A reference that is nobody's.
  const erased = isReferenceForm(id) ? undefined : await eraseReferral(tx, id, 'person')
  if (!erased) throw new Refusal('not-found', `there is no referral ${id}`)
  const { isNew, ...erasure } = erased
  if (!isNew) {
    const object = { kind: 'referral', id } as const
    await append(tx, { action: 'referral.erased', object, details: { repeated: true } })
  }
  return erasure
}

/** What whoever erased is told. @param backupDays - as in `ErasureOptions` */
function present(erasure: Erasure, backupDays: number): Erased {
  const forgotten = new Date(Date.parse(erasure.erasedAt) + backupDays * dayMs)
  return { ...erasure, backupsForgetOn: forgotten.toISOString().slice(0, 10) }
}

/** Puts a referral under a legal hold, or changes why. @throws Refusal `not-found`, `erased` */
async function placeHold(tx: Tx<KnownCaller>, name: string, reason: HoldReason): Promise<void> {
  const id = await requireStored(tx, name)
  const entryId = newId()
  const isNew = await insertHold(tx, { id, reason, entryId })
  const object = { kind: 'referral', id } as const
  const details = { reason, ...(!isNew && { repeated: true }) }
  await append(tx, { action: 'hold.placed', object, details }, entryId)
}

/** Lifts it. @throws Refusal `not-found`, `erased` */
async function liftHold(tx: Tx<KnownCaller>, name: string): Promise<void> {
  const id = await requireStored(tx, name)
  const was = await deleteHold(tx, id)
  const object = { kind: 'referral', id } as const
  await append(tx, { action: 'hold.lifted', object, ...(!was && { details: { repeated: true } }) })
}

/** What is held, of everybody's: the oldest hold first. */
async function listHolds(tx: Tx, query: PageQuery): Promise<Holds> {
  const { rows, ...rest } = await page(
    query,
    (after, count) => selectHolds(tx, after, count),
    ({ placedAt, referralId }) => ({ at: placedAt, id: referralId }),
  )
  await append(tx, { action: 'hold.listed', details: { holds: rows.length } })
  return { holds: rows, ...rest }
}

/** Whoever erases meanwhile is done before, or finds the hold. */
async function requireStored(tx: Tx, name: string): Promise<string> {
  await takeTurn(tx, casesLock)
  const id = await requireId(tx, name)
  if ((await stateOf(tx, id)) === undefined) {
    throw new Refusal('not-found', `there is no referral ${id}`)
  }
  return id
}
