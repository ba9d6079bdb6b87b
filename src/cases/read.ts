/**
 * Reading cases: one of them, what is asked of it, what waits for a person, and the one somebody looks
 * for. All of it is logged.
 */
import type { Static } from 'typebox'
import { append, countOwn } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { takeTurn } from '../database/lock.ts'
import { type PageQuery, page } from '../database/page.ts'
import { requireMatching } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import { possibleProbability } from '../matching/odds.ts'
import { candidatesFor, keysOf } from '../matching/service.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import { itemOf } from '../triage/service.ts'
import { requireId } from '../vault/service.ts'
import { inWords, presentBit } from './judgement.ts'
import {
  type Case,
  type Found,
  findingsMax,
  judgementsShownMax,
  type PossibleMatches,
  type Reviews,
  type SearchRequest,
} from './schemas.ts'
import { selectFlags, selectReviews } from './store/flags.ts'
import { selectCurrent, selectHistory } from './store/judgements.ts'
import {
  caseIn,
  type Member,
  resolveCase,
  selectCaseByReference,
  selectCasesOf,
  selectMembers,
  selectReferralsOfCase,
} from './store/members.ts'

/** A client that may search without end could find out who is known here, one name after another. */
const searchesPerHourMax = 60

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
    append(tx, { action: 'case.read', object: { kind: 'case', id } }),
  ])
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
  const ends = open.flatMap(({ leftId, rightId }) => [leftId, rightId])
  const cases = await selectCasesOf(tx, ends)
  const others = await selectMembers(tx, [...new Set(cases.values())])
  const possible = open.map(({ leftId, rightId, verdict, probability, bits, madeAt }) => {
    const otherId = caseIn(cases, own.includes(leftId) ? rightId : leftId)
    return {
      otherId,
      otherReferralIds: idsIn(others, otherId),
      between: [leftId, rightId],
      verdict,
      ...(probability !== null && { probability }),
      bits: bits.map(presentBit),
      words: inWords(bits),
      askedAt: madeAt,
    }
  })
  const object = { kind: 'case', id } as const
  await append(tx, { action: 'case.read', object, details: { possible: possible.length } })
  return {
    caseId: id,
    referralIds: own,
    possibleMatches: possible.sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0)),
  }
}

/** What waits for a person's judgement, in all cases, the oldest first. */
export async function reviews(tx: Tx, query: PageQuery): Promise<Reviews> {
  const { rows, ...rest } = await page(
    query,
    (after, count) => selectReviews(tx, after, count),
    (row) => row,
  )
  await append(tx, { action: 'case.read', details: { reviews: rows.length } })
  return {
    reviews: rows.map(({ id: _, otherId, probability, ...review }) => ({
      ...review,
      ...(otherId !== null && { otherId }),
      ...(probability !== null && { probability }),
    })),
    ...rest,
  }
}

/** The cases of a reference, or those that share match values with whoever is looked for. */
export async function search(
  tx: Tx<KnownCaller>,
  request: Static<typeof SearchRequest>,
): Promise<Found> {
  const sought = soughtBy(request)
  // One search of a client at a time: of many at once, none would count the others.
  await takeTurn(tx, `searching ${tx.caller.clientId}`)
  if ((await countOwn(tx, 'case.searched', 3600)) >= searchesPerHourMax) {
    const detail = `${searchesPerHourMax} searches were made within the hour`
    throw new Refusal('search-budget-spent', detail)
  }
  const found =
    'reference' in sought
      ? await findByReference(tx, sought.reference)
      : await findByValues(tx, sought)
  const by = 'reference' in sought ? 'reference' : 'match keys'
  const details = { by, cases: found.length }
  await append(tx, { action: 'case.searched', details })
  const caseIds = found.map(({ caseId }) => caseId)
  const members = await selectMembers(tx, caseIds)
  return { cases: found.map((it) => ({ ...it, referralIds: idsIn(members, it.caseId) })) }
}

/**
 * The case of that id, or the one that it was merged into; or the case of the referral with that reference.
 *
 * @throws Refusal `not-found`
 */
export async function requireCase(tx: Tx, name: string): Promise<string> {
  const find = isReferenceForm(name) ? selectCaseByReference : resolveCase
  const found = await find(tx, name)
  if (found === undefined && isReferenceForm(name)) await requireId(tx, name)
  if (found === undefined) throw new Refusal('not-found', `there is no case ${name}`)
  return found
}

async function findByReference(tx: Tx, reference: string): Promise<Finding[]> {
  const caseId = await selectCaseByReference(tx, reference)
  return caseId === undefined ? [] : [{ caseId }]
}

async function findByValues(tx: Tx, { epoch, values }: Sought) {
  await requireMatching(tx, { epoch, values })
  const bytes = values.map(({ type, value }) => {
    return { epoch, type, value: decodeBase64url(value, 16) }
  })
  const { candidates } = await candidatesFor(tx, bytes)
  const likely = candidates.filter(({ odds }) => odds.probability >= possibleProbability)
  const likelyIds = likely.map(({ referralId }) => referralId)
  const cases = await selectCasesOf(tx, likelyIds)
  const found = new Map<string, Finding>()
  for (const { referralId, odds } of likely) {
    const caseId = cases.get(referralId)
    if (caseId === undefined || found.has(caseId)) continue
    found.set(caseId, { caseId, probability: odds.probability, words: inWords(odds.bits) })
  }
  return [...found.values()].slice(0, findingsMax)
}

type Value = { readonly type: string; readonly value: string }
type Sought = { readonly epoch: number; readonly values: readonly Value[] }

/** Refuses half of either, and both at once: what is left unread may be what was meant. */
function soughtBy(request: Static<typeof SearchRequest>): { readonly reference: string } | Sought {
  const { reference, epoch, values } = request
  if (reference !== undefined && epoch === undefined && values === undefined) return { reference }
  if (reference === undefined && epoch !== undefined && values !== undefined) {
    return { epoch, values }
  }
  throw new Refusal('malformed-request', 'search by reference alone, or by epoch and values')
}

type Finding = { readonly caseId: string; readonly probability?: number; readonly words?: string }

function idsIn(members: readonly Member[], caseId: string): string[] {
  return members.filter((it) => it.caseId === caseId).map(({ referralId }) => referralId)
}

type Row = Awaited<ReturnType<typeof selectHistory>>[number]

function presentJudgement({ id, leftId, rightId, bits, ...row }: Row) {
  const { noteReferralId: referralId, noteNumber: number } = row
  const { verdict, basis, madeAt, entryId, probability, endedAt } = row
  return {
    judgementId: id,
    between: [leftId, rightId],
    verdict,
    basis,
    madeAt,
    entryId,
    bits: bits.map(presentBit),
    ...(probability !== null && { probability }),
    ...(endedAt !== null && { endedAt }),
    ...(referralId !== null && number !== null && { note: { referralId, number } }),
  }
}
