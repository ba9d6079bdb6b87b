/**
 * Sealed files that wait to be uploaded, in a folder of the client's home. A file is there whole or not at all, and is named in a
 * message before its first byte goes up; so whatever is there is uploaded, and then removed.
 */
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type Attachment,
  attachmentOf,
  createDocumentSealer,
  type Documents,
  newDocumentKey,
  newId,
  type SealedSource,
} from '../../client/index.ts'
import { makeFolder, syncFolder } from '../../disk.ts'
import { giveBack } from '../../protocol/bytes.ts'
import { headBytes, typeOf } from '../../referral/filetype.ts'
import { UsageError } from '../command.ts'
import { createByteProgress } from '../progress.ts'

const nameForm = /^([0-9a-f-]{36})\.([0-9a-f-]{36})\.sealed$/
const readBytes = 1024 * 1024
const draftMsMax = 24 * 3_600_000

const folderOf = (home: string) => join(home, 'documents')

/** A file that was sealed here. */
export type SealedHere = { readonly attachment: Attachment; readonly keep: () => Promise<void> }

/**
 * Seals a file for a referral, beside what waits. It waits once `keep` is called, and is forgotten where that never comes.
 *
 * @throws UsageError for a format that is not taken
 */
export async function sealFile(
  home: string,
  referralId: string,
  file: string,
  about: Pick<Attachment, 'type' | 'name'>,
): Promise<SealedHere> {
  const from = await open(file, 'r')
  const documentId = newId()
  const folder = folderOf(home)
  await makeFolder(folder)
  const draft = join(folder, `${documentId}.draft`)
  try {
    const fileType = typeOf(await bytesAt(from, 0, new Uint8Array(headBytes)))
    if (fileType === 'active' || fileType === 'unknown') {
      throw new UsageError(`${file} is of no format that is taken: PDF, images, text, recordings`)
    }
    const key = newDocumentKey()
    const sealed = await sealInto(draft, from, { referralId, documentId, key })
    const attachment = attachmentOf({ ...about, documentId, fileType }, key, sealed)
    const keep = async () => {
      await rename(draft, join(folder, `${referralId}.${documentId}.sealed`))
      await syncFolder(folder)
    }
    return { attachment, keep }
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  } finally {
    await from.close()
  }
}

/**
 * Uploads all that waits, or `only` these documents. What fails stays, and holds up no other.
 *
 * @returns how many there were
 * @throws the first failure, once all were tried
 */
export async function uploadWaiting(
  home: string,
  by: Pick<Documents, 'upload'>,
  only?: readonly string[],
): Promise<number> {
  const folder = folderOf(home)
  const names = await readdir(folder).catch(() => [])
  await removeLeft(folder, names)
  const failures: unknown[] = []
  let count = 0
  for (const name of names.toSorted()) {
    const [, referralId, documentId] = nameForm.exec(name) ?? []
    if (referralId === undefined || documentId === undefined) continue
    if (only && !only.includes(documentId)) continue
    try {
      await uploadFile(join(folder, name), { referralId, documentId }, by, count + 1)
      count += 1
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  return count
}

/** Uploads one, and removes it here. @param number - by which its progress is shown */
async function uploadFile(
  path: string,
  ids: Pick<SealedSource, 'referralId' | 'documentId'>,
  by: Pick<Documents, 'upload'>,
  number: number,
): Promise<void> {
  const handle = await open(path, 'r')
  let buffer = new Uint8Array()
  let next = 0
  try {
    const source: SealedSource = {
      ...{ ...ids, bytes: (await handle.stat()).size },
      read: (at, length) => {
        // The network may still hold what failed; what was sent, it does not.
        if (at !== next || buffer.length !== length) buffer = new Uint8Array(length)
        next = at + length
        return bytesAt(handle, at, buffer)
      },
    }
    await by.upload(source, createByteProgress(`Document ${number}`))
  } finally {
    await handle.close()
  }
  await rm(path, { force: true })
}

/** A draft of another day was left by a process that died: it is named nowhere, and its key is gone. */
async function removeLeft(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names.filter((name) => name.endsWith('.draft'))) {
    const found = await stat(join(folder, name)).catch(() => undefined)
    if (found && Date.now() - found.mtimeMs > draftMsMax)
      await rm(join(folder, name), { force: true })
  }
}

async function sealInto(
  draft: string,
  from: FileHandle,
  file: Parameters<typeof createDocumentSealer>[0],
) {
  const to = await open(draft, 'wx', 0o600)
  try {
    const sealer = createDocumentSealer(file)
    const buffer = new Uint8Array(readBytes)
    let written: Promise<unknown> = Promise.resolve()
    for (let at = 0; ; ) {
      const bytes = await bytesAt(from, at, buffer)
      if (bytes.length === 0) break
      at += bytes.length
      // What was sealed before is written meanwhile.
      const parts = sealer.push(bytes)
      await written
      written = to.writeFile(parts).then(() => parts.forEach(giveBack))
      // Awaited in the next round, and has its fault then.
      written.catch(() => undefined)
    }
    const { last, ...sealed } = sealer.end()
    await written
    await to.writeFile(last)
    await to.sync()
    return sealed
  } finally {
    await to.close()
  }
}

async function bytesAt(from: FileHandle, at: number, buffer: Uint8Array<ArrayBuffer>) {
  const { bytesRead } = await from.read(buffer, 0, buffer.length, at)
  return buffer.subarray(0, bytesRead)
}
