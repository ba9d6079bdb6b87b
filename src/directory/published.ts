/**
 * The published documents, parsed. They were verified when they were published and never change, so
 * a parsed one may be kept: a replica that keeps none gives the same answers, only slower.
 */
import type { Database, Tx } from '../database/connect.ts'
import type { Referrer } from '../protocol/trust/directory.ts'
import { readPayload } from '../protocol/trust/jws.ts'
import type { Keyset } from '../protocol/trust/keyset.ts'
import { selectKeyset, selectKeysetsBefore, selectOwnReferrer } from './store.ts'

/** A keyset, and the recipient keys that only earlier ones had. */
export type KeysetInHistory = { readonly keyset: Keyset; readonly retired: ReadonlySet<string> }

/** A deployment has a handful alive; each is some kilobytes. */
const keysetsKeptMax = 16
/** For each organisation that sends, what is said of it: its keys, at most 8 KB, or that it is not named. */
const referrersKeptMax = 512

type Kept = {
  readonly keysets: Map<number, KeysetInHistory>
  /** By version and organisation. */
  readonly referrers: Map<string, Referrer | undefined>
}

/** By database, because two have other documents of one version; it goes with its database. */
const keptOf = new WeakMap<Database, Kept>()

/** The keyset of a version that is known to be published. */
export async function publishedKeyset(tx: Tx, version: number): Promise<KeysetInHistory> {
  const { keysets } = keptIn(tx)
  return (
    keysets.get(version) ?? keep(keysets, keysetsKeptMax, version, await loadKeyset(tx, version))
  )
}

/**
 * What the directory of a version says of the caller's own organisation: `undefined` where it does not
 * name it, or where none is published yet. The rest of it names others, and is not the caller's to read.
 */
export async function ownReferrer(
  tx: Tx,
  version: number | null | undefined,
  organisation: string,
): Promise<Referrer | undefined> {
  if (version === undefined || version === null) return undefined
  const { referrers } = keptIn(tx)
  const key = `${version} ${organisation}`
  // "Not named" is kept as well: to find it out the whole directory is parsed.
  if (referrers.has(key)) return referrers.get(key)
  return keep(referrers, referrersKeptMax, key, await selectOwnReferrer(tx, version))
}

function keptIn({ database }: Tx): Kept {
  const kept = keptOf.get(database) ?? { keysets: new Map(), referrers: new Map() }
  keptOf.set(database, kept)
  return kept
}

async function loadKeyset(tx: Tx, version: number): Promise<KeysetInHistory> {
  const [row, earlier] = await Promise.all([
    selectKeyset(tx, version),
    selectKeysetsBefore(tx, version),
  ])
  if (!row) throw new Error(`keyset ${version} is named by a row and is gone`)
  const keysetOf = ({ jws }: { jws: string }) => readPayload<Keyset>(jws)
  const retired = earlier.flatMap((older) => keysetOf(older).recipients.map(({ kid }) => kid))
  return { keyset: keysetOf(row), retired: new Set(retired) }
}

function keep<Key, Value>(kept: Map<Key, Value>, max: number, key: Key, value: Value): Value {
  const oldest = kept.size >= max ? kept.keys().next().value : undefined
  if (oldest !== undefined) kept.delete(oldest)
  kept.set(key, value)
  return value
}
