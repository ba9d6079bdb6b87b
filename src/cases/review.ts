/**
 * What people decide about cases: the same, different, not sure; merge two, split one, clear flags.
 * Each decision is kept, logged and undoable. Each runs under `casesLock` and refuses to change a case
 * under the id of another, so that a decision is about the case that the person has seen.
 */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { casesLock, takeTurn } from '../database/lock.ts'
import { Refusal } from '../errors.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import { newId } from '../protocol/uuid.ts'
import { byPerson, detailsOf, endsOf, type NoteRef, type Reason } from './judgement.ts'
import { mergeCases } from './merge.ts'
import { keepNote } from './notes.ts'
import { requireCase } from './read.ts'
import type { DecisionRequest, Judged, MergeRequest, Split, SplitRequest } from './schemas.ts'
import { splitOff } from './split.ts'
import { deleteFlags } from './store/flags.ts'
import { insertJudgement, selectBetween, selectLinks } from './store/judgements.ts'
import { selectCasesOf, selectLeading, selectMembers } from './store/members.ts'

const noQuestion =
  'the two cases are not possible matches of each other: merge them if you know that they are one (intake merge)'

/** Decides on two cases about which there is a question, or was one. */
export async function decide(
  tx: Tx<KnownCaller>,
  origin: string,
  caseId: string,
  otherId: string,
  { decision, ...noted }: Static<typeof DecisionRequest>,
): Promise<Judged> {
  const { one, other, members } = await twoCases(tx, caseId, otherId)
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
  // Without a question there are no grounds that the person has seen.
  const between = await selectBetween(tx, members)
  const [best] = between
  if (!best) throw new Refusal('case-changed', noQuestion)
  const note = await keepNote(tx, origin, noted, members, judged)
  if (decision === 'same') {
    return { caseId: await mergeAsSaid(tx, endsOf(best), { ...byPerson(best), ...note }) }
  }
  // The decision is about the two cases: it takes the place of all that was held between them.
  const entryId = newId()
  const judgement = { verdict: decision, entryId, ...note } as const
  for (const question of between) {
    const grounds = byPerson(question)
    await insertJudgement(tx, { ...judgement, ...grounds, between: endsOf(question) })
  }
  const acts = [{ act: 'judged', with: other }]
  const details = { other, decision, ...detailsOf(byPerson(best)), acts }
  const object = { kind: 'case', id: one } as const
  await append(tx, { action: 'case.judged', object, details }, entryId)
  return { caseId: one, otherId: other }
}

/** Merges two cases of which a person knows that they are about one. */
export async function merge(
  tx: Tx<KnownCaller>,
  origin: string,
  caseId: string,
  { otherId, ...noted }: Static<typeof MergeRequest>,
): Promise<Judged> {
  const { one, other, members } = await twoCases(tx, caseId, otherId)
  const judged = { merge: [caseId, otherId].sort() }
  const note = await keepNote(tx, origin, noted, members, judged)
  if (one === other) {
    await confirm(tx, one, [caseId, otherId], note)
    return { caseId: one }
  }
  requireNamed(caseId, one)
  requireNamed(otherId, other)
  const first = (id: string) => {
    const member = members.find((it) => it.caseId === id)
    if (!member) throw new Error(`case ${id} holds no referral`)
    return member.referralId
  }
  return { caseId: await mergeAsSaid(tx, [first(one), first(other)], { ...byPerson(), ...note }) }
}

/** The two cases that the names stand for now, which may be one, and their members. Nobody else changes cases. */
async function twoCases(tx: Tx, caseId: string, otherId: string) {
  await takeTurn(tx, casesLock)
  const [one, other] = [await requireCase(tx, caseId), await requireCase(tx, otherId)]
  return { one, other, members: await selectMembers(tx, [one, other]) }
}

/** Merges the cases of two referrals on a person's word. @returns the case that goes on */
async function mergeAsSaid(tx: Tx, between: readonly [string, string], reason: Reason) {
  const entryId = newId()
  const { caseId, merged, details } = await mergeCases(tx, between, reason, entryId)
  const [referral, other] = between
  const acts = [{ act: 'merged', referral, with: other, case: caseId, merged }]
  const object = { kind: 'case', id: caseId } as const
  await append(tx, { action: 'case.merged', object, details: { ...details, acts } }, entryId)
  return caseId
}

/** Splits referrals off a case, and with that undoes whatever had merged them. */
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
  const side = new Set(named.map((name) => idOf(name) ?? name))
  if (![...side].every((id) => ids.includes(id))) {
    throw new Refusal('case-changed', 'referrals names one that is not in this case')
  }
  if (side.size === ids.length) {
    throw new Refusal(
      'malformed-request',
      'referrals names the whole case: nothing would stay in it',
    )
  }
  const judged = { split: caseId, referrals: [...named].sort(), decision }
  const note = await keepNote(tx, origin, noted, members, judged)
  const to = await splitOff(tx, { caseId: one, members }, side, decision, note)
  const cases = await selectCasesOf(tx, ids)
  return {
    caseId: one,
    otherId: to,
    cases: [...new Set([one, to, ...cases.values()])].map((id) => ({
      caseId: id,
      referralIds: ids.filter((referralId) => cases.get(referralId) === id),
    })),
  }
}

/** Clears the flags of a case: a person has looked at it. */
export async function clearFlags(tx: Tx, caseId: string): Promise<void> {
  await takeTurn(tx, casesLock)
  const id = await requireCase(tx, caseId)
  requireNamed(caseId, id)
  const details = { flags: await deleteFlags(tx, id) }
  const object = { kind: 'case', id } as const
  await append(tx, { action: 'case.judged', object, details })
}

/**
 * A person says that two cases are about one person, and they are one case already. Match keys may
 * have merged them: from now on it is the person's word, and other keys do not undo it.
 *
 * @param named - the two, by ids of which at least one went out of use, or by references
 */
async function confirm(
  tx: Tx,
  caseId: string,
  named: readonly [string, string],
  note: { readonly note?: NoteRef },
): Promise<void> {
  const entryId = newId()
  const members = (await selectMembers(tx, [caseId])).map(({ referralId }) => referralId)
  // The two referrals that are meant. Where one name leads to none, or both to the same, the other of
  // the two is the one that it was merged with.
  const [one, two] = await selectLeading(tx, named)
  let isRepeated = true
  const far = two && two.referralId !== one?.referralId ? two.referralId : one?.otherId
  if (one && far && members.includes(one.referralId) && members.includes(far)) {
    const between = [one.referralId, far] as const
    const [before] = await selectLinks(tx, between)
    isRepeated = before?.basis === 'person' && !note.note
    if (!isRepeated) {
      const judgement = { ...byPerson(before), between, verdict: 'same', entryId, ...note } as const
      await insertJudgement(tx, judgement)
    }
  }
  const object = { kind: 'case', id: caseId } as const
  const details = { decision: 'same', basis: 'person', ...(isRepeated && { repeated: true }) }
  await append(tx, { action: 'case.judged', object, details }, entryId)
}

/**
 * Refuses to change a case under the id of another: whoever names it has seen what it was before it
 * was merged, and not whom it holds now. A reference names whatever case its referral is in.
 *
 * @throws Refusal `case-changed`, naming the present case
 */
function requireNamed(caseId: string, found: string): void {
  if (caseId === found || isReferenceForm(caseId)) return
  throw new Refusal('case-changed', `case ${caseId} was merged into case ${found}`)
}
