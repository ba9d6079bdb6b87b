/**
 * Ids that count once, whichever replicas they are sent to: of client assertions, of DPoP proofs, of
 * challenges. Only their hashes are kept, and no longer than the ids themselves would be accepted.
 */
import { label, utf8 } from '../protocol/bytes.ts'
import { hash } from '../protocol/sodium.ts'
import { newId } from '../protocol/uuid.ts'
import type { Database, Tx } from './connect.ts'

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

/** So many are spent by one statement; more would be a long text. */
const togetherMax = 100

type Asked = {
  readonly kind: SpentKind
  readonly hex: string
  readonly until: Date
  readonly resolve: (isFirst: boolean) => void
  readonly reject: (error: unknown) => void
}

/** Those that wait for the statement before theirs. */
type Line = { readonly waiting: Asked[]; isBusy: boolean }

const lines = new WeakMap<Database, Line>()

/**
 * The same in one turn to the database, before a request is served. Those that come while it is away on that turn are
 * spent together by the next, with one commit: under load it is proofs that would be committed most. Where the turn is
 * cut short each is tried once more by itself: an id that was spent all the same then counts as spent before, and its
 * sender makes another.
 */
export async function spendAtOnce(
  database: Database,
  kind: SpentKind,
  id: string,
  until: Date,
): Promise<boolean> {
  const hex = Buffer.from(hash(label('spent'), utf8(id))).toString('hex')
  const line = lines.get(database) ?? { waiting: [], isBusy: false }
  lines.set(database, line)
  try {
    return await new Promise<boolean>((resolve, reject) => {
      line.waiting.push({ kind, hex, until, resolve, reject })
      if (!line.isBusy) void spendWaiting(database, line)
    })
  } catch {
    const caller = { kind: 'system', request: newId() } as const
    return database.inTransaction(caller, (tx) => spend(tx, kind, id, until))
  }
}

/** Spends those that wait, and those that come meanwhile. What fails a statement fails it for all in the line. */
async function spendWaiting(database: Database, line: Line): Promise<void> {
  line.isBusy = true
  while (line.waiting.length > 0) {
    const asked = line.waiting.splice(0, togetherMax)
    try {
      const firsts = await spendTogether(database, asked)
      // Of one that was sent twice at once the first to come has it.
      for (const { kind, hex, resolve } of asked) resolve(firsts.delete(`${kind} ${hex}`))
    } catch (error) {
      for (const { reject } of [...asked, ...line.waiting.splice(0)]) reject(error)
    }
  }
  line.isBusy = false
}

/** @returns those that were unspent, by kind and hash */
async function spendTogether(database: Database, asked: readonly Asked[]): Promise<Set<string>> {
  // In one order everywhere, so that of two replicas with the same ids one waits and none is undone.
  const rows = asked
    .map(({ kind, hex, until }) => `('${kind}', '\\x${hex}', '${until.toISOString()}')`)
    .sort()
  const spent = await database.atOnce(
    `insert into spent_id (kind, hash, expires_at) values ${rows.join(', ')}
     on conflict do nothing returning kind || ' ' || encode(hash, 'hex') as name`,
  )
  return new Set(spent.map(({ name }) => name))
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
