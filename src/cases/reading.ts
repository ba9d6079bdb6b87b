/** Reading one case: what it holds, why, and what is asked of it. All of it is logged. */
import { append } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { keysOf } from '../matching/service.ts'
import { itemOf } from '../triage/service.ts'
import { selectCurrent, selectHistory } from './judgement-store.ts'
import { selectFlags } from './pairing-store.ts'
import { requireCase } from './resolving.ts'
import { type Case, judgementsShownMax, type PossibleMatches } from './schemas.ts'
import { selectCasesOf, selectMembers, selectReferralsOfCase } from './store.ts'
import { inWords, presentBit } from './words.ts'

/** One case: its referrals, why they are together, and where its work stands. */
export async function read(tx: Tx, caseId: string): Promise<Case> {
  const id = await requireCase(tx, caseId)
  const referrals = await selectReferralsOfCase(tx, id)
  const ids = referrals.map(({ referralId }) => referralId)
  const [keys, history, flags, item] = await Promise.all([
    keysOf(tx, ids),
    selectHistory(tx, ids, judgementsShownMax),
    selectFlags(tx, id),
    itemOf(tx, id),
  ])
  await append(tx, { action: 'case.read', object: { kind: 'case', id } })
  return {
    caseId: id,
    referrals: referrals.map((it) => ({ ...it, keys: keys.get(it.referralId) ?? 'none' })),
    judgements: history.map(presentJudgement),
    flags: [...flags],
    ...(item && { item }),
  }
}

/** The cases that may be about the same person as this one, the likeliest first. */
export async function possibleMatches(tx: Tx, caseId: string): Promise<PossibleMatches> {
  const id = await requireCase(tx, caseId)
  const own = (await selectMembers(tx, [id])).map(({ referralId }) => referralId)
  const open = (await selectCurrent(tx, own)).flatMap(({ verdict, ...judgement }) => {
    return verdict === 'possible' || verdict === 'unsure' ? [{ verdict, ...judgement }] : []
  })
  const cases = await selectCasesOf(
    tx,
    open.flatMap(({ leftId, rightId }) => [leftId, rightId]),
  )
  const others = await selectMembers(tx, [...new Set(cases.values())])
  const possible = open.map(({ leftId, rightId, verdict, probability, bits, madeAt }) => {
    const otherId = cases.get(own.includes(leftId) ? rightId : leftId) ?? ''
    const otherReferralIds = others
      .filter((member) => member.caseId === otherId)
      .map(({ referralId }) => referralId)
    return {
      ...{ otherId, otherReferralIds, between: [leftId, rightId], verdict },
      ...(probability !== null && { probability }),
      ...{ bits: bits.map(presentBit), words: inWords(bits), askedAt: madeAt },
    }
  })
  const details = { possible: possible.length }
  const object = { kind: 'case', id } as const
  await append(tx, { action: 'case.read', object, details })
  return {
    caseId: id,
    referralIds: own,
    possibleMatches: possible.sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0)),
  }
}

type Row = Awaited<ReturnType<typeof selectHistory>>[number]

function presentJudgement({ id, leftId, rightId, bits, ...row }: Row) {
  const { noteReferralId: referralId, noteNumber: number } = row
  const { verdict, basis, madeAt, entryId, probability, endedAt } = row
  return {
    ...{ judgementId: id, between: [leftId, rightId], verdict, basis, madeAt, entryId },
    bits: bits.map(presentBit),
    ...(probability !== null && { probability }),
    ...(endedAt !== null && { endedAt }),
    ...(referralId !== null && number !== null && { note: { referralId, number } }),
  }
}
