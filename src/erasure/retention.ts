/**
 * Retention as an operator sees it: the rules, and what would go by them. A rule is set only by the word that stands under the
 * list of what it would erase, and nothing goes by it for a day after that.
 */
import type { Database, Tx } from '../database/connect.ts'
import { takeTurn } from '../database/lock.ts'
import { newId } from '../protocol/uuid.ts'
import { type Due, goes, type RetainedState, type Rule, retainedStates, wordOf } from './due.ts'
import {
  deleteRule,
  insertRule,
  type StoredRule,
  selectDue,
  selectEpoch,
  selectRules,
} from './retentionstore.ts'

/** What retention does, of all replicas one at a time; who sets a rule or takes it away waits for its turn. */
export const retaining = 'retention'

/** A state, its rule, and what goes by it. */
export type Retained = {
  readonly state: RetainedState
  /** The rule that stands; none where nothing of the state is erased. */
  readonly rule?: StoredRule
  /** What is due by it, or by the rule that is looked at, also what is kept. */
  readonly due: readonly Due[]
  /** Sets the rule that is looked at. */
  readonly word?: string
}

/** What an operator is shown. */
export type Retention = { readonly epoch: string; readonly states: readonly Retained[] }

/**
 * Lists what goes today: by each rule that stands, whether or not it has begun, or by `looked` alone, which is not set yet.
 *
 * @param database - as the service itself, because the owner reads no row of anybody
 */
export function showRetention(database: Database, looked?: Rule): Promise<Retention> {
  return database.inTransaction({ kind: 'system', request: newId() }, async (tx) => {
    const [epoch, rules] = [await selectEpoch(tx), await selectRules(tx)]
    const states: Retained[] = []
    for (const state of looked ? [looked.state] : retainedStates) {
      const rule = rules.find((one) => one.state === state)
      const by = looked ?? rule
      const due = by ? await selectDue(tx, by) : []
      const word = looked && wordOf(looked, epoch, due.filter(goes))
      states.push({ state, ...(rule && { rule }), due, ...(word !== undefined && { word }) })
    }
    return { epoch, states }
  })
}

/** Sets a rule whose list was seen: nothing goes by the one before any more. Runs as the owner. @returns when it begins */
export async function setRule(tx: Tx, rule: Rule, epoch: string): Promise<string> {
  await takeTurn(tx, retaining)
  return insertRule(tx, rule, epoch)
}

/** Takes a rule away: once this stands nothing goes by it. Runs as the owner. @returns whether there was one */
export async function endRule(tx: Tx, state: RetainedState): Promise<boolean> {
  await takeTurn(tx, retaining)
  return deleteRule(tx, state)
}
