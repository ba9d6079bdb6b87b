/**
 * The keys that the authorization server signs access tokens with: rows of `token_key`, each a JWE (RFC 7516)
 * under the key of TOKEN_SEAL_FILE. Whoever writes to the table without that key makes
 * nothing that a replica believes; a row that does not open is passed over, so that another seal file is also
 * how all keys are ended at once.
 *
 * A key signs for a week. Its successor is published some minutes before it signs, because replicas and
 * others keep the list for a while, and what a key signed counts for a day more.
 */
import { createPublicKey, randomBytes } from 'node:crypto'
import type { Database, Tx } from '../database/connect.ts'
import { iso } from '../database/iso.ts'
import { takeTurn } from '../database/lock.ts'
import { decodeBase64url, encodeBase64url } from '../protocol/bytes.ts'
import { newId } from '../protocol/uuid.ts'

export type TokenKey = {
  readonly kid: string
  /** With its private half. */
  readonly jwk: Readonly<Record<string, unknown>>
  readonly publicPem: string
  readonly signsFrom: Date
  readonly endsAt: Date
}

/** Reads what TOKEN_SEAL_FILE holds. @throws Refusal for anything but 32 bytes in base64url */
export function readSealKey(text: string): Uint8Array {
  return decodeBase64url(text.trim(), 32)
}

/** What such a file is to hold. */
export function newSealKey(): string {
  return `${encodeBase64url(randomBytes(32))}\n`
}

export type TokenKeys = ReturnType<typeof createTokenKeys>

const signsMs = 7 * 86_400_000
const publishedAheadMs = 10 * 60_000
const outlivesMs = 86_400_000
/** A replica learns of another's new key in time: well before it signs. */
const keptMs = 60_000
/** A token may name a key that was made a moment ago; garbage may name any, and reads no table for it. */
const lookAgainMs = 5_000

type Row = Readonly<Record<'kid' | 'sealed' | 'signsFrom' | 'endsAt', string>>

type Kept = { readonly keys: Promise<readonly TokenKey[]>; readonly at: number }

/** @param sealKey - 32 bytes */
export function createTokenKeys(database: Database, sealKey: Uint8Array) {
  let kept: Kept | undefined

  function keysNoOlderThan(ms: number): Promise<readonly TokenKey[]> {
    const now = performance.now()
    if (kept && now - kept.at < ms) return kept.keys
    const keys = load(database, sealKey)
    kept = { keys, at: now }
    keys.catch(() => {
      kept = undefined
    })
    return keys
  }

  return {
    /** All whose signatures count, the one that signs first. There is always one. */
    list: () => keysNoOlderThan(keptMs),

    /** The public half of a key in PEM. `undefined` for a key that is not, or no longer, of this list. */
    async publicPemOf(kid: string): Promise<string | undefined> {
      const find = (keys: readonly TokenKey[]) =>
        keys.find((key) => key.kid === kid && key.endsAt.getTime() > Date.now())?.publicPem
      return find(await keysNoOlderThan(keptMs)) ?? find(await keysNoOlderThan(lookAgainMs))
    },
  }
}

async function load(database: Database, sealKey: Uint8Array): Promise<readonly TokenKey[]> {
  return database.inTransaction({ kind: 'system', request: newId() }, async (tx) => {
    const found = await standing(tx, sealKey)
    if (!isDue(found, tx.now)) return inOrder(found, tx.now)
    // Two replicas at once: the second finds the key of the first.
    await takeTurn(tx, 'token keys')
    const keys = await standing(tx, sealKey)
    if (!isDue(keys, tx.now)) return inOrder(keys, tx.now)
    await tx.sql`delete from token_key where ends_at < now()`
    const delayMs = keys.length === 0 ? 0 : publishedAheadMs
    const made = await make(new Date(tx.now.getTime() + delayMs), sealKey)
    await tx.sql`
      insert into token_key (kid, sealed, created_at, signs_from, ends_at)
      values (${made.key.kid}, ${made.sealed}, ${tx.now.toISOString()},
              ${made.key.signsFrom.toISOString()}, ${made.key.endsAt.toISOString()})`
    return inOrder([...keys, made.key], tx.now)
  })
}

async function standing(tx: Tx, sealKey: Uint8Array): Promise<TokenKey[]> {
  const rows = await tx.sql<Row[]>`
    select kid, sealed, ${iso(tx, 'signs_from')} as "signsFrom", ${iso(tx, 'ends_at')} as "endsAt"
    from token_key where ends_at > now() order by signs_from desc limit 10`
  const opened = await Promise.all(rows.map((row) => open(row, sealKey)))
  return opened.filter((key) => key !== undefined)
}

/** Whether the next key is to be made: before the newest has signed its week, and where there is none. */
function isDue(keys: readonly TokenKey[], now: Date): boolean {
  const newest = Math.max(...keys.map(({ signsFrom }) => signsFrom.getTime()))
  return now.getTime() >= newest + signsMs - publishedAheadMs
}

/** The newest that signs by now comes first; one that is only published yet, last. */
function inOrder(keys: readonly TokenKey[], now: Date): readonly TokenKey[] {
  const rank = ({ signsFrom }: TokenKey) =>
    signsFrom > now ? Number.NEGATIVE_INFINITY : signsFrom.getTime()
  return keys.toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(b) > rank(a) ? 1 : -1))
}

async function make(signsFrom: Date, sealKey: Uint8Array) {
  const { CompactEncrypt, calculateJwkThumbprint, exportJWK, generateKeyPair } = await import(
    'jose'
  )
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(privateKey)
  const kid = await calculateJwkThumbprint(jwk)
  const endsAt = new Date(signsFrom.getTime() + signsMs + outlivesMs)
  const sealed = await new CompactEncrypt(new TextEncoder().encode(JSON.stringify(jwk)))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid })
    .encrypt(sealKey)
  return { sealed, key: { kid, jwk, publicPem: publicPemOf(jwk), signsFrom, endsAt } }
}

async function open({ kid, sealed, signsFrom, endsAt }: Row, sealKey: Uint8Array) {
  const { compactDecrypt } = await import('jose')
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, sealKey, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    if (protectedHeader.kid !== kid) return undefined
    const jwk: TokenKey['jwk'] = JSON.parse(new TextDecoder().decode(plaintext))
    const times = { signsFrom: new Date(signsFrom), endsAt: new Date(endsAt) }
    return { kid, jwk, publicPem: publicPemOf(jwk), ...times }
  } catch {
    // Sealed under another key: one that was replaced, or a stranger's.
    return undefined
  }
}

function publicPemOf({ kty, crv, x, y }: Readonly<Record<string, unknown>>): string {
  const key = { kty, crv, x, y } as import('node:crypto').JsonWebKey
  return createPublicKey({ key, format: 'jwk' }).export({ type: 'spki', format: 'pem' }).toString()
}
