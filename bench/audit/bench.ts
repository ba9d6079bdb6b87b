/**
 * The access log: what it costs who is served, and what grows with it, on 10,000 and 1,000,000 entries (or
 * `-- SMALL LARGE`).
 */
import { tell } from '../report.ts'
import { searchRatios, sequencingRatio } from './growing.ts'
import { type Office, startOffices } from './offices.ts'
import { servingRatios } from './serving.ts'
import { verifyingRatio } from './verifying.ts'

export async function bench([
  small = '10000',
  large = '1000000',
]: readonly string[]): Promise<void> {
  await servingRatios()
  const offices = await startOffices()
  try {
    const few = await offices.open(Number(small))
    const many = await offices.open(Number(large))
    tell(`bytes an entry, of ${large}`, (await bytesOf(many)) / many.size)
    await verifyingRatio(offices, many)
    await searchRatios(few, many)
    await sequencingRatio(offices, few, many)
  } finally {
    await offices.close()
  }
}

/** What the tables of the log take on the disk with their indexes. */
async function bytesOf({ sql }: Office): Promise<number> {
  const [row] = await sql`
    select sum(pg_total_relation_size(oid))::float8 as bytes from pg_class
    where relname in ('audit_entry', 'audit_opening', 'audit_index', 'audit_tile')`
  return row?.bytes
}
