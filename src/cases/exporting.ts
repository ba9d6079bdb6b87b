/**
 * A case whole, for a copy to be handed to the person whom it is about. Here stands what no other call hands out; what is sealed
 * goes out by the calls that recipients have, each with its entry.
 */
import type { Details, Fact } from '../audit/entry.ts'
import { append, appendAll, entriesAbout, type PresentedEntry } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { isId } from '../protocol/uuid.ts'
import { type CaseExport, exportEntriesMax } from './exportschemas.ts'
import { read } from './read.ts'
import type { Case } from './schemas.ts'
import { selectDocuments, selectSettings, selectStatements } from './store/export.ts'

/**
 * The case, what is kept about its referrals beside what was sealed, and a page of the entries of the log about it and them.
 * Those of this very act are not on it.
 *
 * @throws Refusal `not-found`, `erased`
 */
export async function exportCase(
  tx: Tx,
  name: string,
  { cursor }: { readonly cursor?: string },
): Promise<CaseExport> {
  const found = await read(tx, name)
  const { caseId } = found
  const ids = found.referrals.map(({ referralId }) => referralId)
  const [statements, settings, documents] = await Promise.all([
    selectStatements(tx, ids),
    selectSettings(tx, ids),
    selectDocuments(tx, ids),
  ])
  const page = { limit: exportEntriesMax, ...(cursor !== undefined && { cursor }) }
  const { entries, ...rest } = await entriesAbout(tx, [caseId, ...ids], page)
  const own = new Set([caseId, ...ids])
  const action = 'case.exported'
  await append(tx, { action, object: { kind: 'case', id: caseId } })
  await appendAll(
    tx,
    ids.map((id) => ({ action, object: { kind: 'referral', id }, details: { case: caseId } })),
  )
  return {
    case: { ...found, judgements: found.judgements.filter((one) => isWithin(one, own)) },
    referrals: ids.map((referralId) => ({
      referralId,
      statements: ofOne(statements, referralId),
      settings: ofOne(settings, referralId),
      documents: ofOne(documents, referralId),
    })),
    entries: entries.map((entry) => withoutPersons(entry, own)),
    ...rest,
  }
}

function ofOne<Row extends { readonly referralId: string }>(
  rows: readonly Row[],
  id: string,
): Omit<Row, 'referralId'>[] {
  return rows.flatMap(({ referralId, ...row }) => (referralId === id ? [row] : []))
}

/** Whether a judgement is about referrals of the case alone: any other names one of somebody else. */
function isWithin({ between }: Case['judgements'][number], own: ReadonlySet<string>): boolean {
  return between.every((id) => own.has(id))
}

/**
 * Who it was by organisation and client: the names of those who work there are not the subject's. Nor is what was done with
 * referrals and cases of other people.
 *
 * @param own - the ids of the case and its referrals
 */
function withoutPersons(
  entry: PresentedEntry,
  own: ReadonlySet<string>,
): CaseExport['entries'][number] {
  const { id, at, action, outcome, reason, object, caller, recipient, opening, intact } = entry
  const { actor, details } = opening
  const kept = details && withoutOthers(details, own)
  return {
    ...{ id, at, action, outcome, caller, intact },
    object: { kind: object?.kind ?? 'unreadable', id: object?.id ?? '' },
    ...(reason !== undefined && { reason }),
    ...(recipient !== undefined && { recipient }),
    ...(actor?.labels && {
      organisation: actor.labels.organisation,
      client: actor.labels.client,
    }),
    ...(kept && { details: kept }),
  }
}

/**
 * What names a referral of somebody else is left out with all that was found of the two; where it is one of several acts, with
 * what is said of all of them. The other ids of other cases are left out alone.
 */
function withoutOthers(details: Details, own: ReadonlySet<string>): Details | undefined {
  const { acts, ...facts } = details
  const all = Array.isArray(acts) ? acts : []
  const [said, ...clean] = [facts, ...all].map((one) => withoutCases(one as Facts, own))
  const kept = clean.filter((act) => act !== undefined)
  const isWhole = said !== undefined && kept.length === all.length
  if (!isWhole && kept.length === 0) return undefined
  return { ...(isWhole && said), ...(all.length > 0 && { acts: kept }) }
}

type Facts = Readonly<Record<string, Fact>>

/** What belongs to a referral of the case, whatever its id. */
const ownParts = new Set(['document', 'message'])
/** Ids that stand for no referral. */
const caseNames = new Set(['case', 'merged', 'to', 'item'])

/** @returns `undefined` where a referral is named that is not of this case */
function withoutCases(facts: Facts, own: ReadonlySet<string>): Facts | undefined {
  const isForeign = ([name, fact]: [string, Fact]) =>
    isId(fact) && !ownParts.has(name) && !own.has(fact)
  const kept = Object.entries(facts).filter((one) => !(isForeign(one) && caseNames.has(one[0])))
  return kept.some(isForeign) ? undefined : Object.fromEntries(kept)
}
