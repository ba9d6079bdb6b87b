/**
 * What `intake keyset` and `intake directory` do on the host: drafts of the next signed documents,
 * and publishing what was signed elsewhere. Nothing is published that clients would refuse.
 */
import type { Database, Tx } from '../database/connect.ts'
import { Refusal, required } from '../errors.ts'
import { decodeBase64url, encodeBase64url } from '../protocol/bytes.ts'
import type { Accepted } from '../protocol/trust/chain.ts'
import { acceptDirectory, type Directory } from '../protocol/trust/directory.ts'
import { readPayload } from '../protocol/trust/jws.ts'
import { acceptKeyset, type Keyset, type Trust } from '../protocol/trust/keyset.ts'
import { directoryFaults, keysetFaults } from '../protocol/trust/rules.ts'
import { asAdministrator } from './administrator.ts'
import {
  insertDirectory,
  insertKeyset,
  selectNewestDirectory,
  selectNewestKeyset,
  selectReferrers,
} from './store.ts'

export type Publication = ReturnType<typeof createPublication>

export function createPublication(database: Database) {
  const { recorded } = asAdministrator(database)

  return {
    /** The directory that would follow the newest one, of all organisations with a key. */
    async draftDirectory(origin: string): Promise<Directory> {
      const { draft } = await recorded('directory.drafted', async (tx) => {
        const draft = await draftDirectory(tx, origin)
        return { draft, object: { kind: 'directory', id: String(draft.version) } }
      })
      return draft
    },

    /** The newest keyset, to draft the next one from; `undefined` before the first. */
    async newestKeyset(): Promise<Accepted<Keyset> | undefined> {
      const { newest } = await recorded('keyset.drafted', async (tx) => {
        const row = await selectNewestKeyset(tx)
        const newest = row && acceptedRow<Keyset>(row)
        return { newest, object: { kind: 'keyset', id: String(newest?.payload.version ?? 0) } }
      })
      return newest
    },

    /** Publishes a keyset that a pinned root signed and that follows the newest one. */
    async publishKeyset(jws: string, trust: Trust): Promise<number> {
      const { object } = await recorded('keyset.published', async (tx) => {
        const newest = await selectNewestKeyset(tx)
        const previous = newest && acceptedRow<Keyset>(newest)
        // After the first, a client pins the roots that the keyset before names: so do we.
        const rootKeys = previous?.payload.roots ?? trust.rootKeys
        const { keyset, sha256 } = acceptKeyset(jws, { ...trust, rootKeys }, undefined, tx.now)
        requireNext(keysetFaults(keyset, previous), keyset.version, newest?.version)
        await insertKeyset(tx, {
          version: keyset.version,
          jws,
          sha256: decodeBase64url(sha256, 32),
          revokes: keyset.revokes,
        })
        return { object: { kind: 'keyset', id: String(keyset.version), digest: sha256 } as const }
      })
      return Number(object.id)
    },

    /** Publishes a directory that the newest keyset's directory key signed. */
    async publishDirectory(jws: string): Promise<number> {
      const { object } = await recorded('directory.published', async (tx) => {
        const [keyset, newest] = [await selectNewestKeyset(tx), await selectNewestDirectory(tx)]
        if (!keyset) throw new Refusal('trust-invalid', 'publish a keyset first')
        const { payload } = acceptedRow<Keyset>(keyset)
        const accepted = acceptDirectory(jws, payload, undefined, tx.now)
        const previous = newest && acceptedRow<Directory>(newest)
        const faults = directoryFaults(accepted.directory, previous)
        requireNext(faults, accepted.directory.version, newest?.version)
        const { version } = accepted.directory
        const sha256 = decodeBase64url(accepted.sha256, 32)
        await insertDirectory(tx, { version, jws, sha256 })
        const object = { kind: 'directory', id: String(version), digest: accepted.sha256 } as const
        return { object }
      })
      return Number(object.id)
    },
  }
}

function acceptedRow<Payload>({ jws, sha256 }: { jws: string; sha256: Uint8Array }) {
  return { payload: readPayload<Payload>(jws), sha256: encodeBase64url(sha256) }
}

function requireNext(faults: readonly string[], version: number, newest: number | undefined): void {
  if (version !== (newest ?? 0) + 1) {
    const detail = `version ${version} does not follow version ${newest ?? 0}, the newest here`
    throw new Refusal('trust-rolled-back', detail)
  }
  if (faults.length > 0) throw new Refusal('trust-invalid', faults.join(' '))
}

async function draftDirectory(tx: Tx, origin: string): Promise<Directory> {
  const [newest, rows] = await Promise.all([selectNewestDirectory(tx), selectReferrers(tx)])
  const previous = newest && acceptedRow<Directory>(newest)
  const organisations = [...new Set(rows.map(({ organisation }) => organisation))]
  const referrers = organisations.map((id) => {
    const own = rows.filter(({ organisation }) => organisation === id)
    return {
      organisation: id,
      label: required(own[0], 'an organisation is of a row').label,
      signingKeys: own.map((key) => ({
        kid: key.kid,
        publicKey: encodeBase64url(key.publicKey),
        from: key.validFrom,
        ...(key.validUntil && { until: key.validUntil }),
        ...(key.compromisedFrom && { compromisedFrom: key.compromisedFrom }),
      })),
    }
  })
  return {
    origin,
    version: (previous?.payload.version ?? 0) + 1,
    ...(previous && { previous: previous.sha256 }),
    issuedAt: tx.now.toISOString(),
    referrers,
    grantees: previous?.payload.grantees ?? [],
  }
}
