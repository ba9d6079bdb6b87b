/** What a person changes of cases without being asked: joins two, takes one apart, clears marks. */
import type { Static } from 'typebox'
import type { Audit } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { confirm } from './confirming.ts'
import type { Merging } from './merging.ts'
import type { Noting } from './noting.ts'
import { deleteFlags } from './pairing-store.ts'
import { inTurn, requireCase, requireNamed } from './resolving.ts'
import type { Judged, MergeRequest, Split, SplitRequest } from './schemas.ts'
import type { Splitting } from './splitting.ts'
import { selectCasesOf, selectMembers } from './store.ts'

type Options = {
  database: Database
  audit: Audit
  merging: Merging
  splitting: Splitting
  noting: Noting
}

/** Does what people ask of cases; the service has one. */
export function createRegrouping({ database, audit, merging, splitting, noting }: Options) {
  /** Joins two cases of which a person knows that they are about one. */
  function merge(
    caller: KnownCaller,
    caseId: string,
    { otherId, ...noted }: Static<typeof MergeRequest>,
  ): Promise<Judged> {
    return inTurn(database, caller, async (tx) => {
      const [one, other] = [await requireCase(tx, caseId), await requireCase(tx, otherId)]
      const members = await selectMembers(tx, [one, other])
      const judged = { merge: [caseId, otherId].sort() }
      const note = await noting.keep(tx, caller, noted, members, judged)
      if (one === other) {
        await confirm(audit, tx, caller, one, [caseId, otherId], note)
        return { caseId: one }
      }
      requireNamed(caseId, one)
      requireNamed(otherId, other)
      const first = (id: string) => members.find((it) => it.caseId === id)?.referralId ?? ''
      const reason = { basis: 'person', probability: null, bits: [], ...note } as const
      return { caseId: await merging.merge(tx, caller, [first(one), first(other)], reason) }
    })
  }

  /** Takes referrals out of a case, and with that undoes whatever had joined them. */
  function split(
    caller: KnownCaller,
    caseId: string,
    { referrals: named, decision, ...noted }: Static<typeof SplitRequest>,
  ): Promise<Split> {
    return inTurn(database, caller, async (tx) => {
      const one = await requireCase(tx, caseId)
      requireNamed(caseId, one)
      const members = await selectMembers(tx, [one])
      const ids = members.map(({ referralId }) => referralId)
      const idOf = (name: string) => members.find((it) => it.reference === name)?.referralId
      const referrals = [...new Set(named.map((name) => idOf(name) ?? name))]
      if (!referrals.every((id) => ids.includes(id))) {
        throw new Refusal('case-changed', 'referrals lists one that is not of this case')
      }
      if (referrals.length === ids.length) {
        throw new Refusal('malformed-request', 'referrals lists the whole case: nothing would stay')
      }
      const judged = { split: caseId, referrals: [...named].sort(), decision }
      const note = await noting.keep(tx, caller, noted, members, judged)
      const side = new Set(referrals)
      const to = await splitting.split(tx, caller, members, side, decision, note.note)
      const cases = await selectCasesOf(tx, ids)
      return {
        ...{ caseId: one, otherId: to },
        cases: [...new Set([one, to, ...cases.values()])].map((id) => ({
          caseId: id,
          referralIds: ids.filter((referralId) => cases.get(referralId) === id),
        })),
      }
    })
  }

  /** A person has looked at why the case was marked. */
  function clearFlags(caller: KnownCaller, caseId: string): Promise<void> {
    return inTurn(database, caller, async (tx) => {
      const id = await requireCase(tx, caseId)
      requireNamed(caseId, id)
      const details = { flags: await deleteFlags(tx, id) }
      const object = { kind: 'case', id } as const
      await audit.append(tx, caller, { action: 'case.judged', object, details })
    })
  }

  return { merge, split, clearFlags }
}
