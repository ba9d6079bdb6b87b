/**
 * The entries of the access log as one file. It is read in pages, each in a transaction of its own and none
 * before the reader took the one before: its size costs no memory, and a slow reader holds no connection.
 */
import type { Static } from 'typebox'
import type { KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { Place } from '../database/page.ts'
import { Refusal } from '../errors.ts'
import { cellOf } from '../referral/shown.ts'
import { type ExportFormat, pageEntriesMax } from './schemas.ts'
import { append, type PresentedEntry, present } from './service.ts'
import { type EntryRow, type Filter, selectEntries } from './store.ts'

type Format = Static<typeof ExportFormat>
type Wanted = Omit<Filter, 'before'>

/** @param isAdmitted - whether the client of a caller may still read: asked before each further page */
export function createExport(
  database: Database,
  isAdmitted: (caller: KnownCaller) => Promise<boolean>,
) {
  /**
   * All entries that fit and stood when it was asked for, newest first. The export is itself an entry,
   * committed before the first byte. Where a later page fails the stream does, and the file has no end.
   *
   * @returns text, a page of entries a chunk
   */
  return async (
    caller: KnownCaller,
    filter: Wanted,
    format: Format,
  ): Promise<ReadableStream<string>> => {
    const first = await database.inTransaction(caller, async (tx) => {
      const rows = await pageOf(tx, filter)
      const details = { format, filters: Object.keys(filter).sort().join(' ') }
      await append(tx, { action: 'audit.exported', details })
      return rows
    })
    const next = async (before: Place) => {
      const admitted = await isAdmitted(caller)
      if (!admitted) throw new Refusal('caller-disabled', 'this client was disabled meanwhile')
      return database.inTransaction(caller, (tx) => pageOf(tx, { ...filter, before }))
    }
    return ReadableStream.from(written(first, next, format))
  }
}

function pageOf(tx: Tx, filter: Filter): Promise<EntryRow[]> {
  return selectEntries(tx, filter, pageEntriesMax)
}

async function* written(
  first: EntryRow[],
  next: (before: Place) => Promise<EntryRow[]>,
  format: Format,
): AsyncGenerator<string> {
  const write = format === 'csv' ? rowOf : lineOf
  if (format === 'csv') yield `${columns.join(',')}\r\n`
  for (let rows = first; ; ) {
    const last = rows.at(-1)
    if (!last) return
    yield rows.map((row) => write(present(row))).join('')
    if (rows.length < pageEntriesMax) return
    rows = await next({ at: last.at, id: last.id })
  }
}

function lineOf(entry: PresentedEntry): string {
  return `${JSON.stringify(entry)}\n`
}

/** Without leaf and salts: those are for programs, which read the other form. */
const columns = [
  ...['id', 'at', 'action', 'outcome', 'reason', 'objectKind', 'objectId', 'objectDigest'],
  ...['caller', 'recipient', 'request', 'client', 'clientLabel', 'organisation'],
  ...['organisationLabel', 'person', 'details', 'intact'],
] as const

/** RFC 4180, section 2. */
function rowOf({ opening, object, ...entry }: PresentedEntry): string {
  const { actor, details } = opening
  const values: Partial<Record<(typeof columns)[number], string | undefined>> = {
    ...{ id: entry.id, at: entry.at, action: entry.action, outcome: entry.outcome },
    ...{ reason: entry.reason, caller: entry.caller, recipient: entry.recipient },
    ...{ objectKind: object?.kind, objectId: object?.id, objectDigest: object?.digest },
    ...{ request: entry.request, client: actor?.client, organisation: actor?.organisation },
    ...{ clientLabel: actor?.labels?.client, organisationLabel: actor?.labels?.organisation },
    ...{ person: actor?.person, details: details && JSON.stringify(details) },
    intact: String(entry.intact),
  }
  return `${columns.map((column) => cellOf(values[column] ?? '')).join(',')}\r\n`
}
