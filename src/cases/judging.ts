/** A person's judgement of cases: same, different, not sure; each kept, logged and undoable. */
import type { Static } from 'typebox'
import type { Audit } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'
import { confirm } from './confirming.ts'
import { insertJudgement, selectBetween } from './judgement-store.ts'
import { detailsOf, type Merging } from './merging.ts'
import type { Noting } from './noting.ts'
import { inTurn, requireCase, requireNamed } from './resolving.ts'
import type { DecisionRequest, Judged } from './schemas.ts'
import { selectMembers } from './store.ts'

type Options = {
  database: Database
  audit: Audit
  merging: Merging
  noting: Noting
}

const noQuestion =
  'there is no question between the two cases: who knows them to be one joins them by a merge (intake merge)'

/** Takes people's judgements; the service has one. */
export function createJudging({ database, audit, merging, noting }: Options) {
  /** Judges two cases between which there is a question, or was one. */
  function decide(
    caller: KnownCaller,
    caseId: string,
    otherId: string,
    { decision, ...noted }: Static<typeof DecisionRequest>,
  ): Promise<Judged> {
    return inTurn(database, caller, async (tx) => {
      const [one, other] = [await requireCase(tx, caseId), await requireCase(tx, otherId)]
      const members = await selectMembers(tx, [one, other])
      const judged = { decision, between: [caseId, otherId].sort() }
      if (one === other && decision === 'same') {
        const note = await noting.keep(tx, caller, noted, members, judged)
        await confirm(audit, tx, caller, one, [caseId, otherId], note)
        return { caseId: one }
      }
      requireNamed(caseId, one)
      requireNamed(otherId, other)
      if (one === other) throw new Refusal('case-changed', `the two are one case, ${one}: split it`)
      const between = await selectBetween(tx, members)
      const [best] = between
      if (!best) throw new Refusal('case-changed', noQuestion)
      const note = await noting.keep(tx, caller, noted, members, judged)
      if (decision === 'same') {
        const { leftId, rightId, probability, bits } = best
        const reason = { basis: 'person', probability, bits, ...note } as const
        return { caseId: await merging.merge(tx, caller, [leftId, rightId], reason) }
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
      await audit.append(tx, caller, { action: 'case.judged', object, details }, entryId)
      return { caseId: one, otherId: other }
    })
  }

  return { decide }
}
