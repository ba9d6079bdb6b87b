/**
 * Documents that go with a referral. They are sealed before it and named in its compartment `documents`, and nobody is to have
 * them before the referral is stored:
 *
 *     outbox/documents/<referral id>.<document id>.sealed   until the referral is acknowledged
 *     documents/<referral id>.<document id>.sealed          from then on, until it is uploaded (documents/waiting.ts)
 *
 * A file is on the disk before the sealed bytes that name it are kept, and moves once the acknowledgement that names it is kept. A
 * crash before the bytes are kept: nothing names the file, and in a day it is removed. After: the same bytes go again, and name it.
 * After the acknowledgement: whoever looks next, `intake refer` or `intake documents send`, moves it and uploads.
 */
import { createReadStream } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Acknowledgement, Attachment } from '../../client/index.ts'
import { makeFolder, syncFolder } from '../../disk.ts'
import { createSha256, sealedBytesOf } from '../../protocol/documents/format.ts'
import { fileBytesMax } from '../../referral/fields/documents.ts'
import { createMacroSearch, type FoundType, headBytes, typeOf } from '../../referral/filetype.ts'
import { UsageError } from '../command.ts'
import { sealFile } from '../documents/waiting.ts'

/** A document that sealed bytes name. */
export type Enclosed = {
  readonly documentId: string
  /** SHA-256 of the file as it is here, in hex: by it the same file is known again. */
  readonly sha256: string
}

/** An acknowledgement, and which documents the referral names. */
export type Acknowledged = Acknowledgement & { readonly documents?: readonly Enclosed[] }

/** A file that was looked at, and may go with a referral. */
export type Enclosable = Pick<Attachment, 'type' | 'name'> & {
  readonly path: string
  readonly sha256: string
  readonly bytes: number
}

/** As many as the compartment has room for. */
const filesMax = 50
/** Longer than any call takes to seal. */
const leftMsMax = 24 * 3_600_000
const readBytes = 1024 * 1024
const nameForm = /^([0-9a-f-]{36})\.([0-9a-f-]{36})\.sealed$/

/** Looks at files, of which nothing is sealed or sent yet. @throws UsageError for what cannot go with a referral */
export async function enclosable(
  paths: readonly string[],
  type: Attachment['type'],
): Promise<readonly Enclosable[]> {
  if (paths.length > filesMax) {
    throw new UsageError(`a referral names at most ${filesMax} documents: send the others after it`)
  }
  const files: Enclosable[] = []
  for (const path of paths) {
    const found = await stat(path)
    if (!found.isFile()) throw new UsageError(`${path} is not a file`)
    const { size } = found
    if (size > fileBytesMax) throw new UsageError(`${path} is too large to be sealed`)
    files.push({ path, type, name: basename(path), bytes: size, sha256: await sha256Of(path) })
  }
  return files
}

/** Requires that a service takes these files. @throws UsageError */
export function requireRoom(
  files: readonly Enclosable[],
  limits: { readonly bytesMax: number; readonly referralBytesMax: number },
): void {
  let all = 0
  for (const { path, bytes } of files) {
    const sealed = sealedBytesOf(bytes)
    all += sealed
    if (sealed > limits.bytesMax) {
      throw new UsageError(`${path} is too large: ${megabytes(limits.bytesMax)} MB are taken`)
    }
  }
  if (all > limits.referralBytesMax) {
    const most = megabytes(limits.referralBytesMax)
    throw new UsageError(`the documents are too large: ${most} MB are taken of one referral`)
  }
}

const megabytes = (bytes: number) => Math.floor(bytes / 1024 ** 2)

/** Whether these are the documents that were sealed, in whatever order. */
export function areEnclosed(
  files: readonly Pick<Enclosed, 'sha256'>[],
  enclosed: readonly Enclosed[] = [],
): boolean {
  const sorted = (all: readonly Pick<Enclosed, 'sha256'>[]) =>
    all.map(({ sha256 }) => sha256).sort()
  return sorted(files).join() === sorted(enclosed).join()
}

/** The documents of referrals that are not acknowledged, under one home. */
export function createEnclosures(home: string) {
  const outbox = join(home, 'outbox')
  const [from, to] = [outbox, home].map((place) => join(place, 'documents')) as [string, string]
  const nameOf = (id: string, documentId: string) => `${id}.${documentId}.sealed`

  /** Removes documents that nothing names any more. */
  async function forget(id: string, documents: readonly Enclosed[]): Promise<void> {
    for (const { documentId } of documents) {
      await rm(join(from, nameOf(id, documentId)), { force: true })
    }
  }

  return {
    forget,

    /** Seals files for the referral `id`, safe on the disk when this resolves. Where one fails, none is left. */
    async enclose(id: string, files: readonly Enclosable[]) {
      const attachments: Attachment[] = []
      const documents: Enclosed[] = []
      try {
        for (const { path, sha256, type, name } of files) {
          const { attachment, keep } = await sealFile(outbox, id, path, { type, name })
          await keep()
          attachments.push(attachment)
          documents.push({ documentId: attachment.documentId, sha256 })
        }
      } catch (error) {
        await forget(id, documents)
        throw error
      }
      return { attachments, documents }
    },

    /** Lets the documents of an acknowledged referral be uploaded. Safe to repeat. */
    async release(id: string, documents: readonly Enclosed[]): Promise<void> {
      if (documents.length === 0) return
      await makeFolder(to)
      for (const { documentId } of documents) {
        const name = nameOf(id, documentId)
        await rename(join(from, name), join(to, name)).catch(noneThere)
      }
      await syncFolder(to)
    },

    /** What is here, with the time of its last change; `id` where it is the name of a sealed document. */
    async held(): Promise<readonly Held[]> {
      const held: Held[] = []
      for (const file of (await readdir(from).catch(noneThere)) ?? []) {
        const found = await stat(join(from, file)).catch(noneThere)
        if (!found) continue
        const [, id, documentId] = nameForm.exec(file) ?? []
        const path = join(from, file)
        held.push({ path, changedAt: found.mtimeMs, ...(id && documentId && { id, documentId }) })
      }
      return held
    },
  }
}

/** @see createEnclosures */
type Enclosures = ReturnType<typeof createEnclosures>

type Held = {
  readonly path: string
  readonly changedAt: number
  readonly id?: string
  readonly documentId?: string
}

/** What of the outbox says which documents are named. */
type Named = Pick<Enclosures, 'held' | 'release'> & {
  waits(id: string): Promise<boolean>
  acknowledgementOf(id: string): Promise<Acknowledged | undefined>
}

/**
 * Lets the documents of acknowledged referrals be uploaded, and removes what a process that died has left.
 *
 * @returns how many wait for a referral to be acknowledged
 */
export async function releaseAcknowledged(outbox: Named): Promise<number> {
  let waiting = 0
  for (const { path, changedAt, id, documentId } of await outbox.held()) {
    const named = id === undefined ? [] : ((await outbox.acknowledgementOf(id))?.documents ?? [])
    if (id !== undefined && named.some((one) => one.documentId === documentId)) {
      await outbox.release(id, named)
    } else if (id !== undefined && (await outbox.waits(id))) waiting += 1
    else if (Date.now() - changedAt > leftMsMax) await rm(path, { force: true })
  }
  return waiting
}

/** The SHA-256 of a file of a format that is taken. @throws UsageError for any other */
async function sha256Of(path: string): Promise<string> {
  const sha256 = createSha256()
  const hasMacros = createMacroSearch()
  let found: FoundType | undefined
  for await (const bytes of createReadStream(path, { highWaterMark: readBytes })) {
    found ??= typeOf(bytes.subarray(0, headBytes))
    if (hasMacros(bytes) && found.startsWith('application/vnd.')) found = 'active'
    sha256.add(bytes)
  }
  if (found !== undefined && found !== 'active' && found !== 'unknown') {
    return Buffer.from(sha256.end()).toString('hex')
  }
  throw new UsageError(`${path} is of no format that is taken: PDF, images, text, recordings`)
}

function noneThere(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
}
