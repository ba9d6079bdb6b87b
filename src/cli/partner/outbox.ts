/**
 * What was sealed and is not yet acknowledged, so that no power cut and no lost answer turns one draft
 * into two referrals, or into none:
 *
 *     drafts/<SHA-256 of the draft file>.json   the id of this draft, for ever
 *     outbox/<referral id>.files.json           where that draft lies, to see whether it has changed
 *     outbox/<referral id>.json                 the sealed bytes, until they are acknowledged
 *     outbox/<referral id>.tried.json           that they were sent
 *     outbox/<referral id>.problem.json         why they still wait, by the last attempt
 *     outbox/documents/                         the documents that they name (enclosing.ts)
 *     acknowledged/<referral id>.json           the acknowledgement, with the documents that were named
 *     spoilt/                                   what stood in the outbox and cannot be read
 *
 * Each is on the disk before the step that relies on it, and the first writer of the id, the bytes and
 * the acknowledgement wins. A crash after the id: the draft is sealed under it. After sealing: the same
 * bytes are sent. After sending: the same bytes are sent again, and the service answers as it did the
 * first time. After the acknowledgement: the bytes are removed by the next call.
 *
 * There is no lock that a dead process could leave behind. Two processes that deal with one draft meet
 * in the order of their steps: the acknowledgement is written before the bytes are removed, so whoever
 * finds the place of the bytes free looks for an acknowledgement next. Whoever sends notes that first
 * and then looks whether the bytes still wait; whoever takes them back removes them first and then
 * looks whether they were sent. So bytes that were sent are never reported as unsent.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Envelope, newId } from '../../client/index.ts'
import { keepFirst, moveInto, readIfThere, removeFile, replaceFile } from '../../disk.ts'
import { sha256 as sha256Of } from '../../protocol/sodium.ts'
import type { Fault } from '../report.ts'
import { type Acknowledged, createEnclosures, type Enclosed } from './enclosing.ts'

/** @see createOutbox */
export type Outbox = ReturnType<typeof createOutbox>

/** Sealed bytes that wait. */
export type Sealed = {
  /** SHA-256 of the draft they were sealed from, in hex. */
  readonly draft: string
  /** RFC 3339. */
  readonly sealedAt: string
  readonly envelope: Envelope
  /** What it names, if anything. */
  readonly documents?: readonly Enclosed[]
}

/** What is known of the attempts to send one. */
export type Tried = {
  /** Whether the bytes may have left this machine, so that the service may have stored them. */
  readonly sent: boolean
  /** Why it still waits. */
  readonly problem?: Fault
}

/** What the outbox holds, by name. */
export type Inventory = {
  /** Ids of what is sealed and not acknowledged, oldest first. */
  readonly ids: readonly string[]
  /** Files that no outbox of ours wrote. */
  readonly strange: readonly string[]
}

/** A file of the outbox that does not hold what was written there. */
export class Spoilt extends Error {
  readonly file: string

  constructor(file: string) {
    super(`${file} is spoilt`)
    this.name = 'Spoilt'
    this.file = file
  }
}

/** SHA-256 of a file's bytes, in hex. */
export function hashOf(bytes: Uint8Array): string {
  return Buffer.from(sha256Of(bytes)).toString('hex')
}

/** The outbox of one home. @param home - the folder under which all of it is kept */
export function createOutbox(home: string) {
  const fileOf = (name: string) => join(home, 'outbox', `${name}.json`)
  const notes = createNotes(fileOf)
  const enclosures = createEnclosures(home)

  async function sealed(id: string): Promise<Sealed | undefined> {
    const text = await readIfThere(fileOf(id))
    return text === undefined ? undefined : sealedIn(fileOf(id), text)
  }

  return {
    ...createRecords(home),
    ...notes,
    ...enclosures,
    ...createInventory(home),
    /** Where the bytes of `id` are kept. */
    fileOf,

    /** Keeps what was sealed, and returns what is to be sent: of two, what was kept first. */
    async keep(
      draft: string,
      envelope: Envelope,
      documents: readonly Enclosed[] = [],
    ): Promise<Sealed> {
      const file = fileOf(envelope.header.referralId)
      const named = documents.length > 0 && { documents }
      const sealed: Sealed = { draft, sealedAt: new Date().toISOString(), envelope, ...named }
      const sha256 = hashOf(Buffer.from(JSON.stringify(sealed)))
      return sealedIn(file, await keepFirst(file, JSON.stringify({ ...sealed, sha256 })))
    },

    /** What was kept under `id`, if it still waits. @throws Spoilt */
    sealed,

    /** Whether something is still kept under `id`. */
    async waits(id: string): Promise<boolean> {
      return (await readIfThere(fileOf(id))) !== undefined
    },

    /** Removes what waits, with its documents. @returns whether anything did, and whether it may have been sent */
    async drop(id: string): Promise<{ waited: boolean; sent: boolean }> {
      const { documents = [] } = (await sealed(id).catch(() => undefined)) ?? {}
      const waited = await removeFile(fileOf(id))
      if (waited) await enclosures.forget(id, documents)
      // A note that cannot be read tells nothing, so the worse of the two is assumed.
      const tried = await notes.triedOf(id).catch(() => ({ sent: true }))
      await notes.forget(id)
      return { waited, sent: tried?.sent ?? false }
    },
  }
}

/** What outlives the sealed bytes: ids and acknowledgements. */
function createRecords(home: string) {
  const acknowledgedFile = (id: string) => join(home, 'acknowledged', `${id}.json`)
  return {
    /** The id of the referral that a draft of these bytes is, now and at every later call. */
    async idOf(sha256: string): Promise<string> {
      const file = join(home, 'drafts', `${sha256}.json`)
      const record = JSON.stringify({ referralId: newId() })
      const kept = parsed((await readIfThere(file)) ?? (await keepFirst(file, record)))
      const id = (kept as { referralId?: unknown } | undefined)?.referralId
      if (typeof id === 'string' && idForm.test(id)) return id
      throw new Spoilt(file)
    },

    /** The acknowledgement of a referral, once there is one. */
    async acknowledgementOf(id: string): Promise<Acknowledged | undefined> {
      const value = await readValue(acknowledgedFile(id))
      if (value === undefined) return undefined
      if ((value as Acknowledged).referralId === id) return value as Acknowledged
      throw new Spoilt(acknowledgedFile(id))
    },

    /** The ids of all that was acknowledged here. */
    async acknowledgedIds(): Promise<string[]> {
      const names = await readdir(join(home, 'acknowledged')).catch(noFolder)
      return names.flatMap((name) => sealedName.exec(name)?.[1] ?? [])
    },

    /** Keeps an acknowledgement. Only then may the sealed bytes be dropped. */
    async acknowledge(acknowledgement: Acknowledged): Promise<void> {
      const file = acknowledgedFile(acknowledgement.referralId)
      await keepFirst(file, JSON.stringify(acknowledgement))
    },
  }
}

/** What is known of one that waits, beside its bytes. */
function createNotes(fileOf: (name: string) => string) {
  const placesFile = (id: string) => fileOf(`${id}.files`)
  const sentFile = (id: string) => fileOf(`${id}.tried`)
  const problemFile = (id: string) => fileOf(`${id}.problem`)

  /** Where the draft lay, as absolute paths. None for one that was read from a pipe. */
  async function filesOf(id: string): Promise<readonly string[]> {
    const files = (await readValue(placesFile(id))) ?? []
    if (Array.isArray(files) && files.every((name) => typeof name === 'string')) return files
    throw new Spoilt(placesFile(id))
  }

  return {
    filesOf,

    /** Adds to the places where the draft lies. @param files - absolute paths */
    async remember(id: string, files: readonly string[]): Promise<void> {
      const known = await filesOf(id)
      const all = [...new Set([...known, ...files])]
      if (all.length > known.length) await replaceFile(placesFile(id), JSON.stringify(all))
    },

    /** What is known of the attempts to send it. */
    async triedOf(id: string): Promise<Tried | undefined> {
      const sent = await readValue(sentFile(id))
      if (sent && !isSent(sent)) throw new Spoilt(sentFile(id))
      const problem = await readValue(problemFile(id))
      if (problem && !isFault(problem)) throw new Spoilt(problemFile(id))
      if (!sent && !problem) return undefined
      return { sent: sent !== undefined, ...(problem && { problem }) }
    },

    /** Notes that the bytes are about to be sent. They may have arrived from now on. */
    async noteSending(id: string): Promise<void> {
      await replaceFile(sentFile(id), JSON.stringify({ sent: true } satisfies Tried))
      await removeFile(problemFile(id))
    },

    /** Notes why it waits, in the place of why it did before; that it was sent stays true. */
    async noteProblem(id: string, problem: Fault): Promise<void> {
      await replaceFile(problemFile(id), JSON.stringify(problem))
    },

    /** Removes all of it. */
    async forget(id: string): Promise<void> {
      await removeFile(placesFile(id))
      await removeFile(problemFile(id))
      await removeFile(sentFile(id))
    },
  }
}

/** What the folders hold. */
function createInventory(home: string) {
  const [outbox, spoilt] = [join(home, 'outbox'), join(home, 'spoilt')]
  return {
    /** What waits. @throws Error if the folder is there and cannot be read */
    async inventory(): Promise<Inventory> {
      const names = await readdir(outbox).catch(noFolder)
      const ids = names.flatMap((name) => sealedName.exec(name)?.[1] ?? []).sort()
      const strange = names.filter((name) => name.endsWith('.json') && !ownName.test(name))
      return { ids, strange: strange.sort().map((name) => join(outbox, name)) }
    },

    /** The files that are kept for `id`. */
    async allOf(id: string): Promise<string[]> {
      const names = await readdir(outbox)
      const own = names.filter((name) => ownName.test(name) && name.startsWith(id))
      return own.map((name) => join(outbox, name))
    },

    /** Moves spoilt files out of the way of the others. @returns where they are now */
    async putAside(files: readonly string[]): Promise<string[]> {
      const places = []
      for (const file of files) places.push(await moveInto(spoilt, file))
      return places
    },

    /** What was put aside, by this call or by one before. */
    async aside(): Promise<string[]> {
      const names = await readdir(spoilt).catch(noFolder)
      return names.sort().map((name) => join(spoilt, name))
    },
  }
}

const idForm = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const sealedName = /^([0-9a-f-]{36})\.json$/
const ownName = /^[0-9a-f-]{36}(\.files|\.tried|\.problem)?\.json$/

function sealedIn(file: string, text: string): Sealed {
  const value = parsed(text) as (Sealed & { readonly sha256: string }) | undefined
  if (value === undefined) throw new Spoilt(file)
  const { sha256, ...sealed } = value
  // A disk that changed one letter of it would have the service refuse, and the bytes removed.
  if (sha256 !== hashOf(Buffer.from(JSON.stringify(sealed)))) throw new Spoilt(file)
  if (!file.endsWith(`${sealed.envelope.header.referralId}.json`)) throw new Spoilt(file)
  return sealed
}

function isSent(value: object): boolean {
  return (value as Partial<Tried>).sent === true
}

function isFault(value: object): value is Fault {
  return typeof (value as Partial<Fault>).title === 'string'
}

/** The object in a file, if there is a file. @throws Spoilt */
async function readValue(file: string): Promise<object | undefined> {
  const text = await readIfThere(file)
  if (text === undefined) return undefined
  const value = parsed(text)
  if (value === undefined) throw new Spoilt(file)
  return value
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function noFolder(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
