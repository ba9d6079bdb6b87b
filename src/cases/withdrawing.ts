/** Taking back what match keys said of a referral, where they no longer say it. */
import { append } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { compare } from '../matching/service.ts'
import { newId } from '../protocol/uuid.ts'
import { bitsText, type Judgement, otherOf } from './judgement.ts'
import { splitUnconnected } from './split.ts'
import {
  endJudgements,
  insertJudgement,
  type NewJudgement,
  selectCurrent,
} from './store/judgements.ts'
import { selectCasesOf } from './store/members.ts'
import { queueAgain } from './store/waiting.ts'

/** Takes back what no longer holds, and renews the grounds of what does on others. */
export async function withdraw(tx: Tx, id: string): Promise<void> {
  const said = (await selectCurrent(tx, [id])).filter(({ basis }) => basis === 'keys')
  if (said.length === 0) return
  const now = await compare(
    tx,
    id,
    said.map((judgement) => otherOf(judgement, id)),
  )
  const over: Judgement[] = []
  const changed: NewJudgement[] = []
  const entryId = newId()
  for (const judgement of said) {
    const found = now.get(otherOf(judgement, id))
    // Where nothing can be compared any more, what was found when it could stands.
    if (found === undefined) continue
    const { verdict, basis, leftId, rightId } = judgement
    const grounds = verdict === 'same' ? found.sure : found.odds
    const { probability, bits } = grounds ?? { probability: null, bits: [] }
    // What is asked stays asked where keys by now say more: the case that they say it of may be full.
    const fits = verdict === 'same' ? found.verdict === 'match' : found.verdict !== 'none'
    if (!fits) over.push(judgement)
    else if (bitsText(bits) !== bitsText(judgement.bits)) {
      changed.push({ between: [leftId, rightId], verdict, basis, probability, bits, entryId })
    }
  }
  if (over.length + changed.length > 0) await replace(tx, id, over, changed, entryId)
}

async function replace(
  tx: Tx,
  id: string,
  over: readonly Judgement[],
  changed: readonly NewJudgement[],
  entryId: string,
): Promise<void> {
  await endJudgements(tx, over)
  for (const judgement of changed) await insertJudgement(tx, judgement)
  const caseId = (await selectCasesOf(tx, [id])).get(id) ?? ''
  const object = { kind: 'case', id: caseId } as const
  const details = { basis: 'keys', withdrawn: over.length, renewed: changed.length }
  await append(tx, { action: 'case.judged', object, details }, entryId)
  // Whom they had no question left to ask about they may ask about now.
  await queueAgain(
    tx,
    over.map((judgement) => otherOf(judgement, id)),
  )
  if (over.some(({ verdict }) => verdict === 'same')) {
    await splitUnconnected(tx, caseId)
  }
}
