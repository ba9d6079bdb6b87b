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
import type { Audit } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import type { Directory } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import { readElements } from './elements.ts'
import { type KeyHolders, NotEvaluated, totalSpent } from './holders.ts'
import type { EvaluationAnswers } from './schemas.ts'
import { chargeBudget, giveBack } from './store.ts'

export type Evaluations = ReturnType<typeof createEvaluations>

type Options = {
  database: Database
  audit: Audit
  directory: Directory
  holders: KeyHolders
  /** How many elements a day one client of a partner may have evaluated; `undefined`: any number. */
  elementsPerClient: number | undefined
}

export function createEvaluations(options: Options) {
  const { database, audit, directory, holders, elementsPerClient } = options

  /** The budget is spent and the entry committed when this returns, and only then. */
  function charge(caller: KnownCaller, epoch: number, elements: number) {
    return database.inTransaction(caller, async (tx) => {
      const parameters = await directory.matchingEpoch(tx, epoch)
      if (!parameters) {
        const detail = 'epoch is none of the newest keyset, nor of one that is still accepted'
        throw new Refusal('unknown-matching-epoch', detail)
      }
      // Internal apps work for everybody who cannot ask: only the holder's total bounds them.
      const budget = caller.kind === 'partner' ? elementsPerClient : undefined
      const day = await chargeBudget(tx, caller.clientId, elements, budget)
      if (day === undefined) {
        throw totalSpent(tx.now, `your client may have ${elementsPerClient} elements a day`)
      }
      await audit.append(tx, caller, {
        action: 'matching.evaluated',
        details: { epoch, elements },
      })
      return { keys: parameters.holders, day }
    })
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
    readElements(elements)
    const { keys, day } = await charge(caller, epoch, elements.length)
    try {
      return { epoch, answers: await holders.evaluate(keys, elements) }
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

  return { evaluate }
}
