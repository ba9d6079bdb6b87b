/** What a person changes of cases without being asked: joins two, takes one apart, clears marks. */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { takeTurn } from '../database/lock.ts'
import { Refusal } from '../errors.ts'
import { confirm } from './confirming.ts'
import { casesLock, mergeCases } from './merging.ts'
import { keepNote } from './noting.ts'
import { deleteFlags } from './pairing-store.ts'
import { requireCase, requireNamed } from './resolving.ts'
import type { Judged, MergeRequest, Split, SplitRequest } from './schemas.ts'
import { splitOff } from './splitting.ts'
import { selectCasesOf, selectMembers } from './store.ts'

/** Joins two cases of which a person knows that they are about one. */
export async function merge(
  tx: Tx<KnownCaller>,
  origin: string,
  caseId: string,
  { otherId, ...noted }: Static<typeof MergeRequest>,
): Promise<Judged> {
  await takeTurn(tx, casesLock)
  const [one, other] = [await requireCase(tx, caseId), await requireCase(tx, otherId)]
  const members = await selectMembers(tx, [one, other])
  const judged = { merge: [caseId, otherId].sort() }
  const note = await keepNote(tx, origin, noted, members, judged)
  if (one === other) {
    await confirm(tx, one, [caseId, otherId], note)
    return { caseId: one }
  }
  requireNamed(caseId, one)
  requireNamed(otherId, other)
  const first = (id: string) => members.find((it) => it.caseId === id)?.referralId ?? ''
  const reason = { basis: 'person', probability: null, bits: [], ...note } as const
  return { caseId: await mergeCases(tx, [first(one), first(other)], reason) }
}

/** Takes referrals out of a case, and with that undoes whatever had joined them. */
export async function split(
  tx: Tx<KnownCaller>,
  origin: string,
  caseId: string,
  { referrals: named, decision, ...noted }: Static<typeof SplitRequest>,
): Promise<Split> {
  await takeTurn(tx, casesLock)
  const one = await requireCase(tx, caseId)
  requireNamed(caseId, one)
  const members = await selectMembers(tx, [one])
  const ids = members.map(({ referralId }) => referralId)
  const idOf = (name: string) => members.find((it) => it.reference === name)?.referralId
  const referrals = [...new Set(named.map((name) => idOf(name) ?? name))]
  if (!referrals.every((id) => ids.includes(id))) {
    throw new Refusal('case-changed', 'referrals names one that is not in this case')
  }
  if (referrals.length === ids.length) {
    throw new Refusal(
      'malformed-request',
      'referrals names the whole case: nothing would stay in it',
    )
  }
  const judged = { split: caseId, referrals: [...named].sort(), decision }
  const note = await keepNote(tx, origin, noted, members, judged)
  const side = new Set(referrals)
  const to = await splitOff(tx, members, side, decision, note.note)
  const cases = await selectCasesOf(tx, ids)
  return {
    ...{ caseId: one, otherId: to },
    cases: [...new Set([one, to, ...cases.values()])].map((id) => ({
      caseId: id,
      referralIds: ids.filter((referralId) => cases.get(referralId) === id),
    })),
  }
}

/** A person has looked at why the case was marked. */
export async function clearFlags(tx: Tx, caseId: string): Promise<void> {
  await takeTurn(tx, casesLock)
  const id = await requireCase(tx, caseId)
  requireNamed(caseId, id)
  const details = { flags: await deleteFlags(tx, id) }
  const object = { kind: 'case', id } as const
  await append(tx, { action: 'case.judged', object, details })
}
