/** Referrals: sealed, stored once. */
import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
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
import { client, keyset, organisation } from './directory.ts'

export const referral = pgTable(
  'referral',
  {
    id: uuid('id').primaryKey(),
    organisationId: uuid('organisation_id').references(() => organisation.id),
    receiptHash: bytea('receipt_hash'),
    /** Seven digits and a check digit, to say on the telephone; it opens nothing. */
    reference: text('reference').notNull().unique(),
    receivedAt: instant('received_at').notNull(),
    /** One of `states` (referral/codes/state.ts). */
    state: text('state').notNull(),
    declineReason: text('decline_reason'),
    /** What its referrer is shown, who is not to see when it was first claimed. */
    shownState: text('shown_state')
      .notNull()
      .generatedAlwaysAs(sql`case state when 'in_triage' then 'received' else state end`),
    /** Since when that is shown, and the transaction that wrote it: a trigger writes both (0001_access.sql). */
    shownAt: instant('shown_at').notNull(),
    shownBy: bigint('shown_by', { mode: 'number' }).notNull(),
    /** The JCS of the header, as it was signed. */
    header: bytea('header').notNull(),
    keysetVersion: integer('keyset_version')
      .notNull()
      .references(() => keyset.version),
    signer: text('signer').notNull(),
    signature: bytea('signature').notNull(),
    /** With the signature, what "the same bytes again" means. */
    envelopeHash: bytea('envelope_hash').notNull(),
    matchingHash: bytea('matching_hash'),
    /**
     * The JCS of the hashes of the compartments by name, as they were signed. Made again from stored bytes,
     * one that has changed would break the signature of all; kept, it is found by its own.
     */
    sealedHashes: bytea('sealed_hashes').notNull(),
    /** The JCS of the hashes of the wraps by kid: signed, so they outlive a wrap that is revoked. */
    wrapHashes: bytea('wrap_hashes').notNull(),
    supersedes: uuid('supersedes'),
    entryId: uuid('entry_id').notNull(),
    /**
     * Whose hand it is by: an organisation, or a receipt with the key that is derived from it; nobody's once erased. A
     * trigger writes it (0001_access.sql). Generated, it would be held to change with each answer, for other triggers may
     * change what it is made of: then an answer waits for whoever only refers to the referral.
     */
    sender: text('sender').notNull(),
  },
  (table) => [
    // Of two amendments sent at once only one follows; a stranger's cannot take its place.
    unique('referral_supersedes').on(table.sender, table.supersedes),
    // An amendment is merged with what it amends without any match key: only by the same hand.
    unique('referral_own').on(table.sender, table.id),
    foreignKey({
      name: 'referral_amends_own',
      columns: [table.sender, table.supersedes],
      foreignColumns: [table.sender, table.id],
    }),
    index('referral_receipt').on(table.receiptHash).where(sql`receipt_hash is not null`),
    // What became of an organisation's referrals, in the order in which it is read.
    index('referral_shown')
      .on(table.organisationId, table.shownBy, table.id)
      .where(sql`organisation_id is not null`),
    check(
      'referral_sender',
      sql`sender = coalesce(organisation_id::text, encode(receipt_hash, 'hex') || ' ' || signer, id::text)`,
    ),
    // Erased is what keeps nothing of what was sent but its hash, and nothing else is.
    check(
      'referral_erased',
      sql`case when state = 'erased'
        then octet_length(header || signature || sealed_hashes || wrap_hashes) = 0 and signer = ''
          and num_nonnulls(receipt_hash, matching_hash, supersedes, decline_reason) = 0
        else octet_length(header) > 0 end`,
    ),
  ],
)

/**
 * The referrals of people without an account that were neither handed out nor answered yet: how many fit on the
 * disk is limited. A row goes with the act that opens its referral, and with it from where that came.
 */
export const unopened = pgTable('unopened', {
  referralId: uuid('referral_id')
    .primaryKey()
    .references(() => referral.id),
  /** As in `challenge_block`; none where people share an exit that is known. */
  block: bytea('block'),
})

/** All compartments of a referral in one row: they come together, and go together. */
export const compartment = pgTable(
  'compartment',
  {
    referralId: uuid('referral_id')
      .primaryKey()
      .references(() => referral.id),
    names: text('names').array().notNull(),
    /** Each in the place of its name. */
    sealed: bytea('sealed').array().notNull(),
  },
  ({ names, sealed }) => [
    check('compartment_whole', sql`cardinality(${names}) = cardinality(${sealed})`),
  ],
)

export const wrap = pgTable(
  'wrap',
  {
    referralId: uuid('referral_id')
      .notNull()
      .references(() => referral.id),
    kid: text('kid').notNull(),
    encapsulated: bytea('encapsulated').notNull(),
    sealedKeys: bytea('sealed_keys').notNull(),
    /** Of a wrap that was granted after the sealing, and of no other: the grant, as it was signed. */
    grantedCompartments: text('granted_compartments').array(),
    grantedBy: text('granted_by'),
    grantedAt: text('granted_at'),
    grantedUntil: text('granted_until'),
    grantSignature: bytea('grant_signature'),
    /** From then on it is withheld, and soon deleted: the earliest end of the grant, its giver and its reader. */
    endsAt: instant('ends_at'),
  },
  (table) => [
    primaryKey({ columns: [table.referralId, table.kid] }),
    // What a lost key opens.
    index('wrap_kid').on(table.kid, table.referralId),
    index('wrap_ends').on(table.endsAt).where(sql`ends_at is not null`),
    check(
      'wrap_granted_whole',
      sql`num_nulls(granted_compartments, granted_by, granted_at, grant_signature) in (0, 4)
          and (grant_signature is not null or granted_until is null and ends_at is null)`,
    ),
  ],
)

/**
 * Each urgency higher than what stood that a recipient stated of a referral it had opened, with its
 * signature. The highest stands; none is changed or removed.
 */
export const urgencyStatement = pgTable(
  'urgency_statement',
  {
    referralId: uuid('referral_id')
      .notNull()
      .references(() => referral.id),
    urgency: text('urgency', { enum: ['immediate', 'urgent', 'soon', 'standard'] }).notNull(),
    /** The version of the urgency rules that were applied. */
    rules: integer('rules').notNull(),
    /** By the recipient's clock, in the form in which it was signed. */
    at: text('at').notNull(),
    signer: text('signer').notNull(),
    signature: bytea('signature').notNull(),
    storedAt: instant('stored_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.referralId, table.urgency] })],
)

/** How many referrals each client opened without a claim in the hour that began with the first of them. */
export const openingBudget = pgTable(
  'opening_budget',
  {
    clientId: uuid('client_id')
      .primaryKey()
      .references(() => client.id),
    beganAt: instant('began_at').notNull(),
    openings: integer('openings').notNull(),
  },
  () => [check('opening_budget_spent', sql`openings > 0`)],
)
