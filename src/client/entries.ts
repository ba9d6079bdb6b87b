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
export async function* entriesIn(body: AsyncIterable<Uint8Array>): AsyncGenerator<AuditEntry> {
  for await (const line of linesIn(body, `the answer to ${place}`)) {
    const parsed = parseAnswer(line)
    if (!parsed) throw new BadAnswer(`the answer to ${place} has a line that is not JSON`)
    yield readAnswer(EntryAnswer, parsed.value, place)
  }
}

/**
 * The lines of an export, each without its end.
 *
 * @param what - which file it is, for the error
 * @throws BadAnswer for a line that is too long or does not end
 */
export async function* linesIn(
  file: AsyncIterable<Uint8Array>,
  what: string,
): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let begun = ''
  for await (const bytes of file) {
    const lines = (begun + decoder.decode(bytes, { stream: true })).split('\n')
    begun = lines.pop() ?? ''
    for (const line of [...lines, begun]) {
      if (line.length > lineMax) throw new BadAnswer(`${what} has a line that is too long`)
    }
    yield* lines
  }
  if (begun !== '') throw new BadAnswer(`${what} has a line that does not end`)
}
