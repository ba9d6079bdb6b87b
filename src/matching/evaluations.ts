/**
 * Blinded elements in, evaluated elements out. The service sees neither a name nor a value, and its
 * answer depends on nothing that is known about anybody.
 *
 *     checked     elements and epoch; what is refused here is counted nowhere
 *     charged     the client's budget and the entry of the log, in one transaction
 *     evaluated   by every holder of the epoch, each of which counts for itself
 *     answered
 *
 * A crash after the charge has counted too much: the budget is new the next day, and the entry names
 * an evaluation that reached nobody. It is never the other way round.
 */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import { matchingEpoch } from '../directory/service.ts'
import { type ErrorCode, Refusal } from '../errors.ts'
import { chargeBudget, giveBack } from './budget-store.ts'
import { readElements } from './elements.ts'
import { type Keyholders, NotEvaluated, totalSpent } from './keyholders.ts'
import type { EvaluationAnswers } from './schemas.ts'

/** Told of what was evaluated, in elements, and of what was not, by its code. */
export type EvaluationListener = {
  onEvaluated(elements: number): void
  onRefused(reason: ErrorCode): void
}

/** How many elements a day one client may have evaluated; any number, where it is left out. */
export type Budgets = {
  readonly elementsPerClient?: number
  /** It works for everybody who cannot ask, and leaves partners some of the total. */
  readonly elementsPerInternalClient?: number
}

type Options = {
  database: Database
  holders: Keyholders
  budgets: Budgets
  listener: EvaluationListener
}

export function createEvaluations(options: Options) {
  const { database, holders, budgets, listener } = options

  /** The budget is spent and the entry committed when this returns, and only then. */
  function charge(caller: KnownCaller, epoch: number, elements: number) {
    return database.inTransaction(caller, async (tx) => {
      const parameters = await matchingEpoch(tx, epoch)
      if (!parameters) {
        const detail = 'epoch is none of the newest keyset, nor of one that is still accepted'
        throw new Refusal('unknown-matching-epoch', detail)
      }
      const { elementsPerClient, elementsPerInternalClient } = budgets
      const budget = caller.kind === 'partner' ? elementsPerClient : elementsPerInternalClient
      const day = await chargeBudget(tx, caller.clientId, elements, budget)
      if (day === undefined) {
        throw totalSpent(tx.now, `your client may have ${budget} elements a day`)
      }
      await append(tx, {
        action: 'matching.evaluated',
        details: { epoch, elements },
      })
      return { keys: parameters.holders, day }
    })
  }

  async function charged(caller: KnownCaller, epoch: number, elements: readonly string[]) {
    readElements(elements)
    const { keys, day } = await charge(caller, epoch, elements.length)
    try {
      return await holders.evaluate(keys, elements)
    } catch (error) {
      // A holder that is down must not cost a client the rest of its day.
      if (error instanceof NotEvaluated && !error.counted) {
        await database.inTransaction(caller, (tx) =>
          giveBack(tx, caller.clientId, day, elements.length),
        )
      }
      throw error
    }
  }

  /**
   * The evaluation of 1 to 40 elements by the holders of one epoch.
   *
   * @throws Refusal `batch-mismatch`, `element-invalid`, `unknown-matching-epoch`,
   *   `matching-budget-spent`, `matching-unavailable`
   */
  async function evaluate(
    caller: KnownCaller,
    epoch: number,
    elements: readonly string[],
  ): Promise<Static<typeof EvaluationAnswers>> {
    try {
      const answers = await charged(caller, epoch, elements)
      listener.onEvaluated(elements.length)
      return { epoch, answers }
    } catch (error) {
      if (error instanceof Refusal) listener.onRefused(error.code)
      throw error
    }
  }

  return { evaluate }
}
