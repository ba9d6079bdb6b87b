/**
 * Ids that count once, whichever replicas they are sent to: of client assertions, of DPoP proofs, of
 * challenges. Only their hashes are kept, and no longer than the ids themselves would be accepted.
 */
import { label, utf8 } from '../protocol/bytes.ts'
import { hash } from '../protocol/sodium.ts'
import type { Tx } from './connect.ts'

/** What an id is of: the same text spent as one kind is unspent as another. */
export type SpentKind = 'assertion' | 'proof' | 'challenge'

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

/** Forgets at most `max` ids that have expired; returns how many there were. */
export async function forgetExpired(tx: Tx, max: number): Promise<number> {
  const { count } = await tx.sql`
    delete from spent_id where ctid = any (array(
      select ctid from spent_id where expires_at < now() order by expires_at limit ${max}))`
  return count
}
