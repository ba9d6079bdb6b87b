/**
 * Every table on one page, which is why it is a long one. Who may see and write which row stands in
 * `migrations/*_access.sql`: row-level security is not drizzle's to describe.
 *
 * What a referrer sealed or signed is stored as bytes and never `jsonb`, which would keep the
 * meaning and lose the bytes that were signed.
 */
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  customType,
  date,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  real,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'

const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
})

/** Milliseconds, because that is what a client's clock and an audit leaf can say back to us. */
const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

// directory: organisations, clients, keys; published keysets and directories

export const organisation = pgTable('organisation', {
  id: uuid('id').primaryKey(),
  label: text('label').notNull(),
  disabledAt: instant('disabled_at'),
})

export const client = pgTable('client', {
  id: uuid('id').primaryKey(),
  organisationId: uuid('organisation_id')
    .notNull()
    .references(() => organisation.id),
  label: text('label').notNull(),
  kind: text('kind', { enum: ['partner', 'internal', 'auditor'] }).notNull(),
  scopes: text('scopes').array().notNull(),
  /** The recipient keys it may claim and open for. */
  kids: text('kids').array().notNull().default(sql`'{}'`),
  disabledAt: instant('disabled_at'),
})

/** What the next directory draft is written from; recipients believe only the signed directory. */
export const signingKey = pgTable('signing_key', {
  kid: text('kid').primaryKey(),
  organisationId: uuid('organisation_id')
    .notNull()
    .references(() => organisation.id),
  publicKey: bytea('public_key').notNull(),
  validFrom: instant('valid_from').notNull(),
  validUntil: instant('valid_until'),
  compromisedFrom: instant('compromised_from'),
})

/** What a client signs its assertions with (RFC 7523): a public key, known by its RFC 7638 thumbprint. */
export const clientKey = pgTable(
  'client_key',
  {
    kid: text('kid').primaryKey(),
    clientId: uuid('client_id')
      .notNull()
      .references(() => client.id),
    jwk: jsonb('jwk').notNull(),
    alg: text('alg', { enum: ['ES256', 'Ed25519'] }).notNull(),
    validFrom: instant('valid_from').notNull(),
    validUntil: instant('valid_until'),
  },
  (table) => [index('client_key_client').on(table.clientId)],
)

export const keyset = pgTable('keyset', {
  version: integer('version').primaryKey(),
  jws: text('jws').notNull(),
  sha256: bytea('sha256').notNull(),
  revokes: integer('revokes').array().notNull(),
  publishedAt: instant('published_at').notNull(),
})

export const directory = pgTable('directory', {
  version: integer('version').primaryKey(),
  jws: text('jws').notNull(),
  sha256: bytea('sha256').notNull(),
  publishedAt: instant('published_at').notNull(),
})

// access: what the authorization server signs with, and what counts once

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

// referrals: sealed, stored once

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

// documents: sealed files, which stand in a folder beside the database

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

// matching: values that are equal for equal people, and say nothing else

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

// triage: the open work on a case

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

// webhooks: endpoints of clients, told what became of items

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

// cases: which referrals are about one person

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

// messages: between whoever sent a referral and its recipients

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

// audit: the access log

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
