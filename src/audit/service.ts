/**
 * The access log. An act and its entry share a transaction; a refused or failed act is undone
 * first and its entry then commits by itself, before the answer. After a crash the log may name an
 * access that reached nobody, never the other way round.
 *
 * Except for what is summed (docs/decisions/0004): a repetition that changes nothing, and a refusal, past 60
 * in a minute, and each refusal of a caller whom no token has named. Those are answered before their sum is
 * written, and a replica that is killed loses the sums of at most 75 seconds, or of longer if the database
 * was away.
 */
import type { Static } from 'typebox'
import type { Caller, KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { readCursor, writeCursor } from '../database/cursor.ts'
import type { ErrorCode } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import { newId } from '../protocol/uuid.ts'
import {
  type Act,
  type Action,
  commitmentsOf,
  type Opening,
  type Outcome,
  writeEntry,
} from './entry.ts'
import type { EntriesPage } from './schemas.ts'
import { countEntries, type Filter, insertEntries, selectEntries } from './store.ts'
import { createTally, type Sum } from './tally.ts'

/**
 * Past this many a minute the refusals of one known caller are summed, and so are its repetitions of
 * one act.
 */
const alonePerMinute = 60

/** Who is refused because the database does not answer need not wait as long again for the entry. */
const refusalMsMax = 2_000

export type Refused = Act & {
  readonly outcome: 'refused' | 'failed'
  readonly reason: ErrorCode | 'internal-error'
}

type Counted = { readonly caller: Caller; readonly act: Act }

export type Audit = ReturnType<typeof createAudit>

export function createAudit({ database }: { database: Database }) {
  const refusals = createTally<Counted>(
    ({ caller, act }) => `${clientOf(caller)} ${act.action} ${act.reason}`,
    ({ caller }) => clientOf(caller),
  )
  const repetitions = createTally<Counted>(repeatedOf, repeatedOf)

  /** Adds the entry of `act` to the transaction that does it. */
  function append(tx: Tx, caller: Caller, act: Act, id = newId()): Promise<void> {
    return insertEntries(tx, [writeEntry(caller, act, id, tx.now)])
  }

  /** The same for several acts of one transaction, in as many statements as one. */
  function appendAll(tx: Tx, caller: Caller, acts: readonly Act[]): Promise<void> {
    return insertEntries(
      tx,
      acts.map((act) => writeEntry(caller, act, newId(), tx.now)),
    )
  }

  /**
   * Adds the entry of an act that only says again what was said to its caller before, or counts it
   * where entries are summed: such an act changes nothing and shows nothing new.
   */
  async function appendRepetition(tx: Tx, caller: KnownCaller, act: Act): Promise<void> {
    if (repetitions.count({ caller, act }, alonePerMinute, new Date())) return
    await append(tx, caller, act)
  }

  /** Records what was refused or failed, or counts it where entries are summed. */
  async function recordRefusal(caller: Caller, refused: Refused): Promise<void> {
    const alone = 'clientId' in caller ? alonePerMinute : 0
    if (refusals.count({ caller, act: refused }, alone, new Date())) return
    await database.inTransaction(caller, (tx) => append(tx, caller, refused), {
      deadlineMs: refusalMsMax,
    })
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
    return database.inTransaction(caller, (tx) => append(tx, caller, summed))
  }

  /** A page of entries, newest first. The reading is itself an entry, committed before the answer. */
  function list(
    caller: KnownCaller,
    query: Omit<Filter, 'before'> & { cursor?: string },
    limit: number,
  ): Promise<Static<typeof EntriesPage>> {
    const { cursor, ...rest } = query
    const filter = cursor === undefined ? rest : { ...rest, before: readCursor(cursor) }
    return database.inTransaction(caller, async (tx) => {
      const rows = await selectEntries(tx, filter, limit + 1)
      const page = rows.slice(0, limit)
      const details = { entries: page.length, filters: Object.keys(query).sort().join(' ') }
      await append(tx, caller, { action: 'audit.searched', details })
      const last = rows.length > limit ? page.at(-1) : undefined
      return { entries: page.map(present), ...(last && { next: writeCursor(last.entry) }) }
    })
  }

  /** How many acts of this kind the caller's client was permitted within the last seconds. */
  function countOwn(tx: Tx, { clientId }: KnownCaller, action: Action, seconds: number) {
    const since = new Date(tx.now.getTime() - seconds * 1000)
    return countEntries(tx, clientId, action, since)
  }

  return { append, appendAll, appendRepetition, countOwn, recordRefusal, recordSums, list }
}

function clientOf(caller: Caller): string {
  return 'clientId' in caller ? caller.clientId : ''
}

/** Repetitions are counted by what they repeat. */
function repeatedOf({ caller, act }: Counted): string {
  return `${clientOf(caller)} ${act.action} ${act.object?.id}`
}

type Row = Awaited<ReturnType<typeof selectEntries>>[number]

function present({ entry, opening: row }: Row) {
  const opening = openingOf(row)
  const { actorSalt, detailsSalt } = opening
  const { v: _, actor, details, ...shown } = readLeaf(entry)
  return {
    ...shown,
    opening: {
      ...(opening.actor && { actor: opening.actor }),
      ...(opening.details && { details: opening.details }),
      ...(actorSalt && { actorSalt: encodeBase64url(actorSalt) }),
      ...(detailsSalt && { detailsSalt: encodeBase64url(detailsSalt) }),
    },
    leaf: encodeBase64url(entry.leaf),
    intact: isIntact(entry, { actor, details }, opening),
  }
}

type Leaf = {
  readonly v?: 1
  readonly id: string
  readonly at: string
  readonly action: string
  readonly outcome: Outcome
  readonly reason?: string
  readonly object?: { kind: string; id: string; digest?: string }
  readonly caller: string
  readonly recipient?: string
  readonly request: string
  readonly actor?: string
  readonly details?: string
}

/** What the leaf says; of one that was spoilt, what stands beside it, so that the page is shown. */
function readLeaf({ id, at, action, outcome, leaf }: Row['entry']): Leaf {
  const said = readCanonical(leaf)
  if (isLeaf(said)) return said
  return { id, at: at.toISOString(), action, outcome, caller: 'unreadable', request: '' }
}

function readCanonical(bytes: Uint8Array): unknown {
  try {
    return parseCanonical(bytes)
  } catch {
    return undefined
  }
}

function isLeaf(value: unknown): value is Leaf {
  if (typeof value !== 'object' || value === null) return false
  const { object = { kind: '', id: '' }, ...rest } = value as Partial<Leaf>
  const { id, at, action, outcome, caller, request } = rest
  const required = [id, at, action, outcome, caller, request, object?.kind, object?.id]
  return required.every((member) => typeof member === 'string')
}

/** Recomputed on every read, so that a changed row shows at once and not only to a verifier. */
function isIntact(
  entry: Row['entry'],
  committed: { actor: string | undefined; details: string | undefined },
  opening: Opening,
): boolean {
  const leaf = readCanonical(entry.leaf)
  if (!isLeaf(leaf)) return false
  const recomputed = commitmentsOf(opening)
  return (
    leaf.id === entry.id &&
    leaf.at === entry.at.toISOString() &&
    leaf.action === entry.action &&
    leaf.outcome === entry.outcome &&
    (leaf.object?.id ?? null) === entry.objectId &&
    // An emptied opening is retention's doing; a wrong one is not.
    (!opening.actor || recomputed.actor === committed.actor) &&
    (!opening.details || recomputed.details === committed.details)
  )
}

function openingOf(row: Row['opening']): Opening {
  const { clientId, organisationId, person, actorSalt, details, detailsSalt } = row
  return {
    ...(clientId &&
      organisationId &&
      actorSalt && {
        actor: { client: clientId, organisation: organisationId, ...(person && { person }) },
        actorSalt,
      }),
    ...(details && detailsSalt
      ? { details: details as NonNullable<Act['details']>, detailsSalt }
      : {}),
  }
}
