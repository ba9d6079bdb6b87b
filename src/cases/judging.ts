/** A person's judgement of cases: same, different, not sure; each kept, logged and undoable. */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { takeTurn } from '../database/lock.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import { confirm } from './confirming.ts'
import { insertJudgement, selectBetween } from './judgement-store.ts'
import { casesLock, detailsOf, mergeCases } from './merging.ts'
import { keepNote } from './noting.ts'
import { requireCase, requireNamed } from './resolving.ts'
import type { DecisionRequest, Judged } from './schemas.ts'
import { selectMembers } from './store.ts'

const noQuestion =
  'the two cases are not possible matches of each other: merge them if you know that they are one (intake merge)'

/** Judges two cases between which there is a question, or was one. */
export async function decide(
  tx: Tx<KnownCaller>,
  origin: string,
  caseId: string,
  otherId: string,
  { decision, ...noted }: Static<typeof DecisionRequest>,
): Promise<Judged> {
  await takeTurn(tx, casesLock)
  const [one, other] = [await requireCase(tx, caseId), await requireCase(tx, otherId)]
  const members = await selectMembers(tx, [one, other])
  const judged = { decision, between: [caseId, otherId].sort() }
  if (one === other && decision === 'same') {
    const note = await keepNote(tx, origin, noted, members, judged)
    await confirm(tx, one, [caseId, otherId], note)
    return { caseId: one }
  }
  requireNamed(caseId, one)
  requireNamed(otherId, other)
  if (one === other)
    throw new Refusal('case-changed', `the two are one case now, ${one}: split it instead`)
  const between = await selectBetween(tx, members)
  const [best] = between
  if (!best) throw new Refusal('case-changed', noQuestion)
  const note = await keepNote(tx, origin, noted, members, judged)
  if (decision === 'same') {
    const { leftId, rightId, probability, bits } = best
    const reason = { basis: 'person', probability, bits, ...note } as const
    return { caseId: await mergeCases(tx, [leftId, rightId], reason) }
  }
  const entryId = newId()
  for (const { leftId, rightId, probability, bits } of between) {
    await insertJudgement(tx, {
      ...{ between: [leftId, rightId], verdict: decision, basis: 'person' },
      ...{ probability, bits, entryId, ...note },
    })
  }
  const { probability, bits } = best
  const details = { other, decision, ...detailsOf({ basis: 'person', probability, bits }) }
  const object = { kind: 'case', id: one } as const
  await append(tx, { action: 'case.judged', object, details }, entryId)
  return { caseId: one, otherId: other }
}
