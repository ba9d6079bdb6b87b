/**
 * Ids that count once, whichever replicas they are sent to: of client assertions, of DPoP proofs, of
 * challenges. Only their hashes are kept, and no longer than the ids themselves would be accepted.
 */
import { label, utf8 } from '../protocol/bytes.ts'
import { hash } from '../protocol/sodium.ts'
import { newId } from '../protocol/uuid.ts'
import type { Database, Tx } from './connect.ts'
import { isAway } from './lost.ts'

/** What an id is of: the same text spent as one kind is unspent as another. */
export type SpentKind = 'assertion' | 'token proof' | 'proof' | 'challenge'

/**
 * Spends an id, if nobody has. It counts from the commit on; of two transactions at once the second waits
 * for the first, and spends only if that is undone.
 *
 * @param until - when the id would not be accepted any more; at most a day from now
 * @returns whether it was unspent
 */
export async function spend(tx: Tx, kind: SpentKind, id: string, until: Date): Promise<boolean> {
  // Names no target of the conflict: a partner's role writes here, and reads nothing.
  const { count } = await tx.sql`
    insert into spent_id (kind, hash, expires_at)
    values (${kind}, ${hash(label('spent'), utf8(id))}, ${until.toISOString()})
    on conflict do nothing`
  return count === 1
}

/**
 * The same in one turn to the database, before a request is served. Where that is cut short it is tried
 * once more: an id that was spent all the same then counts as spent before, and its sender makes another.
 */
export async function spendAtOnce(
  database: Database,
  kind: SpentKind,
  id: string,
  until: Date,
): Promise<boolean> {
  const hex = Buffer.from(hash(label('spent'), utf8(id))).toString('hex')
  try {
    const count = await database.atOnce(
      `insert into spent_id (kind, hash, expires_at)
       values ('${kind}', '\\x${hex}', '${until.toISOString()}') on conflict do nothing returning 1`,
    )
    return count === 1
  } catch (error) {
    if (!isAway(error)) throw error
    const caller = { kind: 'system', request: newId() } as const
    return database.inTransaction(caller, (tx) => spend(tx, kind, id, until))
  }
}

/** A replica's clock says how long an id is accepted, the database's when it is forgotten. */
const keptMinutes = 5

/** Forgets at most `max` ids that expired a while ago; returns how many there were. */
export async function forgetExpired(tx: Tx, max: number): Promise<number> {
  const { count } = await tx.sql`
    delete from spent_id where ctid = any (array(
      select ctid from spent_id where expires_at < now() - make_interval(mins => ${keptMinutes})
      order by expires_at limit ${max}))`
  return count
}
