/** Which referrals are about one person. */
import { sql } from 'drizzle-orm'
import {
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  real,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'
import { referral } from './vault.ts'

export const referralCase = pgTable(
  'referral_case',
  {
    referralId: uuid('referral_id')
      .primaryKey()
      .references(() => referral.id),
    caseId: uuid('case_id').notNull(),
  },
  (table) => [index('referral_case_case').on(table.caseId)],
)

/** Referrals that the pairing step has yet to look at, or to look at again. */
export const pairing = pgTable(
  'pairing',
  {
    referralId: uuid('referral_id')
      .primaryKey()
      .references(() => referral.id),
    queuedAt: instant('queued_at').notNull(),
    /** One that fails is tried again later, and holds up nobody behind it. */
    attempts: smallint('attempts').notNull().default(0),
    notBefore: instant('not_before'),
  },
  (table) => [index('pairing_order').on(table.queuedAt, table.referralId)],
)

/**
 * The sealed notes about each referral: a chain, numbered from 1 without a gap. It belongs to the referral
 * and goes with it, whatever case that is in. None is changed or removed.
 */
export const note = pgTable(
  'note',
  {
    referralId: uuid('referral_id')
      .notNull()
      .references(() => referral.id),
    number: integer('number').notNull(),
    /** The canonical bytes of the whole (docs/PROTOCOL.md, "Notes"). */
    envelope: bytea('envelope').notNull(),
    storedAt: instant('stored_at').notNull(),
    /** Who wrote it: the entry of the access log. */
    entryId: uuid('entry_id').notNull(),
    /** SHA-256 of who judged what beside it: by this a repetition is known. None for one kept before. */
    besideSha256: bytea('beside_sha256'),
  },
  (table) => [primaryKey({ columns: [table.referralId, table.number] })],
)

/**
 * What is held of two referrals: are they about one person? A case is what current `same`
 * judgements connect. A new judgement ends the one before, which stays to be read.
 */
export const judgement = pgTable(
  'judgement',
  {
    id: uuid('id').primaryKey(),
    /** The lesser id of the two. */
    leftId: uuid('left_id')
      .notNull()
      .references(() => referral.id),
    rightId: uuid('right_id')
      .notNull()
      .references(() => referral.id),
    verdict: text('verdict', { enum: ['same', 'possible', 'unsure', 'different'] }).notNull(),
    basis: text('basis', { enum: ['keys', 'amendment', 'person'] }).notNull(),
    probability: real('probability'),
    /** `[{ type, because, bits }]`: why, without any value. */
    bits: jsonb('bits').notNull(),
    madeAt: instant('made_at').notNull(),
    endedAt: instant('ended_at'),
    /** Who took it, and when: the entry of the access log. */
    entryId: uuid('entry_id').notNull(),
    /** The case whose id went out of use when this judgement merged it into another. */
    mergedCaseId: uuid('merged_case_id'),
    /** The one of the two that was in it: after a split the id still leads to that one. */
    mergedReferralId: uuid('merged_referral_id'),
    /** The note that a person wrote beside it. It is about one referral, of either side. */
    noteReferralId: uuid('note_referral_id'),
    noteNumber: integer('note_number'),
  },
  (table) => [
    foreignKey({
      name: 'judgement_note',
      columns: [table.noteReferralId, table.noteNumber],
      foreignColumns: [note.referralId, note.number],
    }),
    uniqueIndex('judgement_current').on(table.leftId, table.rightId).where(sql`ended_at is null`),
    index('judgement_left').on(table.leftId),
    index('judgement_right').on(table.rightId),
    index('judgement_merged').on(table.mergedCaseId).where(sql`merged_case_id is not null`),
    index('judgement_open')
      .on(table.madeAt, table.id)
      .where(sql`ended_at is null and verdict in ('possible', 'unsure')`),
  ],
)

/** What a person should look at in a case, beside its questions; cleared when somebody has. */
export const caseFlag = pgTable(
  'case_flag',
  {
    id: uuid('id').primaryKey(),
    referralId: uuid('referral_id')
      .notNull()
      .references(() => referral.id),
    kind: text('kind', {
      enum: ['long', 'shared', 'replaced', 'full', 'unasked', 'withdrawal', 'message'],
    }).notNull(),
    at: instant('at').notNull(),
  },
  (table) => [
    unique('case_flag_once').on(table.referralId, table.kind),
    index('case_flag_order').on(table.at, table.id),
  ],
)
