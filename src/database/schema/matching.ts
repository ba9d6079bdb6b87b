/** Values that are equal for equal people, and say nothing else. */
import { sql } from 'drizzle-orm'
import { check, date, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'
import { client } from './directory.ts'
import { referral } from './vault.ts'

export const matchValue = pgTable(
  'match_value',
  {
    referralId: uuid('referral_id')
      .notNull()
      .references(() => referral.id),
    epoch: integer('epoch').notNull(),
    type: text('type').notNull(),
    value: bytea('value').notNull(),
    /** When the referral came: of many that share a value, the oldest are looked at. */
    at: instant('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.referralId, table.epoch, table.type, table.value] }),
    index('match_value_shared').on(
      table.epoch,
      table.type,
      table.value,
      table.at,
      table.referralId,
    ),
  ],
)

/** That a recipient made the keys of one epoch again, from what it opened, and vouches for them. */
export const matchCheck = pgTable(
  'match_check',
  {
    referralId: uuid('referral_id')
      .notNull()
      .references(() => referral.id),
    epoch: integer('epoch').notNull(),
    checkedAt: instant('checked_at').notNull(),
    signer: text('signer').notNull(),
    signature: bytea('signature').notNull(),
  },
  (table) => [primaryKey({ columns: [table.referralId, table.epoch] })],
)

/** How many elements each client had evaluated on each day of UTC. */
export const evaluationBudget = pgTable(
  'evaluation_budget',
  {
    clientId: uuid('client_id')
      .notNull()
      .references(() => client.id),
    day: date('day').notNull(),
    elements: integer('elements').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.clientId, table.day] }),
    // A client's own database role writes it.
    check('evaluation_budget_spent', sql`elements >= 0`),
  ],
)
