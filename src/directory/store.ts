import type { Scope } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
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
           ${iso(tx, 'newest.published_at')} as "newestPublishedAt",
           named.sha256,
           exists (select from keyset later where named.version = any (later.revokes)) as revoked,
           (select max(version) from directory) as directory
    from keyset named
    cross join (select version, published_at from keyset order by version desc limit 1) newest
    where named.version = ${version}`
  return row && { ...row, newestPublishedAt: new Date(row.newestPublishedAt) }
}

/** A published document: the JWS as it was signed, and the SHA-256 of its payload. */
export type Published = {
  readonly version: number
  readonly jws: string
  readonly sha256: Uint8Array
}

export async function selectKeyset(tx: Tx, version: number): Promise<Published | undefined> {
  const [row] = await tx.sql<Published[]>`
    select version, jws, sha256 from keyset where version = ${version}`
  return row
}

export async function selectNewestKeyset(tx: Tx): Promise<Published | undefined> {
  const [row] = await tx.sql<Published[]>`
    select version, jws, sha256 from keyset order by version desc limit 1`
  return row
}

/** Only its number: the document itself is kept by whoever asks often. */
export async function selectNewestVersion(tx: Tx): Promise<number | undefined> {
  const [row] = await tx.sql<[{ version: number | null }]>`
    select max(version) as version from keyset`
  return row.version ?? undefined
}

/** Every keyset before `version`, the newest first: at most a few dozen in a deployment's life. */
export async function selectKeysetsBefore(tx: Tx, version: number): Promise<Published[]> {
  return tx.sql<Published[]>`
    select version, jws, sha256 from keyset where version < ${version} order by version desc`
}

export async function selectNewestDirectory(tx: Tx): Promise<Published | undefined> {
  const [row] = await tx.sql<Published[]>`
    select version, jws, sha256 from directory order by version desc limit 1`
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

/** Published at the time of the transaction. */
export async function insertKeyset(
  tx: Tx,
  { version, jws, sha256, revokes }: Published & { readonly revokes: readonly number[] },
): Promise<void> {
  await tx.sql`
    insert into keyset (version, jws, sha256, revokes, published_at)
    values (${version}, ${jws}, ${sha256}, ${revokes as number[]}::int[], ${tx.now.toISOString()})`
}

/** Published at the time of the transaction. */
export async function insertDirectory(tx: Tx, { version, jws, sha256 }: Published): Promise<void> {
  await tx.sql`
    insert into directory (version, jws, sha256, published_at)
    values (${version}, ${jws}, ${sha256}, ${tx.now.toISOString()})`
}

type Client = {
  readonly id: string
  readonly organisationId: string
  readonly kind: 'partner' | 'internal' | 'auditor'
  readonly scopes: Scope[]
  readonly kids: string[]
}

/** A client and whether it may call now: its own switch and its organisation's. */
type Named = { readonly label: string; readonly organisationLabel: string }

export async function selectClient(tx: Tx, id: string) {
  const [row] = await tx.sql<(Client & Named & { readonly disabled: boolean })[]>`
    select c.id, c.organisation_id as "organisationId", c.kind, c.scopes, c.kids,
           c.label, o.label as "organisationLabel",
           c.disabled_at is not null or o.disabled_at is not null as disabled
    from client c join organisation o on o.id = c.organisation_id
    where c.id = ${id}`
  return row
}

export async function insertOrganisation(tx: Tx, id: string, label: string): Promise<void> {
  await tx.sql`insert into organisation (id, label) values (${id}, ${label})`
}

/** Whether there is one. */
export async function isOrganisation(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.sql`select from organisation where id = ${id}`
  return rows.length > 0
}

export async function insertClient(tx: Tx, client: Client & { readonly label: string }) {
  const { id, organisationId, label, kind, scopes, kids } = client
  await tx.sql`
    insert into client (id, organisation_id, label, kind, scopes, kids)
    values (${id}, ${organisationId}, ${label}, ${kind}, ${scopes}::text[], ${kids}::text[])`
}

export type SigningKey = {
  readonly kid: string
  readonly publicKey: Uint8Array
  readonly validFrom: Date
  readonly validUntil: Date | null
  readonly compromisedFrom: Date | null
}

export async function insertSigningKey(
  tx: Tx,
  organisationId: string,
  { kid, publicKey, validFrom, validUntil }: Omit<SigningKey, 'compromisedFrom'>,
): Promise<void> {
  await tx.sql`
    insert into signing_key (kid, organisation_id, public_key, valid_from, valid_until)
    values (${kid}, ${organisationId}, ${publicKey}, ${validFrom.toISOString()},
            ${validUntil?.toISOString() ?? null})`
}

/** Whether a key of that id was ever recorded. */
export async function isSigningKey(tx: Tx, kid: string): Promise<boolean> {
  const rows = await tx.sql`select from signing_key where kid = ${kid}`
  return rows.length > 0
}

/** Returns whether there was one to disable; one that was disabled stays so since then. */
export async function disableClient(tx: Tx, id: string): Promise<boolean> {
  const { count } = await tx.sql`
    update client set disabled_at = coalesce(disabled_at, now()) where id = ${id}`
  return count > 0
}

/** The same of an organisation. */
export async function disableOrganisation(tx: Tx, id: string): Promise<boolean> {
  const { count } = await tx.sql`
    update organisation set disabled_at = coalesce(disabled_at, now()) where id = ${id}`
  return count > 0
}

/** Notes when a key's signatures stop counting; returns whether there is such a key. */
export async function endSigningKey(
  tx: Tx,
  kid: string,
  { until, compromisedFrom }: { readonly until?: Date; readonly compromisedFrom?: Date },
): Promise<boolean> {
  // A key that had ended stays ended: saying it again must not let in what lies between.
  const { count } = await tx.sql`
    update signing_key
    set valid_until = coalesce(${until?.toISOString() ?? null}::timestamptz,
                               least(coalesce(valid_until, now()), now())),
        compromised_from = coalesce(${compromisedFrom?.toISOString() ?? null}::timestamptz,
                                    compromised_from)
    where kid = ${kid}`
  return count > 0
}

/** Organisations and their keys: what the next directory draft says. */
export async function selectReferrers(tx: Tx) {
  const rows = await tx.sql<
    (Record<'organisation' | 'label' | 'kid' | 'validFrom', string> &
      Record<'validUntil' | 'compromisedFrom', string | null> & { publicKey: Uint8Array })[]
  >`
    select o.id as organisation, o.label, k.kid, k.public_key as "publicKey",
           ${iso(tx, 'k.valid_from')} as "validFrom", ${iso(tx, 'k.valid_until')} as "validUntil",
           ${iso(tx, 'k.compromised_from')} as "compromisedFrom"
    from organisation o join signing_key k on k.organisation_id = o.id
    order by o.label, k.valid_from`
  return rows
}

/** All clients, with their organisations' labels. */
export async function selectClients(tx: Tx) {
  return tx.sql<
    (Client & Record<'label' | 'organisation', string> & { disabledAt: string | null })[]
  >`
    select c.id, c.organisation_id as "organisationId", c.label, c.kind, c.scopes, c.kids,
           ${iso(tx, 'c.disabled_at')} as "disabledAt", o.label as organisation
    from client c join organisation o on o.id = c.organisation_id
    order by o.label, c.label`
}

/** Whether an organisation has, or had, this signing key. */
export async function isDirectoryKey(tx: Tx, kid: string): Promise<boolean> {
  const [row] = await tx.sql<[{ known: boolean }]>`select is_directory_key(${kid}) as known`
  return row.known
}
