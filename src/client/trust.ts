/**
 * The two signed documents as one client knows them (docs/PROTOCOL.md, "Keyset and directory"):
 * fetched from a server that is not believed, verified against pinned roots, and never older than
 * what was seen before.
 */
import type { Static } from 'typebox'
import { LogFault } from '../protocol/log/fault.ts'
import { type AcceptedDirectory, acceptDirectory } from '../protocol/trust/directory.ts'
import { type AcceptedKeyset, type Keyset, keysetChain, Trust } from '../protocol/trust/keyset.ts'
import { schemaProblems } from '../referral/problems.ts'
import { EntryFault } from './logentry.ts'
import { openEntryProof, type ProvenEntry } from './logstate.ts'
import { type LogWitnessing, trustKeyset } from './logtrust.ts'
import { type Memory, processMemory } from './memory.ts'
import { acceptNewest } from './pinning.ts'
import { DirectoryAnswer, KeysetAnswer, readAnswer, readMemory, SeenDirectory } from './schemas.ts'
import { createTransport, type Transport, type TransportOptions } from './transport.ts'

export type DocumentsOptions = { transport: Transport; trust: Trust; memory: Memory }

/** A published keyset is used by all clients within so long. */
const keptMs = 5 * 60_000
/** What does not open asks for fresh documents, but not more often than this. */
const refreshMsMin = 10_000

/** Where a keyset stands in the access log. */
export type Publication = Pick<ProvenEntry, 'index' | 'state'> & {
  /** The proof as it was served: a file of c2sp.org/tlog-proof. */
  readonly proof: string
}

/** The newest keyset, and how far its publication is vouched for beside the root's signature. */
export type NewestKeyset = AcceptedKeyset & {
  /**
   * Whether it stands in the access log, and by whom that is witnessed. `unproven` where no proof was
   * served, which is so for some seconds after its publication, or where `publication` is a fault. It may
   * be sealed with all the same: a root vouches for it, and a referral must not wait for the log.
   */
  readonly witnessing: 'unproven' | LogWitnessing
  /** Its place, or what is wrong with the proof that was served; a sentence of `warnings` says that too. */
  readonly publication: Publication | LogFault | EntryFault | undefined
}

type Known = { accepted: NewestKeyset; directorySha256: string | undefined }

/** The newest keyset, fetched when needed. @throws Error for a `trust` of the wrong form */
export function createKeysets({ transport, trust, memory }: DocumentsOptions) {
  const [fault] = schemaProblems(Trust, trust)
  if (fault) throw new Error(`trust${fault.pointer} ${fault.detail}`)
  let known: Promise<Known> | undefined
  let knownSince = 0
  /** Each is vouched for by the one after it, whenever it is used. */
  const older = new Map<number, string>()

  /** The newest keyset, at most five minutes old. Refuses as `acceptKeyset`. */
  async function newest(): Promise<NewestKeyset> {
    return (await current()).accepted
  }

  /** The same, with the hash of the directory that the server has. */
  function current(): Promise<Known> {
    if (known && Date.now() - knownSince < keptMs) return known
    knownSince = Date.now()
    const fetched = fetchNewest()
    known = fetched
    fetched.catch(() => {
      if (known === fetched) known = undefined
    })
    return fetched
  }

  /** Has the newest fetched anew by the next who asks; returns whether that was due. */
  function refresh(): boolean {
    if (Date.now() - knownSince < refreshMsMin) return false
    known = undefined
    return true
  }

  async function fetchNewest(): Promise<Known> {
    const { keyset, directorySha256, published } = await get('/v1/keyset')
    const accepted = await acceptNewest(keyset, trust, memory, fetchVersion)
    return { accepted: await withPublication(accepted, published), directorySha256 }
  }

  async function fetchVersion(version: number): Promise<string> {
    return (await get(`/v1/keyset/${version}`)).keyset
  }

  async function get(path: string) {
    const request = { method: 'GET', path, open: true, repeatable: true } as const
    return readAnswer(KeysetAnswer, await transport.send(request), `GET ${path}`)
  }

  /** The newest keyset and those before it, back to `version` if there is one, by SHA-256. */
  async function backTo(version: number): Promise<ReadonlyMap<string, Keyset>> {
    const last = await newest()
    const chain: string[] = []
    const from = Number.isInteger(version) && version >= 1 ? version : last.keyset.version
    for (let next = last.keyset.version - 1; next >= from; next -= 1) {
      const jws = older.get(next) ?? (await fetchVersion(next))
      older.set(next, jws)
      chain.push(jws)
    }
    try {
      return keysetChain(last, chain)
    } catch (refusal) {
      older.clear()
      throw refusal
    }
  }

  /** Where all is remembered that was seen of this service, and its name. */
  const memoryOf = { memory, origin: trust.origin }

  return { newest, current, refresh, backTo, memoryOf }
}

type Published = Static<typeof KeysetAnswer>['published']

async function withPublication(
  accepted: AcceptedKeyset,
  published: Published,
): Promise<NewestKeyset> {
  const publication = published && (await publicationOf(accepted, published))
  if (publication === undefined) return { ...accepted, witnessing: 'unproven', publication }
  if (!(publication instanceof Error)) {
    return { ...accepted, witnessing: publication.state.witnessing, publication }
  }
  const name = `Keyset ${accepted.keyset.version}`
  const warning = `${name} is not proven to stand in the access log: ${publication.message}.`
  const warnings = [...accepted.warnings, warning]
  return { ...accepted, warnings, witnessing: 'unproven', publication }
}

async function publicationOf(
  { keyset, sha256 }: AcceptedKeyset,
  published: NonNullable<Published>,
): Promise<NonNullable<NewestKeyset['publication']>> {
  try {
    const { entry, index, state } = await openEntryProof(published, trustKeyset(keyset))
    const { action, outcome, object } = entry
    const isOfIt = object?.kind === 'keyset' && object.digest === sha256
    if (action === 'keyset.published' && outcome === 'permitted' && isOfIt) {
      return { index, state, proof: published.proof }
    }
    return new LogFault('inclusion-wrong', 'the entry that was proven is about something else')
  } catch (fault) {
    if (fault instanceof LogFault || fault instanceof EntryFault) return fault
    throw fault
  }
}

/** Reads the newest keyset for whoever has no account: it is anybody's. @see createKeysets */
export function createKeysetReader({
  memory = processMemory(),
  ...options
}: Pick<TransportOptions, 'url' | 'timeoutMs'> & {
  readonly trust: Trust
  /** Without one, a server that shows an older keyset after a restart goes unnoticed. */
  readonly memory?: Memory
}): {
  /** Asked for anew, but at most every 10 seconds. @throws Refusal as `acceptKeyset`, NoAnswer */
  newest(): Promise<NewestKeyset>
} {
  const transport = createTransport({ ...options, token: () => '' })
  const { newest, refresh } = createKeysets({ transport, memory, trust: options.trust })
  return {
    newest: () => {
      refresh()
      return newest()
    },
  }
}

/** The newest directory. Reading it is logged, so it is fetched only when it has changed. */
export function createDirectories(
  { transport, trust, memory }: DocumentsOptions,
  keysets: ReturnType<typeof createKeysets>,
) {
  const name = `directory ${trust.origin}`
  let known: (AcceptedDirectory & { readonly signedBy: string }) | undefined

  return async function newest(): Promise<AcceptedDirectory> {
    const { accepted, directorySha256 } = await keysets.current()
    const signedBy = accepted.keyset.directory.kid
    if (known && known.sha256 === directorySha256 && known.signedBy === signedBy) return known
    const path = '/v1/directory'
    const answer = await transport.send({ method: 'GET', path, repeatable: true })
    const { directory: jws } = readAnswer(DirectoryAnswer, answer, `GET ${path}`)
    const remembered = await memory.load(name)
    const seen = remembered === undefined ? undefined : readMemory(SeenDirectory, remembered)
    const versionMin = trust.minimumDirectoryVersion ?? 1
    const newest = acceptDirectory(jws, accepted.keyset, seen, new Date(), versionMin)
    const { sha256, directory } = newest
    const now: SeenDirectory = { version: directory.version, sha256 }
    if (sha256 !== seen?.sha256) await memory.save(name, JSON.stringify(now))
    known = { ...newest, signedBy }
    return known
  }
}
