/**
 * The published documents, parsed. They were verified when they were published and never change, so
 * a parsed one may be kept: a replica that keeps none gives the same answers, only slower.
 */
import type { Tx } from '../database/connect.ts'
import type { Directory } from '../protocol/trust/directory.ts'
import { readPayload } from '../protocol/trust/jws.ts'
import type { Keyset } from '../protocol/trust/keyset.ts'
import { selectDirectory, selectKeyset, selectKeysetsBefore } from './store.ts'

/** A keyset, and the recipient keys that only earlier ones had. */
export type KeysetInHistory = { readonly keyset: Keyset; readonly retired: ReadonlySet<string> }

/** A deployment has a handful alive; each is some kilobytes. */
const documentsKeptMax = 16

export function createDocuments() {
  const keysets = new Map<number, KeysetInHistory>()
  const directories = new Map<number, Directory>()

  return {
    /** The keyset of a version that is known to be published. */
    async keyset(tx: Tx, version: number): Promise<KeysetInHistory> {
      return keysets.get(version) ?? keep(keysets, version, await loadKeyset(tx, version))
    },

    /** The directory of a version, or `undefined` where none is published yet. */
    async directory(tx: Tx, version: number | null | undefined): Promise<Directory | undefined> {
      if (version === undefined || version === null) return undefined
      const kept = directories.get(version)
      if (kept) return kept
      const row = await selectDirectory(tx, version)
      return row && keep(directories, version, readPayload<Directory>(row.jws))
    },
  }
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
