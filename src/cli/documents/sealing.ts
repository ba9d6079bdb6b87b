/**
 * Files sealed here, into a folder of the client's home. Each is a draft until it is whole and kept; what was sealed of it can be
 * read meanwhile.
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Attachment,
  attachmentOf,
  createDocumentSealer,
  newDocumentKey,
  newId,
  type SealedSource,
  sealedBytesOf,
} from '../../client/index.ts'
import { makeFolder, syncFolder } from '../../disk.ts'
import { giveBack } from '../../protocol/bytes.ts'
import { headBytes, typeOf } from '../../referral/filetype.ts'
import { UsageError } from '../command.ts'

const readBytes = 1024 * 1024

/** Where sealed files stand until they are uploaded. */
export const folderOf = (home: string) => join(home, 'documents')

/** A file that is sealed here. */
export type Sealing = {
  /** What is sealed of it. A read waits for bytes that are not sealed yet, and throws what the sealing throws. */
  readonly source: SealedSource
  /**
   * Seals it; called once.
   *
   * @throws UsageError for a file that changes meanwhile
   */
  seal(): Promise<Attachment>
  /** Lets it wait to be uploaded, once it is sealed: whatever is killed from here on. */
  keep(): Promise<void>
  /** Removes it here. */
  forget(): Promise<void>
  /** Lets go of it: it is neither sealed nor read any more. */
  close(): Promise<void>
}

/**
 * Opens a file that is to be sealed for a referral, as a draft.
 *
 * @throws UsageError for a format that is not taken
 */
export async function openForSealing(
  home: string,
  referralId: string,
  file: string,
  about: Pick<Attachment, 'type' | 'name'>,
): Promise<Sealing> {
  const from = await open(file, 'r')
  try {
    const fileType = typeOf(await bytesAt(from, 0, new Uint8Array(headBytes)))
    if (fileType === 'active' || fileType === 'unknown') {
      throw new UsageError(`${file} is of no format that is taken: PDF, images, text, recordings`)
    }
    const { size } = await from.stat()
    const folder = folderOf(home)
    await makeFolder(folder)
    const documentId = newId()
    let path = join(folder, `${documentId}.draft`)
    const to = createGrowing(await open(path, 'wx+', 0o600), sealedBytesOf(size))
    const key = newDocumentKey()
    return {
      source: { referralId, documentId, bytes: to.bytes, read: to.read },
      async seal() {
        try {
          const sealed = await sealInto(to, from, size, { referralId, documentId, key })
          if (sealed.size !== size) throw new UsageError(`${file} was changed while it was read`)
          return attachmentOf({ ...about, documentId, fileType }, key, sealed)
        } catch (error) {
          to.fail(error)
          throw error
        }
      },
      async keep() {
        const kept = join(folder, `${referralId}.${documentId}.sealed`)
        await rename(path, kept)
        path = kept
        await syncFolder(folder)
      },
      forget: () => rm(path, { force: true }),
      async close() {
        await Promise.all([from.close(), to.close()])
      },
    }
  } catch (error) {
    await from.close()
    throw error
  }
}

/**
 * What reads pieces of a file, into memory that it uses again for each of the same length that follows the one before. The
 * network may still hold what failed; what was sent, it does not.
 */
export function createPieces(handle: FileHandle): SealedSource['read'] {
  let buffer = new Uint8Array()
  let next = 0
  return (at, length) => {
    if (at !== next || buffer.length !== length) buffer = new Uint8Array(length)
    next = at + length
    return bytesAt(handle, at, buffer)
  }
}

type Growing = ReturnType<typeof createGrowing>

/** A file that is read while it is written. @param bytes - how long it is to be */
function createGrowing(handle: FileHandle, bytes: number) {
  const pieces = createPieces(handle)
  let written = 0
  let more = Promise.withResolvers<void>()
  return {
    bytes,
    async add(parts: readonly Uint8Array[]): Promise<void> {
      const length = parts.reduce((sum, part) => sum + part.length, 0)
      // Of one call, where `writeFile` would write each part by itself.
      const { bytesWritten } = await handle.writev(parts)
      if (bytesWritten !== length) throw new Error('the disk took only a part of what was sealed')
      parts.forEach(giveBack)
      written += length
      more.resolve()
      more = Promise.withResolvers()
    },
    /** Whoever reads is told why there will be no more. */
    fail(error: unknown): void {
      // Nobody may be reading.
      more.promise.catch(() => undefined)
      more.reject(error)
    },
    async read(at: number, length: number) {
      while (written < Math.min(at + length, bytes)) await more.promise
      return pieces(at, length)
    },
    sync: () => handle.sync(),
    close: () => handle.close(),
  }
}

/** @param size - of the file; not much more is read of one that grew */
async function sealInto(
  to: Growing,
  from: FileHandle,
  size: number,
  file: Parameters<typeof createDocumentSealer>[0],
) {
  const sealer = createDocumentSealer(file)
  const buffer = new Uint8Array(readBytes)
  let written: Promise<unknown> = Promise.resolve()
  for (let at = 0; at <= size; ) {
    const bytes = await bytesAt(from, at, buffer)
    if (bytes.length === 0) break
    at += bytes.length
    // What was sealed before is written meanwhile.
    const parts = sealer.push(bytes)
    await written
    written = to.add(parts)
    // Awaited in the next round, and has its fault then.
    written.catch(() => undefined)
  }
  const { last, ...sealed } = sealer.end()
  await written
  await to.add([last])
  await to.sync()
  return sealed
}

async function bytesAt(from: FileHandle, at: number, buffer: Uint8Array<ArrayBuffer>) {
  const { bytesRead } = await from.read(buffer, 0, buffer.length, at)
  return buffer.subarray(0, bytesRead)
}
