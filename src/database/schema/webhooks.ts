/** Endpoints of clients, told what became of items. */
import { bigint, date, index, jsonb, pgTable, smallint, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'
import { client } from './directory.ts'

/** Where a client is told, and how far it was. At most some a client. */
export const webhookEndpoint = pgTable(
  'webhook_endpoint',
  {
    id: uuid('id').primaryKey(),
    clientId: uuid('client_id')
      .notNull()
      .references(() => client.id),
    url: text('url').notNull(),
    createdAt: instant('created_at').notNull(),
    /** Sealed (protocol/webhook.ts); the one before signs too until its time. */
    secret: bytea('secret').notNull(),
    earlierSecret: bytea('earlier_secret'),
    earlierUntil: instant('earlier_until'),
    disabledAt: instant('disabled_at'),
    disabledFor: text('disabled_for', { enum: ['asked', 'gone', 'failed', 'secret'] }),
    /** All changes up to this place were delivered. */
    epoch: text('epoch').notNull(),
    position: bigint('position', { mode: 'number' }).notNull(),
    number: bigint('number', { mode: 'number' }).notNull(),
    /** It is still to be told that some of what was before may be missing. */
    gapAt: instant('gap_at'),
    /** Of the next message, how often it failed. */
    tries: smallint('tries').notNull().default(0),
    nextTryAt: instant('next_try_at').notNull(),
    /** A replica delivers until then; whoever leases or changes the endpoint raises the fence. */
    leasedUntil: instant('leased_until'),
    fence: bigint('fence', { mode: 'number' }).notNull().default(0),
    /** Messages since the day's entry in the access log. */
    sent: bigint('sent', { mode: 'number' }).notNull().default(0),
    recordedOn: date('recorded_on').notNull(),
    deliveredAt: instant('delivered_at'),
    /** The newest failures, oldest first: times, ids and statuses. */
    failures: jsonb('failures').notNull().default([]),
  },
  (table) => [index('webhook_endpoint_client').on(table.clientId)],
)
