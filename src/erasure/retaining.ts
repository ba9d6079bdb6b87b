/**
 * The step that erases what a rule of retention says, through the same act as a person who erases: one referral a transaction,
 * each with its entry, and then the list that outlives the database. A crash leaves what is not erased to the next turn, and
 * what is erased and not listed to the next start, which adds it.
 */
import type { Database, Tx } from '../database/connect.ts'
import { elect, type Step } from '../database/lock.ts'
import { isAway } from '../database/lost.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import { type Erasure, eraseReferral } from './ending.ts'
import type { Keeping } from './restoring.ts'
import { retaining } from './retention.ts'
import { goesBy, type StoredRule, selectGoing, selectRules } from './retentionstore.ts'

export type RetainingOptions = Keeping & {
  /** Told of one that could not be erased: it is tried again at the next walk, and holds up no other. */
  readonly onError: (error: unknown) => void
  /** Told each hour of rules that were set in the database which this one was restored from. */
  readonly onIdle: () => void
}

/** Found at once, and erased in one turn: a turn that does not end for ten minutes is told as a fault (alerts.yaml). */
const walkMax = 1_000
/** Erased in one batch. A replica that stops waits for all of it, people who work on cases for one erasure at most. */
const batchMax = 10
/** What is due changes at midnight, and by what people do. */
const restMs = 60_000
/** An alert counts how often it is told: of what was told once, before anybody looked, there is nothing to count. */
const idleMs = 3_600_000

export function createRetaining(
  database: Database,
  { add, sum, onError, onIdle }: RetainingOptions,
): Step {
  /** Ids that were due when they were found. */
  let walk: string[] = []
  let unlisted: readonly Erasure[] = []
  let isSummed = true
  let idleTold = new Date(0)
  const inTransaction = <T>(act: (tx: Tx) => Promise<T>) =>
    database.inTransaction({ kind: 'system', request: newId() }, act)

  /** Nothing more is erased while the list cannot be written. */
  async function list(erasures: readonly Erasure[]): Promise<void> {
    unlisted = erasures
    if (unlisted.length === 0) return
    await add(unlisted)
    unlisted = []
    isSummed = false
  }

  /** Once a batch, because it reads the whole list. */
  async function sumUp(): Promise<void> {
    if (!isSummed) await sum()
    isSummed = true
  }

  async function find(): Promise<void> {
    const found = await inTransaction(findGoing)
    walk = found.walk
    const now = new Date()
    if (!found.isIdle) idleTold = new Date(0)
    else if (now.getTime() - idleTold.getTime() >= idleMs) {
      idleTold = now
      onIdle()
    }
  }

  /** Erases one, if it is still to go. @returns what is to be listed; `undefined` if it is another replica's turn */
  async function erase(id: string): Promise<readonly Erasure[] | undefined> {
    try {
      return await inTransaction((tx) => eraseDue(tx, id))
    } catch (error) {
      if (isAway(error)) {
        // It may stand. Whoever asks again, after the others, finds it erased, and lists it.
        walk = [...walk.filter((other) => other !== id), id]
        throw error
      }
      // What was reopened, held or amended since, or has no rule any more, is refused.
      if (!(error instanceof Refusal)) onError(error)
      return []
    }
  }

  return {
    name: retaining,
    restMs,
    async run() {
      await list(unlisted)
      // Of a batch that was broken off.
      await sumUp()
      if (walk.length === 0) await find()
      let isElected = true
      for (const id of walk.slice(0, batchMax)) {
        const erased = await erase(id)
        isElected = erased !== undefined
        if (!erased) break
        walk = walk.slice(1)
        await list(erased)
      }
      await sumUp()
      return isElected && walk.length > 0
    },
  }
}

async function findGoing(tx: Tx): Promise<{ readonly walk: string[]; readonly isIdle: boolean }> {
  const rules = await selectRules(tx)
  const walk: string[] = []
  for (const rule of rules.filter(isInForce)) {
    walk.push(...(await selectGoing(tx, rule, walkMax - walk.length)))
  }
  return { walk, isIdle: rules.some(({ isOfHere }) => !isOfHere) }
}

/** @throws Refusal `erasure-refused` where no rule says it any more, or something keeps it */
async function eraseDue(tx: Tx, id: string): Promise<readonly Erasure[] | undefined> {
  if (!(await elect(tx, retaining))) return undefined
  const erased = await eraseReferral(tx, id, 'retention', async () => {
    for (const { state, days, ...rule } of await selectRules(tx)) {
      if (isInForce(rule) && (await goesBy(tx, { state, days }, id))) return { days }
    }
    throw new Refusal('erasure-refused', 'no rule of retention says so')
  })
  return erased ? [erased] : []
}

function isInForce({ hasBegun, isOfHere }: Pick<StoredRule, 'hasBegun' | 'isOfHere'>): boolean {
  return hasBegun && isOfHere
}
