/** How a referral ends: asked, held, due, and what is left of it. */
import { sql } from 'drizzle-orm'
import { check, index, integer, pgTable, smallint, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'
import { referral } from './vault.ts'

/**
 * That a referral was withdrawn by the organisation that sent it, or that the bearer of its receipt asked for that: of this
 * people decide. Nothing of it is erased before `kept_until`.
 */
export const withdrawal = pgTable(
  'withdrawal',
  {
    referralId: uuid('referral_id')
      .primaryKey()
      .references(() => referral.id),
    askedAt: instant('asked_at').notNull(),
    /** The entry of the access log. */
    entryId: uuid('entry_id').notNull(),
    keptUntil: instant('kept_until').notNull(),
    /** The canonical bytes of what an organisation signed, with its reason sealed; none of a receipt. */
    envelope: bytea('envelope'),
    /** Of the bearer of a receipt, as in `challenge_block`; none where people share an exit that is known. */
    block: bytea('block'),
    /** What a person decided of what a bearer asked for. */
    decision: text('decision', { enum: ['confirmed', 'declined'] }),
    decidedAt: instant('decided_at'),
    /** When the queue was told of it: by the background work, or by who confirmed it. */
    settledAt: instant('settled_at'),
  },
  (table) => [
    check('withdrawal_decided', sql`(decision is null) = (decided_at is null)`),
    check('withdrawal_told', sql`envelope is null or (block is null and decision is null)`),
    // What the background work has still to do, and what people have.
    index('withdrawal_unsettled')
      .on(table.askedAt, table.referralId)
      .where(sql`envelope is not null and settled_at is null`),
    index('withdrawal_asked')
      .on(table.askedAt, table.referralId)
      .where(sql`envelope is null and decision is null`),
    // How many others asked from one network.
    index('withdrawal_block').on(table.block, table.askedAt).where(sql`block is not null`),
  ],
)

/** What is left of a referral that was erased, beside its row in `referral` and its entries in the log. */
export const erasure = pgTable(
  'erasure',
  {
    referralId: uuid('referral_id')
      .primaryKey()
      .references(() => referral.id),
    erasedAt: instant('erased_at').notNull(),
    /** One of `erasureRules` (erasure/rules.ts): a person's act, retention, or the list that outlives a restore. */
    rule: text('rule').notNull(),
    /** Who did it: the entry of the access log. */
    entryId: uuid('entry_id').notNull(),
    /** A hash of the hash of the receipt that it was sent under: whoever holds that is told that it was erased. */
    receiptMark: bytea('receipt_mark'),
  },
  (table) => [
    index('erasure_receipt').on(table.receiptMark).where(sql`receipt_mark is not null`),
    index('erasure_order').on(table.erasedAt, table.referralId),
  ],
)

/** What may not be erased, whoever asks and whatever rule says so, and why. */
export const legalHold = pgTable('legal_hold', {
  referralId: uuid('referral_id')
    .primaryKey()
    .references(() => referral.id),
  /** One of `holdReasons` (referral/codes/hold.ts). */
  reason: text('reason').notNull(),
  placedAt: instant('placed_at').notNull(),
  entryId: uuid('entry_id').notNull(),
})

/** After how many days in a closed state a referral is erased. No row: nothing of that state is. The owner writes it. */
export const retentionRule = pgTable(
  'retention_rule',
  {
    /** One of `retainedStates` (erasure/due.ts). */
    state: text('state').primaryKey(),
    days: integer('days').notNull(),
    setAt: instant('set_at').notNull(),
    /** Nothing goes by it before this, so that a slip can be taken back. */
    beginsAt: instant('begins_at').notNull(),
    /** The database in which its dry run was seen, as `epochOf` has it: a restored one lacks holds that were placed since. */
    epoch: text('epoch').notNull(),
  },
  (table) => [
    check('retention_closed', sql`state in ('declined', 'redirected', 'closed', 'withdrawn')`),
    check('retention_days', sql`${table.days} between 7 and 36500`),
  ],
)

/** As which database replicas served last: a restored one is another, and needs the list of erasures. One row. */
export const servedAs = pgTable(
  'served_as',
  {
    n: smallint('n').primaryKey(),
    /** As `epochOf` has it (database/epoch.ts). */
    epoch: text('epoch').notNull(),
    since: instant('since').notNull(),
  },
  (table) => [check('served_as_one', sql`${table.n} = 1`)],
)
