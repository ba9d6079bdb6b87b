/** The open work on a case. */
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  date,
  index,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'
import { client } from './directory.ts'
import { referral } from './vault.ts'

/** Narrow, because it is the table that is written most: the referral lives elsewhere. */
export const triageItem = pgTable(
  'triage_item',
  {
    id: uuid('id').primaryKey(),
    caseId: uuid('case_id').notNull(),
    /** The referral that this item was opened for. It keeps an item of its own when cases are merged. */
    referralId: uuid('referral_id').notNull(),
    /** Of an open head: all referrals of its case, so that a claim is one look-up. */
    referralIds: uuid('referral_ids').array().notNull(),
    arrivedAt: instant('arrived_at').notNull(),
    /** Of this item's own referral: its header's, the highest that a recipient has stated since, or a person's word. */
    urgency: text('urgency', { enum: ['immediate', 'urgent', 'soon', 'standard'] }).notNull(),
    respondBy: date('respond_by'),
    /** Of this item's own referral, as its header has them: by these a claim chooses. */
    region: text('region').notNull(),
    channel: text('channel').notNull(),
    /** None of one that a receipt signed. */
    organisationId: uuid('organisation_id'),
    /** When this item's own referral is due by the rule of `triage/calendar.ts`. */
    ownDueAt: instant('own_due_at').notNull(),
    /** The earliest of the items that are worked on as this one. */
    dueAt: instant('due_at').notNull(),
    /** The item as which this one is worked on, since their cases were merged. */
    mergedInto: uuid('merged_into'),
    /**
     * Rises with each claim, handover, release, completion, parking, waking by a person, and report that the item would
     * not open; a write must name the current one. It rises for an item that is merged into another, and for one whose
     * completion is taken back, and stays when an item is escalated because its leases expired.
     */
    fence: bigint('fence', { mode: 'number' }).notNull().default(0),
    /** Leases that expired. At five the item is escalated instead of being queued again. */
    lapses: smallint('lapses').notNull().default(0),
    leasedBy: uuid('leased_by'),
    leasedUntil: instant('leased_until'),
    claimedAt: instant('claimed_at'),
    /** Since it was claimed its case got or lost referrals, or somebody set its urgency. */
    changed: boolean('changed').notNull().default(false),
    escalatedAt: instant('escalated_at'),
    /**
     * When this item became the reason of an escalation: its own referral did not open, it was the head
     * when leases expired too often, or it was escalated before it was merged with another. It stays when
     * `escalated_at` of the head is taken back by a merge or a split.
     */
    escalatedBefore: instant('escalated_before'),
    /** Why nobody works on it for a while (`triage/lease.ts`): of a head that nobody holds. */
    parkReason: text('park_reason'),
    /** Once this has passed the item is waiting again. None: until a person or a referral wakes it. */
    parkedUntil: instant('parked_until'),
    /** The act by which it was set aside together with others. */
    asideId: uuid('aside_id'),
    completedAt: instant('completed_at'),
    outcome: text('outcome'),
    /** The lease had run out, and nobody had claimed the item since. */
    completedLate: boolean('completed_late'),
    /** The completion was taken back, and what it answered has other items since. */
    reopenedAt: instant('reopened_at'),
  },
  (table) => [
    // In claim order. No lease column stands in an index or its predicate, so claiming and
    // releasing are heap-only updates; whoever claims steps over the few items that are leased. What is
    // parked may be thousands, for months, so it stands in an index of its own.
    index('triage_item_order')
      .on(table.dueAt, table.id)
      .where(sql`completed_at is null and merged_into is null and park_reason is null`),
    index('triage_item_parked')
      .on(table.parkedUntil)
      .where(sql`completed_at is null and merged_into is null and park_reason is not null`),
    index('triage_item_case').on(table.caseId),
    uniqueIndex('triage_item_referral').on(table.referralId).where(sql`completed_at is null`),
    // The members of a head, of which most statements want the open ones. With `completed_at` it suffices
    // by itself: before there are statistics, PostgreSQL would read all open items by another index as well.
    index('triage_item_merged')
      .on(table.mergedInto, table.completedAt)
      .where(sql`merged_into is not null`),
    // The few that the next lapse sends to people: each claim looks for them.
    index('triage_item_lapsed')
      .on(table.id)
      .where(sql`lapses >= 4 and completed_at is null and escalated_at is null`),
  ],
)

/** What a person said of the urgency of an item, of each of its referrals that moved by it. */
export const urgencySetting = pgTable(
  'urgency_setting',
  {
    /** Who said it, and what stood beside it: the entry of the access log. */
    entryId: uuid('entry_id').notNull(),
    referralId: uuid('referral_id')
      .notNull()
      .references(() => referral.id),
    urgency: text('urgency', { enum: ['immediate', 'urgent', 'soon', 'standard'] }).notNull(),
    setAt: instant('set_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.referralId, table.entryId] })],
)

/** What a client claimed under an `Idempotency-Key`; forgotten when those leases would have ended. */
export const claimKey = pgTable(
  'claim_key',
  {
    clientId: uuid('client_id')
      .notNull()
      .references(() => client.id),
    /** Of the key, and of the request that came with it. */
    hash: bytea('hash').notNull(),
    bodyHash: bytea('body_hash').notNull(),
    itemIds: uuid('item_ids').array().notNull(),
    /** Each in the place of its item. */
    fences: bigint('fences', { mode: 'number' }).array().notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.clientId, table.hash] }),
    index('claim_key_expires').on(table.expiresAt),
  ],
)

/**
 * What became of items, in the order in which it did in each case: ids and types, and nothing else. A trigger writes
 * it in the statement of each act (0001_access.sql), nobody changes it, and after some days it is forgotten.
 */
export const triageChange = pgTable(
  'triage_change',
  {
    /**
     * Below the horizon of a snapshot once nothing can come before it any more: the id of the transaction, or the
     * latest that had ended when it wrote this, whichever is higher.
     */
    position: bigint('position', { mode: 'number' }).notNull(),
    number: bigint('number', { mode: 'number' }).notNull().generatedByDefaultAsIdentity(),
    type: text('type').notNull(),
    itemId: uuid('item_id').notNull(),
    caseId: uuid('case_id').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.position, table.number] })],
)

/** The leases of items that have ended. A trigger writes them in the statement of each act, and nobody changes them. */
export const triageAttempt = pgTable(
  'triage_attempt',
  {
    itemId: uuid('item_id').notNull(),
    /** That was given with the lease. */
    fence: bigint('fence', { mode: 'number' }).notNull(),
    clientId: uuid('client_id').notNull(),
    /** When the work began. Who was handed the item has it from the end of the attempt before. */
    claimedAt: instant('claimed_at').notNull(),
    endedAt: instant('ended_at').notNull(),
    /** One of `attemptEndings` (triage/change.ts). */
    ending: text('ending').notNull(),
  },
  (table) => [primaryKey({ columns: [table.itemId, table.fence] })],
)

/** Immediate items that nobody holds, as the background work last found them: people are told of these. */
export const unheldItem = pgTable('unheld_item', {
  itemId: uuid('item_id').primaryKey(),
  /** As found. If it has risen, somebody held the item meanwhile. */
  fence: bigint('fence', { mode: 'number' }).notNull(),
  since: instant('since').notNull(),
  /** Who was told: nobody, those on duty, or others too (triage/lease.ts). */
  told: smallint('told').notNull().default(0),
})

/** Mails that are still to be sent: at most one at each step to each address, whatever it is about. */
export const dutyMail = pgTable(
  'duty_mail',
  {
    step: smallint('step').notNull(),
    /** Addresses stand in the configuration alone. */
    addressSha256: bytea('address_sha256').notNull(),
    /** Rises with each reason to send it. */
    number: bigint('number', { mode: 'number' }).notNull().default(0),
    attempts: smallint('attempts').notNull().default(0),
    notBefore: instant('not_before').notNull(),
  },
  (table) => [primaryKey({ columns: [table.step, table.addressSha256] })],
)
