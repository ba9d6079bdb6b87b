/**
 * What the access log says of refused and failed acts, and of acts that only repeat: an entry each,
 * until there are so many that they are summed (docs/decisions/0004): a repetition that changes nothing,
 * and a refusal, past 60 in a minute, and each of both of a caller whom no token has named. Those are
 * answered before their sum is written, and a replica that is killed loses the sums of at most 75 seconds,
 * or of longer if the database was away.
 */
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { ErrorCode } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import type { Act } from './entry.ts'
import { append } from './service.ts'
import { createTally, type Sum } from './tally.ts'

/**
 * Past this many a minute the refusals of one known caller are summed, and so are its repetitions of
 * one act.
 */
const alonePerMinute = 60

/**
 * Past this many that are counted in a minute, the repetitions of callers whom no token has named are summed
 * without what they repeat.
 */
const namedPerMinute = 1_000

/** Who is refused because the database does not answer need not wait as long again for the entry. */
const refusalMsMax = 2_000

export type Refused = Act & {
  readonly outcome: 'refused' | 'failed'
  readonly reason: ErrorCode | 'internal-error'
}

type Counted = { readonly caller: Caller; readonly act: Act }

/**
 * Counts for this process, and writes what it counted; the service has one.
 *
 * @param onRefused - told of each refusal and failure, summed or not
 */
export function createSums(
  database: Database,
  onRefused: (reason: Refused['reason']) => void = () => {},
) {
  const refusals = createTally<Counted>(
    ({ caller, act }) => `${clientOf(caller)} ${act.action} ${act.reason}`,
    ({ caller }) => clientOf(caller),
  )
  const repetitions = createTally<Counted>(repeatedOf, repeatedOf)

  /**
   * Adds the entry of an act that only says again what was said to its caller before, or counts it
   * where entries are summed: such an act changes nothing and shows nothing new.
   */
  async function appendRepetition(tx: Tx, act: Act): Promise<void> {
    const { caller } = tx
    const { object: _, ...unnamed } = act
    const named = 'clientId' in caller || repetitions.size() < namedPerMinute
    const counted = { caller, act: named ? act : unnamed }
    if (repetitions.count(counted, aloneOf(caller), new Date())) return
    await append(tx, act)
  }

  /** Records what was refused or failed, or counts it where entries are summed. */
  async function recordRefusal(caller: Caller, refused: Refused): Promise<void> {
    onRefused(refused.reason)
    if (refusals.count({ caller, act: refused }, aloneOf(caller), new Date())) return
    await database.inTransaction(caller, (tx) => append(tx, refused), {
      deadlineMs: refusalMsMax,
    })
  }

  /** The same of a part of what `tx` does, whose other parts stand: the entry goes with them. */
  async function appendRefusal(tx: Tx, refused: Refused): Promise<void> {
    onRefused(refused.reason)
    if (refusals.count({ caller: tx.caller, act: refused }, aloneOf(tx.caller), new Date())) return
    await append(tx, refused)
  }

  /** Writes the sums of the minutes that are over; of the running one too, at the very end. */
  async function recordSums(now?: Date): Promise<void> {
    for (const tally of [refusals, repetitions]) {
      const sums = tally.take(now)
      for (const [index, sum] of sums.entries()) {
        await recordSum(sum).catch((error: unknown) => {
          tally.giveBack(sums.slice(index))
          throw error
        })
      }
    }
  }

  function recordSum({ key, count, minute }: Sum<Counted>): Promise<void> {
    // One sum may be of many requests and of several people of one client: it names none of them, and
    // the object only where all were of that one.
    const { object, ...act } = key.act
    const caller = { ...key.caller, request: newId() }
    if ('person' in caller) delete caller.person
    const details = { ...act.details, count, minute: minute.toISOString() }
    const summed = { ...act, ...(!act.reason && object && { object }), details }
    return database.inTransaction(caller, (tx) => append(tx, summed))
  }

  return { appendRepetition, appendRefusal, recordRefusal, recordSums }
}

/** Anybody can come without a token, and as often as he likes. */
function aloneOf(caller: Caller): number {
  return 'clientId' in caller ? alonePerMinute : 0
}

function clientOf(caller: Caller): string {
  return 'clientId' in caller ? caller.clientId : ''
}

/** Repetitions are counted by what they repeat. */
function repeatedOf({ caller, act }: Counted): string {
  return `${clientOf(caller)} ${act.action} ${act.object?.id}`
}
