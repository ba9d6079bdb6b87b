/** The access log. */
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'

export const auditEntry = pgTable(
  'audit_entry',
  {
    id: uuid('id').primaryKey(),
    at: instant('at').notNull(),
    action: text('action').notNull(),
    outcome: text('outcome', { enum: ['permitted', 'refused', 'failed'] }).notNull(),
    objectId: text('object_id'),
    /** RFC 8785 JSON: the bytes that the tree hashes. The columns beside it only serve filters. */
    leaf: bytea('leaf').notNull(),
  },
  (table) => [
    unique('audit_entry_at').on(table.at, table.id),
    // A longer one would make its whole bundle unreadable.
    check('audit_entry_short', sql`octet_length(leaf) <= 4096`),
    index('audit_entry_object').on(table.objectId, table.at, table.id),
    // What is rare is found without a walk through all that is not: refusals, and acts but those of each referral.
    index('audit_entry_refused').on(table.at, table.id).where(sql`outcome <> 'permitted'`),
    index('audit_entry_rare')
      .on(table.action, table.at, table.id)
      .where(
        sql`action not in ('referral.submitted', 'referral.paired', 'referral.opened', 'matching.evaluated')`,
      ),
    // The few after which witnesses are asked at once.
    index('audit_entry_published')
      .on(table.at)
      .where(sql`action = 'keyset.published' and outcome = 'permitted'`),
  ],
)

/** What the commitments of an entry commit to. Retention may empty a row; the log still stands. */
export const auditOpening = pgTable(
  'audit_opening',
  {
    entryId: uuid('entry_id')
      .primaryKey()
      .references(() => auditEntry.id),
    clientId: uuid('client_id'),
    organisationId: uuid('organisation_id'),
    /** What they were called when it was done. */
    clientLabel: text('client_label'),
    organisationLabel: text('organisation_label'),
    person: text('person'),
    actorSalt: bytea('actor_salt'),
    details: jsonb('details'),
    detailsSalt: bytea('details_salt'),
    /** Of an act that was not permitted what its entry says: its outcome, and when. */
    refusal: text('refusal', { enum: ['refused', 'failed'] }),
    refusedAt: instant('refused_at'),
  },
  (table) => [
    index('audit_opening_client').on(table.clientId),
    index('audit_opening_organisation').on(table.organisationId),
    // Their refusals, which are few among all that they did.
    index('audit_opening_client_refused')
      .on(table.clientId, table.refusal, table.refusedAt, table.entryId)
      .where(sql`refusal is not null`),
    index('audit_opening_organisation_refused')
      .on(table.organisationId, table.refusal, table.refusedAt, table.entryId)
      .where(sql`refusal is not null`),
    // Who has no more than a reference finds the referral by the entry of its submission.
    index('audit_opening_reference')
      .on(sql`(details ->> 'reference')`)
      .where(sql`details ->> 'reference' is not null`),
    // The ids that the acts of an entry name, as its store asks for them; of entries without acts nothing.
    index('audit_opening_acts')
      .using(
        'gin',
        sql`jsonb_path_query_array(details, '$.acts[*].* ? (@ like_regex "^[0-9a-f-]{36}$")')`,
      )
      .where(sql`details -> 'acts' -> 0 is not null`),
  ],
)

/** Entries that are not in the tree yet. A row comes in the statement of its entry, and the sequencer takes it. */
export const auditPending = pgTable(
  'audit_pending',
  {
    at: instant('at').notNull(),
    entryId: uuid('entry_id').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.at, table.entryId] }),
    foreignKey({
      name: 'audit_pending_entry',
      columns: [table.at, table.entryId],
      foreignColumns: [auditEntry.at, auditEntry.id],
    }),
  ],
)

/**
 * The logs, numbered from 1. One is open; a log that lost entries is closed and never continued. Whoever
 * appends to the tree holds the lock of the open row, and a checkpoint is served from it once it is committed.
 */
export const auditLog = pgTable(
  'audit_log',
  {
    n: integer('n').primaryKey(),
    /** `intake.example.org/v1/audit/logs/1`: the first line of its checkpoints. */
    origin: text('origin').notNull(),
    size: bigint('size', { mode: 'number' }).notNull().default(0),
    /** The newest checkpoint, a signed note (C2SP tlog-checkpoint); none before the first entry. */
    checkpoint: text('checkpoint'),
    signedAt: instant('signed_at'),
    /** The entry that this log begins with: why the log before was closed. */
    firstEntryId: uuid('first_entry_id').references(() => auditEntry.id),
    closedAt: instant('closed_at'),
  },
  (table) => [
    uniqueIndex('audit_log_open')
      .on(sql`(${table.closedAt} is null)`)
      .where(sql`closed_at is null`),
    check('audit_log_signed', sql`(size = 0) = (checkpoint is null)`),
    check('audit_log_signed_at', sql`(checkpoint is null) = (signed_at is null)`),
  ],
)

/** The place of each entry in a log. None is changed or removed. */
export const auditIndex = pgTable(
  'audit_index',
  {
    log: integer('log')
      .notNull()
      .references(() => auditLog.n),
    index: bigint('index', { mode: 'number' }).notNull(),
    entryId: uuid('entry_id')
      .notNull()
      .unique('audit_index_entry')
      .references(() => auditEntry.id),
  },
  (table) => [
    primaryKey({ columns: [table.log, table.index] }),
    check('audit_index_counted', sql`index >= 0`),
  ],
)

/** Hash tiles (C2SP tlog-tiles): 256 hashes once they are full. The last of each level grows. */
export const auditTile = pgTable(
  'audit_tile',
  {
    log: integer('log')
      .notNull()
      .references(() => auditLog.n),
    level: smallint('level').notNull(),
    n: bigint('n', { mode: 'number' }).notNull(),
    /** 32 bytes each. */
    hashes: bytea('hashes').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.log, table.level, table.n] }),
    check(
      'audit_tile_whole',
      sql`octet_length(hashes) % 32 = 0 and octet_length(hashes) between 32 and 8192`,
    ),
  ],
)

/** What witnesses signed: the checkpoint that each was shown, and its line below it (C2SP tlog-cosignature). */
export const auditCosignature = pgTable(
  'audit_cosignature',
  {
    log: integer('log')
      .notNull()
      .references(() => auditLog.n),
    size: bigint('size', { mode: 'number' }).notNull(),
    /** The name of the witness's key. */
    witness: text('witness').notNull(),
    checkpoint: text('checkpoint').notNull(),
    line: text('line').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.log, table.size, table.witness] })],
)
