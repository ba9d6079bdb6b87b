/** Sealed files, which stand in a folder beside the database. */
import { sql } from 'drizzle-orm'
import { bigint, index, pgTable, uuid } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'
import { client } from './directory.ts'
import { referral } from './vault.ts'

/** One sealed file. A row is there before its file is, and no file stays without one. */
export const document = pgTable(
  'document',
  {
    id: uuid('id').primaryKey(),
    referralId: uuid('referral_id')
      .notNull()
      .references(() => referral.id),
    /** Who uploads it; none where it is the bearer of the receipt that the referral was sent under. */
    clientId: uuid('client_id').references(() => client.id),
    /** Of the sealed file. */
    bytes: bigint('bytes', { mode: 'number' }).notNull(),
    begunAt: instant('begun_at').notNull(),
    /** When all of it was on the disk. */
    storedAt: instant('stored_at'),
  },
  (table) => [
    index('document_referral').on(table.referralId),
    index('document_client').on(table.clientId, table.begunAt),
    index('document_unfinished').on(table.begunAt).where(sql`stored_at is null`),
  ],
)
