/** Between whoever sent a referral and its recipients. */
import { sql } from 'drizzle-orm'
import {
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'
import { referral } from './vault.ts'

/**
 * The sealed messages about each referral, of both sides, in the order in which they came. None is changed but that the
 * queue was told of it.
 */
export const message = pgTable(
  'message',
  {
    referralId: uuid('referral_id')
      .notNull()
      .references(() => referral.id),
    /** Counts from 1 in each referral, whichever side wrote. */
    place: integer('place').notNull(),
    side: text('side', { enum: ['referrer', 'recipient'] }).notNull(),
    /** Counts from 1 on each side: the chain that readers check. */
    number: integer('number').notNull(),
    messageId: uuid('message_id').notNull(),
    /** The canonical bytes of the whole (docs/PROTOCOL.md, "Messages"). */
    envelope: bytea('envelope').notNull(),
    urgency: text('urgency', { enum: ['immediate', 'urgent', 'soon', 'standard'] }),
    /** How a reply is to reach somebody who reads none here, and in which language. */
    deliver: text('deliver', { enum: ['read_aloud', 'letter'] }),
    language: text('language'),
    storedAt: instant('stored_at').notNull(),
    /** Who sent it: the entry of the access log. */
    entryId: uuid('entry_id').notNull(),
    /** When the queue was told of one by a referrer. */
    settledAt: instant('settled_at'),
  },
  (table) => [
    primaryKey({ columns: [table.referralId, table.place] }),
    unique('message_number').on(table.referralId, table.side, table.number),
    unique('message_once').on(table.referralId, table.messageId),
    index('message_unsettled')
      .on(table.storedAt)
      .where(sql`side = 'referrer' and settled_at is null`),
  ],
)

/** That a message reached the other side: it was opened, or read aloud, or handed over as a letter. Each once. */
export const messageDelivery = pgTable(
  'message_delivery',
  {
    referralId: uuid('referral_id')
      .notNull()
      .references(() => referral.id),
    place: integer('place').notNull(),
    way: text('way', { enum: ['opened', 'read_aloud', 'letter'] }).notNull(),
    /** Of what was read aloud, or handed over. */
    language: text('language'),
    at: instant('at').notNull(),
    entryId: uuid('entry_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.referralId, table.place, table.way] }),
    foreignKey({
      name: 'message_delivery_of',
      columns: [table.referralId, table.place],
      foreignColumns: [message.referralId, message.place],
    }),
  ],
)
