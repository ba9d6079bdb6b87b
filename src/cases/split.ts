/**
 * Splitting cases: on a person's word, or because match keys no longer say what they said. Runs under
 * `casesLock`; the queue follows in the same transaction, so that a crash leaves the case whole, on
 * the queue and in its judgements.
 */
import { append } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import { splitItems } from '../triage/service.ts'
import { components } from './components.ts'
import { byPerson, endsOf, type Judgement, type NoteRef } from './judgement.ts'
import { insertJudgement, selectCurrent, selectLinks } from './store/judgements.ts'
import { type Member, moveReferrals, selectCasesOf, selectMembers } from './store/members.ts'
import { pairAgain } from './store/waiting.ts'

/**
 * Splits `side` off a case, on a person's word: whatever connected the two sides now says `verdict`.
 * Where only the other side had held one together, it stays one case if people or amendments had;
 * what keys had connected through the other side is split as well, and compared again.
 *
 * @param members - all referrals of the case
 * @returns the case of `side`
 */
export async function splitOff(
  tx: Tx,
  { caseId, members }: { readonly caseId: string; readonly members: readonly Member[] },
  side: ReadonlySet<string>,
  verdict: 'different' | 'unsure',
  note: { readonly note?: NoteRef },
): Promise<string> {
  const ids = members.map(({ referralId }) => referralId)
  const [to, entryId] = [newId(), newId()]
  // The person's word takes the place of each link between the sides.
  const links = await selectLinks(tx, ids)
  const crossing = links.filter(({ leftId, rightId }) => side.has(leftId) !== side.has(rightId))
  for (const link of crossing) {
    const judgement = { ...byPerson(link), between: endsOf(link), verdict, entryId, ...note }
    await insertJudgement(tx, judgement)
  }
  // A side may have been held together by the other alone. What people or amendments had connected
  // that way is connected directly from now on. What keys said across the sides was wrong, and so
  // was what they said through it.
  const sides = [ids.filter((id) => !side.has(id)), ids.filter((id) => side.has(id))] as const
  const standing = links.filter((link) => link.basis !== 'keys' || !crossing.includes(link))
  const whole = components(ids, standing)
  for (const [first, ...others] of sides.flatMap((part) => firstsOfParts(part, links, whole))) {
    for (const other of others) {
      const between = [first, other] as const
      await insertJudgement(tx, { ...byPerson(), between, verdict: 'same', entryId })
    }
  }
  await moveOut(tx, entryId, [caseId, sides[0]], [to, sides[1]])
  // What is still not connected within a side had only keys, through the other side.
  const further = [
    ...(await splitUnconnected(tx, caseId, entryId)),
    ...(await splitUnconnected(tx, to, entryId)),
  ]
  await pairAgain(tx, ids)
  const object = { kind: 'case', id: caseId } as const
  // Each referral by its id: whoever asks the log about one finds who moved it.
  const acts = [
    ...sides[1].map((referral) => ({ act: 'moved', referral, case: caseId, to })),
    ...further.map((moved) => ({ act: 'split', ...moved })),
  ]
  const details = { to, moved: side.size, stayed: sides[0].length, verdict, acts }
  await append(tx, { action: 'case.split', object, details }, entryId)
  return to
}

/** Referrals that were moved out of a case, as an entry of the log says it. */
export type Moved = {
  readonly case: string
  readonly to: string
  readonly moved: number
  readonly stayed: number
}

/**
 * Splits a case that its judgements no longer connect. The caller has its referrals paired again.
 *
 * @param entryId - of the entry of the log in which the caller says what was done
 */
export async function splitUnconnected(tx: Tx, caseId: string, entryId: string): Promise<Moved[]> {
  const members = await selectMembers(tx, [caseId])
  const ids = members.map(({ referralId }) => referralId)
  const parts = components(ids, await selectLinks(tx, ids))
  // The part of the oldest referral keeps the id, and each other part gets a case of its own.
  let staying = ids
  const moves: Moved[] = []
  for (const part of parts.slice(1)) {
    const to = newId()
    staying = staying.filter((id) => !part.includes(id))
    await moveOut(tx, entryId, [caseId, staying], [to, part])
    moves.push({ case: caseId, to, moved: part.length, stayed: staying.length })
  }
  return moves
}

/** A case and the referrals that are in it from now on. */
type Part = readonly [caseId: string, referralIds: readonly string[]]

/** Moves the second part out of the case of the first, with what people said of either. */
export async function moveOut(tx: Tx, entryId: string, stays: Part, leaves: Part): Promise<void> {
  const [[caseId, staying], [to, moved]] = [stays, leaves]
  await keepAnswers(tx, entryId, [staying, moved])
  await moveReferrals(tx, moved, to)
  await splitItems(tx, { caseId, referralIds: staying }, { caseId: to, referralIds: moved })
}

/**
 * What a person said of a case against another is held between two of their referrals, and was meant
 * of all. From now on each part of the case that has no such judgement has the same one of its first.
 */
async function keepAnswers(
  tx: Tx,
  entryId: string,
  parts: readonly (readonly string[])[],
): Promise<void> {
  // What people said against referrals outside the case.
  const ids = parts.flat()
  const current = await selectCurrent(tx, ids)
  const answers = current.flatMap(({ leftId, rightId, basis, verdict, madeAt }) => {
    const [inside, outside] = ids.includes(leftId) ? [leftId, rightId] : [rightId, leftId]
    if (basis !== 'person' || verdict === 'same' || ids.includes(outside)) return []
    return [{ inside, outside, verdict, madeAt }]
  })
  const outside = answers.map((answer) => answer.outside)
  const cases = await selectCasesOf(tx, outside)
  // The newest word on each of the other cases.
  answers.sort((a, b) => (a.madeAt < b.madeAt ? -1 : 1))
  const newest = new Map(answers.map((answer) => [cases.get(answer.outside), answer]))
  for (const [other, { outside, verdict }] of newest) {
    // Which parts have a word of their own on that case, and which have none.
    const speaking = answers.filter((answer) => cases.get(answer.outside) === other)
    const silent = parts.filter((part) => !speaking.some(({ inside }) => part.includes(inside)))
    for (const [first] of silent) {
      if (first === undefined) throw new Error('a part of a case holds no referral')
      await insertJudgement(tx, { ...byPerson(), between: [first, outside], verdict, entryId })
    }
  }
}

/** One referral of each part of a side, for the parts that `whole` holds together by the other side. */
function firstsOfParts(
  side: readonly string[],
  links: readonly Judgement[],
  whole: readonly (readonly string[])[],
): [string, ...string[]][] {
  const firsts = components(side, links).flatMap(([first]) => first ?? [])
  return whole.flatMap((together) => {
    const [first, ...others] = firsts.filter((id) => together.includes(id))
    return first === undefined ? [] : [[first, ...others]]
  })
}
