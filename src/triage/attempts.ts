/** Who held an item, and how each lease ended: an item at which one after the other fails is seen, and not guessed. */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { type Attempts, attemptsMax } from './attemptsschemas.ts'
import { itemEntry } from './completion.ts'
import { itemOf } from './naming.ts'
import { selectAttempts, selectCaseOfItem } from './store/attempts.ts'

/** The attempts at the case of an item, open or completed: also at what was merged with it. @throws Refusal `not-found` */
export async function attempts(tx: Tx, name: string): Promise<Static<typeof Attempts>> {
  const itemId = await itemOf(tx, name)
  const caseId = await selectCaseOfItem(tx, itemId)
  if (caseId === undefined) throw new Refusal('not-found', 'there is no item of that id')
  const rows = await selectAttempts(tx, caseId, attemptsMax)
  await append(tx, itemEntry('triage.traced', itemId, { details: { attempts: rows.length } }))
  return {
    attempts: rows.map(({ to, ending, ...row }) => {
      return { ...row, ...(to !== null && { to }), ...(ending !== null && { ending }) }
    }),
  }
}
