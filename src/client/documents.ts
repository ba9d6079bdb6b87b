/**
 * The two signed documents as one client knows them (protocol.md section 2): fetched from a server
 * that is not believed, verified against pinned roots, and never older than what was seen before.
 *
 * The newest keyset says which roots to pin from then on, so these are remembered with it. Trust that
 * was configured anew, with a `minimumVersion` above what was seen, comes before that memory.
 */
import { Refusal } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { type AcceptedDirectory, acceptDirectory } from '../protocol/directory.ts'
import { payloadBytes, readPayload } from '../protocol/jws.ts'
import {
  type AcceptedKeyset,
  acceptKeyset,
  type Keyset,
  keysetChain,
  Trust,
} from '../protocol/keyset.ts'
import { sha256 } from '../protocol/sodium.ts'
import { schemaProblems } from '../referral/problems.ts'
import type { Memory } from './memory.ts'
import {
  DirectoryAnswer,
  KeysetAnswer,
  readAnswer,
  readMemory,
  SeenDirectory,
  SeenKeyset,
} from './schemas.ts'
import type { Transport } from './transport.ts'

export type DocumentsOptions = { transport: Transport; trust: Trust; memory: Memory }
export type Documents = ReturnType<typeof createDocuments>

/** A published keyset is used by all clients within so long. */
const keptMs = 5 * 60_000
/** What does not open asks for fresh documents, but not more often than this. */
const refreshMsMin = 10_000
/** A client further behind is given new trust by a person. */
const versionsBehindMax = 100

type Known = { accepted: AcceptedKeyset; directorySha256: string | undefined }

/** @throws Error for a `trust` of the wrong form */
export function createDocuments({ transport, trust, memory }: DocumentsOptions) {
  const [fault] = schemaProblems(Trust, trust)
  if (fault) throw new Error(`trust${fault.pointer} ${fault.detail}`)

  const keysetName = `keyset ${trust.origin}`
  const directoryName = `directory ${trust.origin}`
  let known: Promise<Known> | undefined
  let knownSince = 0
  let directory: AcceptedDirectory | undefined
  /** Keysets before the newest. Each is vouched for by the one after it, whenever it is used. */
  const older = new Map<number, string>()

  /** The newest keyset, at most five minutes old. Refuses as `acceptKeyset`. */
  async function keyset(): Promise<AcceptedKeyset> {
    return (await current()).accepted
  }

  function current(): Promise<Known> {
    if (known && Date.now() - knownSince < keptMs) return known
    knownSince = Date.now()
    const fetched = fetchKeyset()
    known = fetched
    fetched.catch(() => {
      if (known === fetched) known = undefined
    })
    return fetched
  }

  /** Has the documents fetched anew; answers whether that was due. */
  function refresh(): boolean {
    if (Date.now() - knownSince < refreshMsMin) return false
    known = undefined
    return true
  }

  async function fetchKeyset(): Promise<Known> {
    const answer = await getKeyset('/v1/keyset')
    const accepted = await follow(answer.keyset)
    return { accepted, directorySha256: answer.directorySha256 }
  }

  /** Accepts each version since the one that was seen: a step of the chain cannot be left out. */
  async function follow(jws: string): Promise<AcceptedKeyset> {
    const remembered = await memory.load(keysetName)
    let seen = remembered === undefined ? undefined : readMemory(SeenKeyset, remembered)
    if (seen && seen.version >= trust.minimumVersion) {
      const version = Number(readPayload<Keyset | null>(jws)?.version)
      if (version > seen.version + versionsBehindMax) {
        throw new Refusal('document-invalid', `over ${versionsBehindMax} versions ahead of ours`)
      }
      for (let next = seen.version + 1; next < version; next += 1) {
        seen = (await accept((await getKeyset(`/v1/keyset/${next}`)).keyset, seen)).seen
      }
    }
    return (await accept(jws, seen)).accepted
  }

  async function accept(jws: string, seen: SeenKeyset | undefined) {
    const pinned = rootsFor(jws, seen)
    const accepted = acceptKeyset(jws, { ...trust, rootKeys: pinned }, seen, new Date())
    const { version, roots } = accepted.keyset
    const now: SeenKeyset = { version, sha256: accepted.sha256, roots, pinned }
    if (now.sha256 !== seen?.sha256) await memory.save(keysetName, JSON.stringify(now))
    return { accepted, seen: now }
  }

  function rootsFor(jws: string, seen: SeenKeyset | undefined): string[] {
    if (!seen || seen.version < trust.minimumVersion) return trust.rootKeys
    const same = encodeBase64url(sha256(payloadBytes(jws))) === seen.sha256
    return same ? [...new Set([...seen.pinned, ...seen.roots])] : seen.roots
  }

  async function getKeyset(path: string) {
    const request = { method: 'GET', path, open: true, repeatable: true } as const
    return readAnswer(KeysetAnswer, await transport.send(request), `GET ${path}`)
  }

  /** The newest keyset and those before it, back to `version` if there is one, by SHA-256. */
  async function keysetsBackTo(version: number): Promise<ReadonlyMap<string, Keyset>> {
    const newest = await keyset()
    const chain: string[] = []
    const from = Number.isInteger(version) && version >= 1 ? version : newest.keyset.version
    for (let next = newest.keyset.version - 1; next >= from; next -= 1) {
      const jws = older.get(next) ?? (await getKeyset(`/v1/keyset/${next}`)).keyset
      chain.push(jws)
      older.set(next, jws)
    }
    try {
      return keysetChain(newest, chain)
    } catch (refusal) {
      older.clear()
      throw refusal
    }
  }

  /** The newest directory. Reading it is logged, so it is fetched only if it has changed. */
  async function newestDirectory(): Promise<AcceptedDirectory> {
    const { accepted, directorySha256 } = await current()
    if (directory && directory.sha256 === directorySha256) return directory
    const request = { method: 'GET', path: '/v1/directory', repeatable: true } as const
    const answer = await transport.send(request)
    const { directory: jws } = readAnswer(DirectoryAnswer, answer, 'GET /v1/directory')
    const remembered = await memory.load(directoryName)
    const seen = remembered === undefined ? undefined : readMemory(SeenDirectory, remembered)
    directory = acceptDirectory(jws, accepted.keyset, seen, new Date())
    const now: SeenDirectory = {
      version: directory.directory.version,
      sha256: directory.sha256,
    }
    if (now.sha256 !== seen?.sha256) await memory.save(directoryName, JSON.stringify(now))
    return directory
  }

  return { keyset, keysetsBackTo, directory: newestDirectory, refresh }
}
