/** What the authorization server signs with, and what counts once. */
import { date, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'

/**
 * What access tokens are signed with. The whole key is sealed under a key that is not in the database,
 * so that whoever writes a row here without that key makes no key that any replica believes.
 */
export const tokenKey = pgTable('token_key', {
  kid: text('kid').primaryKey(),
  /** A JWE of the private JWK. */
  sealed: text('sealed').notNull(),
  createdAt: instant('created_at').notNull(),
  /** When it begins to sign; it is published before, for whoever keeps the list a while. */
  signsFrom: instant('signs_from').notNull(),
  /** When nothing that it signed counts any more. */
  endsAt: instant('ends_at').notNull(),
})

/** Ids that count once on all replicas, until they have expired by themselves. */
export const spentId = pgTable(
  'spent_id',
  {
    kind: text('kind').notNull(),
    /** SHA-256 of the id. */
    hash: bytea('hash').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.hash] }),
    index('spent_id_expires').on(table.expiresAt),
  ],
)

/** What challenges are signed with on one day, and what addresses are hashed under; forgotten after the next. */
export const dailySecret = pgTable('daily_secret', {
  day: date('day').primaryKey(),
  secret: bytea('secret').notNull(),
})

/**
 * How many challenges a block of addresses asked for in an hour. Of its hash, keyed with the secret of the day,
 * two bytes are kept: too few to tell which block it was.
 */
export const challengeBlock = pgTable(
  'challenge_block',
  {
    hour: instant('hour').notNull(),
    block: bytea('block').notNull(),
    challenges: integer('challenges').notNull(),
  },
  (table) => [primaryKey({ columns: [table.hour, table.block] })],
)
