/** A person's word on what is so already. */
import { append } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import { insertJudgement, selectLinks } from './judgement-store.ts'
import type { Reason } from './merging.ts'
import { selectLeading, selectMembers } from './store.ts'

/**
 * A person says that two cases are about one person, and they are one case by now. What had joined
 * them may have been match keys: from now on it is the person's word, and other keys do not undo it.
 *
 * @param named - the two, by ids of which at least one went out of use, or by references
 */
export async function confirm(
  tx: Tx,
  caseId: string,
  named: readonly [string, string],
  note: Pick<Reason, 'note'>,
): Promise<void> {
  const entryId = newId()
  const members = (await selectMembers(tx, [caseId])).map(({ referralId }) => referralId)
  const [one, two] = await selectLeading(tx, named)
  const far = two && two.referralId !== one?.referralId ? two.referralId : one?.otherId
  if (one && far && members.includes(one.referralId) && members.includes(far)) {
    const before = (await selectLinks(tx, [one.referralId, far]))[0]
    const { probability, bits } = before ?? { probability: null, bits: [] }
    if (before?.basis !== 'person' || note.note) {
      await insertJudgement(tx, {
        ...{ between: [one.referralId, far], verdict: 'same', basis: 'person' },
        ...{ probability, bits, entryId, ...note },
      })
    }
  }
  const object = { kind: 'case', id: caseId } as const
  const details = { decision: 'same', basis: 'person', repeated: true }
  await append(tx, { action: 'case.judged', object, details }, entryId)
}
