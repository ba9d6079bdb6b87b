/**
 * Sealed files that wait to be uploaded, in a folder of the client's home. A file is there whole or not at all; whatever is
 * there is uploaded, and then removed. An upload that was never named harms nobody.
 */
import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Attachment, Documents, SealedSource } from '../../client/index.ts'
import { createByteProgress } from '../progress.ts'
import { createPieces, folderOf, openForSealing, type Sealing } from './sealing.ts'

const nameForm = /^([0-9a-f-]{36})\.([0-9a-f-]{36})\.sealed$/
const draftMsMax = 24 * 3_600_000

/** A file that was sealed here. */
export type SealedHere = Pick<Sealing, 'keep' | 'forget'> & { readonly attachment: Attachment }

/**
 * Seals a file for a referral that is not there yet, beside what waits. It waits once `keep` is called, and is forgotten where that
 * never comes.
 *
 * @throws UsageError for a format that is not taken, or a file that changes meanwhile
 */
export async function sealFile(
  home: string,
  referralId: string,
  file: string,
  about: Pick<Attachment, 'type' | 'name'>,
): Promise<SealedHere> {
  const sealing = await openForSealing(home, referralId, file, about)
  try {
    return { ...sealing, attachment: await sealing.seal() }
  } catch (error) {
    await sealing.forget()
    throw error
  } finally {
    await sealing.close()
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
  try {
    const source = { ...ids, bytes: (await handle.stat()).size, read: createPieces(handle) }
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
