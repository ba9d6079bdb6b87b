/**
 * Splitting cases: by a person's word, or because match keys no longer say what they said. Runs under
 * the lock of `merging.ts`; the queue follows in the same transaction.
 */
import { append } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import { splitItems } from '../triage/service.ts'
import { components } from './components.ts'
import { insertJudgement, type Judgement, selectCurrent, selectLinks } from './judgement-store.ts'
import type { NoteRef } from './note-store.ts'
import { queueAgain } from './pairing-store.ts'
import { type Member, moveReferrals, selectCasesOf, selectMembers } from './store.ts'

/**
 * Takes `side` out of a case, as a person judges: whatever connected the two sides now says
 * `verdict`. Where only the other side had held one together, it stays one case if people or
 * amendments had; what keys had joined through the other side comes apart, and is paired anew.
 *
 * @returns the case of `side`
 */
export async function splitOff(
  tx: Tx,
  members: readonly Member[],
  side: ReadonlySet<string>,
  verdict: 'different' | 'unsure',
  note?: NoteRef,
): Promise<string> {
  const ids = members.map(({ referralId }) => referralId)
  const links = await selectLinks(tx, ids)
  const crossing = links.filter(({ leftId, rightId }) => side.has(leftId) !== side.has(rightId))
  const caseId = members[0]?.caseId ?? ''
  const to = newId()
  const entryId = newId()
  for (const { leftId, rightId, probability, bits } of crossing) {
    await insertJudgement(tx, {
      ...{ between: [leftId, rightId], verdict, basis: 'person', probability, bits, entryId },
      ...(note && { note }),
    })
  }
  const sides = [ids.filter((id) => !side.has(id)), ids.filter((id) => side.has(id))] as const
  // What keys say across the sides was wrong, and so was what they said through it.
  const standing = links.filter((link) => link.basis !== 'keys' || !crossing.includes(link))
  const whole = components(ids, standing)
  for (const [first, ...others] of sides.flatMap((part) => loose(part, links, whole))) {
    for (const other of others) {
      const between = [first ?? '', other] as const
      const because = { basis: 'person', probability: null, bits: [] } as const
      await insertJudgement(tx, { between, verdict: 'same', ...because, entryId })
    }
  }
  await moveOut(tx, entryId, [caseId, sides[0]], [to, sides[1]])
  await queueAgain(tx, ids)
  const object = { kind: 'case', id: caseId } as const
  const details = { to, moved: side.size, stayed: sides[0].length, verdict }
  await append(tx, { action: 'case.split', object, details }, entryId)
  await splitUnconnected(tx, caseId)
  await splitUnconnected(tx, to)
  return to
}

/** Takes apart a case that its judgements no longer connect; its referrals are paired anew. */
export async function splitUnconnected(tx: Tx, caseId: string): Promise<void> {
  const members = await selectMembers(tx, [caseId])
  const ids = members.map(({ referralId }) => referralId)
  const parts = components(ids, await selectLinks(tx, ids))
  let staying = ids
  for (const part of parts.slice(1)) {
    const to = newId()
    staying = staying.filter((id) => !part.includes(id))
    const entryId = newId()
    await moveOut(tx, entryId, [caseId, staying], [to, part])
    const object = { kind: 'case', id: caseId } as const
    const details = { to, moved: part.length, stayed: staying.length, basis: 'keys' }
    await append(tx, { action: 'case.split', object, details }, entryId)
  }
  if (parts.length > 1) await queueAgain(tx, ids)
}

/** Moves the second part out of the case of the first, with what people said of either. */
async function moveOut(tx: Tx, entryId: string, stays: Part, leaves: Part): Promise<void> {
  const [caseId, staying] = stays
  const [to, moved] = leaves
  await keepAnswers(tx, entryId, [staying, moved])
  await moveReferrals(tx, moved, to)
  const [from, there] = [
    { caseId, referralIds: staying },
    { caseId: to, referralIds: moved },
  ]
  await splitItems(tx, from, there)
}

/** A case and the referrals that are in it from now on. */
type Part = readonly [caseId: string, referralIds: readonly string[]]

/**
 * What a person said of a case against another is held between two of their referrals, and was meant
 * of all. Each part of the case that has none of these says the same of its first from now on.
 */
async function keepAnswers(
  tx: Tx,
  entryId: string,
  parts: readonly (readonly string[])[],
): Promise<void> {
  const ids = parts.flat()
  const current = await selectCurrent(tx, ids)
  const answers = current.flatMap(({ leftId, rightId, basis, verdict, madeAt }) => {
    const [inside, outside] = ids.includes(leftId) ? [leftId, rightId] : [rightId, leftId]
    if (basis !== 'person' || verdict === 'same' || ids.includes(outside)) return []
    return [{ inside, outside, verdict, madeAt }]
  })
  const cases = await selectCasesOf(
    tx,
    answers.map(({ outside }) => outside),
  )
  // The newest word on each of the other cases.
  answers.sort((a, b) => (a.madeAt < b.madeAt ? -1 : 1))
  const newest = new Map(answers.map((answer) => [cases.get(answer.outside), answer]))
  for (const [other, { outside, verdict }] of newest) {
    const speaking = answers.filter((answer) => cases.get(answer.outside) === other)
    const silent = parts.filter((part) => !speaking.some(({ inside }) => part.includes(inside)))
    for (const [first = ''] of silent) {
      const because = { basis: 'person', probability: null, bits: [] } as const
      await insertJudgement(tx, { between: [first, outside], verdict, ...because, entryId })
    }
  }
}

/** One referral of each part of a side, for the parts that `whole` holds together by the other side. */
function loose(
  side: readonly string[],
  links: readonly Judgement[],
  whole: readonly (readonly string[])[],
): string[][] {
  const firsts = components(side, links).map(([first = '']) => first)
  return whole
    .map((together) => firsts.filter((first) => together.includes(first)))
    .filter(({ length }) => length > 1)
}
