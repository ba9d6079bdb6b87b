/** Organisations, their clients and keys; published keysets and directories. */
import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytea, instant } from './columns.ts'

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
