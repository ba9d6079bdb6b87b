/**
 * A case whole, for a copy to be handed to the person whom it is about. Here stands what no other call hands out; what is sealed
 * goes out by the calls that recipients have, each with its entry.
 */
import { append, appendAll, entriesAbout, type PresentedEntry } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { type CaseExport, exportEntriesMax } from './exportschemas.ts'
import { read } from './read.ts'
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
  const action = 'case.exported'
  await append(tx, { action, object: { kind: 'case', id: caseId } })
  await appendAll(
    tx,
    ids.map((id) => ({ action, object: { kind: 'referral', id }, details: { case: caseId } })),
  )
  return {
    case: found,
    referrals: ids.map((referralId) => ({
      referralId,
      statements: ofOne(statements, referralId),
      settings: ofOne(settings, referralId),
      documents: ofOne(documents, referralId),
    })),
    entries: entries.map(withoutPerson),
    ...rest,
  }
}

function ofOne<Row extends { readonly referralId: string }>(
  rows: readonly Row[],
  id: string,
): Omit<Row, 'referralId'>[] {
  return rows.flatMap(({ referralId, ...row }) => (referralId === id ? [row] : []))
}

/** Who it was by organisation and client: the names of those who work there are not the subject's. */
function withoutPerson(entry: PresentedEntry): CaseExport['entries'][number] {
  const { id, at, action, outcome, reason, object, caller, recipient, opening, intact } = entry
  const { actor, details } = opening
  return {
    ...{ id, at, action, outcome, caller, intact },
    object: { kind: object?.kind ?? 'unreadable', id: object?.id ?? '' },
    ...(reason !== undefined && { reason }),
    ...(recipient !== undefined && { recipient }),
    ...(actor?.labels && {
      organisation: actor.labels.organisation,
      client: actor.labels.client,
    }),
    ...(details && { details }),
  }
}
