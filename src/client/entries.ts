/** Entries of the access log as an auditor reads them, each with what opens it. */
import type { Static } from 'typebox'
import { EntriesPage } from '../audit/schemas.ts'
import { parseAnswer } from './answer.ts'
import { BadAnswer } from './failure.ts'
import { readAnswer } from './schemas.ts'
import { tolerant } from './tolerant.ts'

const EntryAnswer = tolerant(EntriesPage.properties.entries.items)

/** Its names are the service's word, and `intact` is too. */
export type AuditEntry = Static<typeof EntryAnswer>

/** An entry is at most 4 KiB, and with what opens it no longer than this. In characters. */
const lineMax = 1024 * 1024

const place = 'GET /v1/audit/export'

/**
 * The entries of an export in the form `ndjson`, as they arrive.
 *
 * @throws BadAnswer for a line that is not an entry, or a file that ends within one
 */
export async function* entriesIn(body: ReadableStream<Uint8Array>): AsyncGenerator<AuditEntry> {
  const decoder = new TextDecoder()
  let begun = ''
  for await (const bytes of body) {
    const lines = (begun + decoder.decode(bytes, { stream: true })).split('\n')
    begun = lines.pop() ?? ''
    if (begun.length > lineMax) break
    for (const line of lines) yield entryIn(line)
  }
  if (begun !== '') throw new BadAnswer(`the answer to ${place} has a line that does not end`)
}

function entryIn(line: string): AuditEntry {
  const parsed = line.length > lineMax ? undefined : parseAnswer(line)
  if (parsed) return readAnswer(EntryAnswer, parsed.value, place)
  throw new BadAnswer(`the answer to ${place} has a line that is not JSON, or is too long`)
}
