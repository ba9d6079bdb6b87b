/** Reading cases: what they hold, what is asked of them, and finding one. All of it is logged. */
import type { Static } from 'typebox'
import type { Audit } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { readCursor, writeCursor } from '../database/cursor.ts'
import { Refusal } from '../errors.ts'
import { possibleProbability, wordsOf } from '../matching/odds.ts'
import type { Matching } from '../matching/service.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import type { MessageEnvelope } from '../protocol/message.ts'
import type { Triage } from '../triage/service.ts'
import { type Bit, selectCurrent, selectHistory } from './judgement-store.ts'
import { requireCase } from './judging.ts'
import { selectFlags, selectReviews } from './pairing-store.ts'
import {
  type Case,
  type Found,
  findingsMax,
  judgementsShownMax,
  type PossibleMatches,
  type Reviews,
  type SearchRequest,
} from './schemas.ts'
import {
  selectCaseByReference,
  selectCasesOf,
  selectMembers,
  selectReferralsOfCase,
} from './store.ts'

/** Whoever may ask without end could find out who is known here, one name after the other. */
const searchesPerHourMax = 60

type Options = { database: Database; audit: Audit; matching: Matching; triage: Triage }

export function createFinding({ database, audit, matching, triage }: Options) {
  /** One case: its referrals, why they are together, and where its work stands. */
  function read(caller: KnownCaller, caseId: string): Promise<Case> {
    return database.inTransaction(caller, async (tx) => {
      const id = await requireCase(tx, caseId)
      const referrals = await selectReferralsOfCase(tx, id)
      const ids = referrals.map(({ referralId }) => referralId)
      const [keys, history, flags, item] = await Promise.all([
        matching.keysOf(tx, ids),
        selectHistory(tx, ids, judgementsShownMax),
        selectFlags(tx, id),
        triage.itemOf(tx, id),
      ])
      await audit.append(tx, caller, { action: 'case.read', object: { kind: 'case', id } })
      return {
        caseId: id,
        referrals: referrals.map((it) => ({ ...it, keys: keys.get(it.referralId) ?? 'none' })),
        judgements: history.map(presentJudgement),
        flags: [...flags],
        ...(item && { item }),
      }
    })
  }

  /** The cases that may be about the same person as this one, the likeliest first. */
  function possibleMatches(caller: KnownCaller, caseId: string): Promise<PossibleMatches> {
    return database.inTransaction(caller, async (tx) => {
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
      await audit.append(tx, caller, { action: 'case.read', object, details })
      return {
        caseId: id,
        referralIds: own,
        possibleMatches: possible.sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0)),
      }
    })
  }

  /** What waits for a person's judgement, in all cases, the oldest first. */
  function reviews(
    caller: KnownCaller,
    { cursor, limit }: { cursor?: string; limit: number },
  ): Promise<Reviews> {
    const after = cursor === undefined ? undefined : readCursor(cursor)
    return database.inTransaction(caller, async (tx) => {
      const found = await selectReviews(tx, after, limit + 1)
      const page = found.slice(0, limit)
      const last = found.length > limit ? page.at(-1) : undefined
      await audit.append(tx, caller, { action: 'case.read', details: { reviews: page.length } })
      return {
        reviews: page.map(({ id: _, otherId, probability, ...review }) => ({
          ...review,
          ...(otherId !== null && { otherId }),
          ...(probability !== null && { probability }),
        })),
        ...(last && { next: writeCursor({ at: new Date(last.at), id: last.id }) }),
      }
    })
  }

  /** The cases of a reference, or those that share match values with whoever is looked for. */
  function search(caller: KnownCaller, request: Static<typeof SearchRequest>): Promise<Found> {
    const { reference, epoch, values } = request
    if ((reference === undefined) === (values === undefined || epoch === undefined)) {
      throw new Refusal('malformed-request', 'search by reference, or by epoch and values')
    }
    return database.inTransaction(caller, async (tx) => {
      if ((await audit.countOwn(tx, caller, 'case.searched', 3600)) >= searchesPerHourMax) {
        const detail = `${searchesPerHourMax} searches were made within the hour`
        throw new Refusal('search-budget-spent', detail)
      }
      const found =
        reference === undefined
          ? await findByValues(tx, epoch ?? 0, values ?? [])
          : await findByReference(tx, reference)
      const by = reference === undefined ? 'match keys' : 'reference'
      const details = { by, cases: found.length }
      await audit.append(tx, caller, { action: 'case.searched', details })
      const members = await selectMembers(
        tx,
        found.map(({ caseId }) => caseId),
      )
      const referralIdsOf = (id: string) =>
        members.filter(({ caseId }) => caseId === id).map(({ referralId }) => referralId)
      return { cases: found.map((it) => ({ ...it, referralIds: referralIdsOf(it.caseId) })) }
    })
  }

  async function findByReference(tx: Tx, reference: string): Promise<Finding[]> {
    const caseId = await selectCaseByReference(tx, reference)
    return caseId === undefined ? [] : [{ caseId }]
  }

  async function findByValues(tx: Tx, epoch: number, values: readonly Value[]) {
    const bytes = values.map(({ type, value }) => {
      return { epoch, type, value: decodeBase64url(value, 16) }
    })
    const { candidates } = await matching.candidatesFor(tx, bytes)
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

  return { read, possibleMatches, reviews, search }
}

type Value = { readonly type: string; readonly value: string }
type Finding = { readonly caseId: string; readonly probability?: number; readonly words?: string }

function presentBit(bit: Bit) {
  return { ...bit, words: wordsOf(bit) }
}

/** What agrees, each once, the weightiest first: `names sound alike; birth year equal`. */
function inWords(bits: readonly Bit[]): string {
  const agreeing = bits.filter(({ because }) => because !== 'missing')
  const ordered = [...agreeing].sort((a, b) => b.bits - a.bits)
  return [...new Set(ordered.map(wordsOf))].join('; ')
}

type Row = Awaited<ReturnType<typeof selectHistory>>[number]

function presentJudgement({ id, leftId, rightId, bits, note, ...row }: Row) {
  const { verdict, basis, madeAt, entryId, probability, endedAt } = row
  return {
    ...{ judgementId: id, between: [leftId, rightId], verdict, basis, madeAt, entryId },
    bits: bits.map(presentBit),
    ...(probability !== null && { probability }),
    ...(endedAt !== null && { endedAt }),
    ...(note && { note: parseCanonical(note) as MessageEnvelope }),
  }
}
