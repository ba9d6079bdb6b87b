/** Finding cases: those that wait for a person, and the one somebody looks for. All of it is logged. */
import type { Static } from 'typebox'
import { append, countOwn } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { takeTurn } from '../database/lock.ts'
import { type PageQuery, page } from '../database/page.ts'
import { requireMatching } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import { possibleProbability } from '../matching/odds.ts'
import { candidatesFor } from '../matching/service.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import { selectReviews } from './pairing-store.ts'
import { type Found, findingsMax, type Reviews, type SearchRequest } from './schemas.ts'
import { selectCaseByReference, selectCasesOf, selectMembers } from './store.ts'
import { inWords } from './words.ts'

/** Whoever may ask without end could find out who is known here, one name after the other. */
const searchesPerHourMax = 60

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
  // One search of a client at a time: of many at once each would count those before it, and no other.
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
  const members = await selectMembers(
    tx,
    found.map(({ caseId }) => caseId),
  )
  const referralIdsOf = (id: string) =>
    members.filter(({ caseId }) => caseId === id).map(({ referralId }) => referralId)
  return { cases: found.map((it) => ({ ...it, referralIds: referralIdsOf(it.caseId) })) }
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
  const cases = await selectCasesOf(
    tx,
    likely.map(({ referralId }) => referralId),
  )
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

/** One or the other, and nothing half: what is left unread may be what was meant. */
function soughtBy(request: Static<typeof SearchRequest>): { readonly reference: string } | Sought {
  const { reference, epoch, values } = request
  if (reference !== undefined && epoch === undefined && values === undefined) return { reference }
  if (reference === undefined && epoch !== undefined && values !== undefined) {
    return { epoch, values }
  }
  throw new Refusal('malformed-request', 'search by reference alone, or by epoch and values')
}

type Finding = { readonly caseId: string; readonly probability?: number; readonly words?: string }
