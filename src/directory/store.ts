import { eq, sql } from 'drizzle-orm'
import type { Tx } from '../database/connect.ts'
import { client, directory, keyset, organisation, signingKey } from '../database/schema.ts'
import type { Referrer } from '../protocol/trust/directory.ts'

/** How a keyset version stands today: all that sealing rules ask, in one statement. */
export async function selectKeysetStanding(tx: Tx, version: number) {
  const [row] = await tx.sql<
    {
      newest: number
      newestPublishedAt: string
      sha256: Uint8Array
      revoked: boolean
      directory: number
    }[]
  >`
    select newest.version as newest,
           newest.published_at as "newestPublishedAt",
           named.sha256,
           exists (select from keyset later where named.version = any (later.revokes)) as revoked,
           (select max(version) from directory) as directory
    from keyset named
    cross join (select version, published_at from keyset order by version desc limit 1) newest
    where named.version = ${version}`
  return row && { ...row, newestPublishedAt: new Date(row.newestPublishedAt) }
}

export async function selectKeyset(tx: Tx, version: number) {
  const [row] = await tx.db.select().from(keyset).where(eq(keyset.version, version))
  return row
}

export async function selectNewestKeyset(tx: Tx) {
  const [row] = await tx.db.select().from(keyset).orderBy(sql`version desc`).limit(1)
  return row
}

/** Only its number: the document itself is kept by whoever asks often. */
export async function selectNewestVersion(tx: Tx): Promise<number | undefined> {
  const [row] = await tx.sql<[{ version: number | null }]>`
    select max(version) as version from keyset`
  return row.version ?? undefined
}

/** Every keyset before `version`, the newest first: at most a few dozen in a deployment's life. */
export async function selectKeysetsBefore(tx: Tx, version: number) {
  return tx.db.select().from(keyset).where(sql`version < ${version}`).orderBy(sql`version desc`)
}

export async function selectNewestDirectory(tx: Tx) {
  const [row] = await tx.db.select().from(directory).orderBy(sql`version desc`).limit(1)
  return row
}

/** The SHA-256 of the newest directory, which anyone may know. */
export async function selectNewestDirectoryHash(tx: Tx): Promise<Uint8Array | undefined> {
  const [row] = await tx.sql<{ sha256: Uint8Array }[]>`
    select sha256 from directory order by version desc limit 1`
  return row?.sha256
}

/** What a directory says of the organisation as which the transaction acts. */
export async function selectOwnReferrer(tx: Tx, version: number): Promise<Referrer | undefined> {
  const [row] = await tx.sql<[{ referrer: Referrer | null }]>`
    select own_referrer(${version}) as referrer`
  return row.referrer ?? undefined
}

export async function insertKeyset(tx: Tx, row: typeof keyset.$inferInsert) {
  await tx.db.insert(keyset).values(row)
}

export async function insertDirectory(tx: Tx, row: typeof directory.$inferInsert) {
  await tx.db.insert(directory).values(row)
}

/** A client and whether it may call now: its own switch and its organisation's. */
export async function selectClient(tx: Tx, id: string) {
  const [row] = await tx.db
    .select({
      id: client.id,
      organisationId: client.organisationId,
      kind: client.kind,
      scopes: client.scopes,
      kids: client.kids,
      disabled: sql<boolean>`${client.disabledAt} is not null or ${organisation.disabledAt} is not null`,
    })
    .from(client)
    .innerJoin(organisation, eq(organisation.id, client.organisationId))
    .where(eq(client.id, id))
  return row
}

export async function insertOrganisation(tx: Tx, row: typeof organisation.$inferInsert) {
  await tx.db.insert(organisation).values(row)
}

export async function selectOrganisation(tx: Tx, id: string) {
  const [row] = await tx.db.select().from(organisation).where(eq(organisation.id, id))
  return row
}

export async function insertClient(tx: Tx, row: typeof client.$inferInsert) {
  await tx.db.insert(client).values(row)
}

export async function insertSigningKey(tx: Tx, row: typeof signingKey.$inferInsert) {
  await tx.db.insert(signingKey).values(row)
}

/** Both answer whether there was one to disable. */
export async function disableClient(tx: Tx, id: string): Promise<boolean> {
  const change = { disabledAt: sql`coalesce(${client.disabledAt}, now())` }
  const rows = await tx.db.update(client).set(change).where(eq(client.id, id)).returning()
  return rows.length > 0
}

export async function disableOrganisation(tx: Tx, id: string): Promise<boolean> {
  const change = { disabledAt: sql`coalesce(${organisation.disabledAt}, now())` }
  const rows = await tx.db
    .update(organisation)
    .set(change)
    .where(eq(organisation.id, id))
    .returning()
  return rows.length > 0
}

/** Notes when a key's signatures stop counting; answers whether there is such a key. */
export async function endSigningKey(
  tx: Tx,
  kid: string,
  { until, compromisedFrom }: { readonly until?: Date; readonly compromisedFrom?: Date },
): Promise<boolean> {
  // A key that had ended stays ended: saying it again must not let in what lies between.
  const validUntil = until ?? sql`least(coalesce(${signingKey.validUntil}, now()), now())`
  const change = { validUntil, ...(compromisedFrom && { compromisedFrom }) }
  const rows = await tx.db.update(signingKey).set(change).where(eq(signingKey.kid, kid)).returning()
  return rows.length > 0
}

/** Organisations and their keys: what the next directory draft says. */
export async function selectReferrers(tx: Tx) {
  return tx.db
    .select({ organisation, signingKey })
    .from(organisation)
    .innerJoin(signingKey, eq(signingKey.organisationId, organisation.id))
    .orderBy(organisation.label, signingKey.validFrom)
}

export async function selectClients(tx: Tx) {
  return tx.db
    .select({ client, organisation: organisation.label })
    .from(client)
    .innerJoin(organisation, eq(organisation.id, client.organisationId))
    .orderBy(organisation.label, client.label)
}
