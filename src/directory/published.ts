/**
 * The published documents, parsed. They were verified when they were published and never change, so
 * a parsed one may be kept: a replica that keeps none gives the same answers, only slower.
 */
import type { Database, Tx } from '../database/connect.ts'
import type { Directory } from '../protocol/trust/directory.ts'
import { readPayload } from '../protocol/trust/jws.ts'
import type { Keyset } from '../protocol/trust/keyset.ts'
import { selectDirectory, selectKeyset, selectKeysetsBefore } from './store.ts'

/** A keyset, and the recipient keys that only earlier ones had. */
export type KeysetInHistory = { readonly keyset: Keyset; readonly retired: ReadonlySet<string> }

/** A deployment has a handful alive; each is some kilobytes. */
const documentsKeptMax = 16

type Kept = {
  readonly keysets: Map<number, KeysetInHistory>
  readonly directories: Map<number, Directory>
}

/** By database, because two have other documents of one version; it goes with its database. */
const keptOf = new WeakMap<Database, Kept>()

/** The keyset of a version that is known to be published. */
export async function publishedKeyset(tx: Tx, version: number): Promise<KeysetInHistory> {
  const { keysets } = keptIn(tx)
  return keysets.get(version) ?? keep(keysets, version, await loadKeyset(tx, version))
}

/** The directory of a version, or `undefined` where none is published yet. */
export async function publishedDirectory(
  tx: Tx,
  version: number | null | undefined,
): Promise<Directory | undefined> {
  if (version === undefined || version === null) return undefined
  const { directories } = keptIn(tx)
  const kept = directories.get(version)
  if (kept) return kept
  const row = await selectDirectory(tx, version)
  return row && keep(directories, version, readPayload<Directory>(row.jws))
}

function keptIn({ database }: Tx): Kept {
  const kept = keptOf.get(database) ?? { keysets: new Map(), directories: new Map() }
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

function keep<Value>(kept: Map<number, Value>, version: number, value: Value): Value {
  const oldest = kept.size >= documentsKeptMax ? kept.keys().next().value : undefined
  if (oldest !== undefined) kept.delete(oldest)
  kept.set(version, value)
  return value
}
