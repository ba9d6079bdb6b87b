/** Opening a fetched file: onto the disk apart, and under its name only once all of it came and it is what was said. */
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Attachment, type Documents, newId, Refusal } from '../../client/index.ts'
import { linked, makeFolder, syncFolder } from '../../disk.ts'
import { giveBack } from '../../protocol/bytes.ts'
import { createMacroSearch, extensions, headBytes, typeOf } from '../../referral/filetype.ts'
import { createByteProgress } from '../progress.ts'

export type Place = {
  readonly folder: string
  /** Of the list that it is shown in, from 1: its file is called by this, and not by its sender's words. */
  readonly number: number
  /** Writes also what is of another type than was stated, or may act when it is opened. */
  readonly allowsActive: boolean
}

/**
 * Fetches, opens and writes a file, for its owner only to read.
 *
 * @returns its path
 * @throws Refusal `document-refused`, also where a file of that name is there, and what `document` of the SDK throws: then nothing is left of it
 */
export async function openInto(
  by: Pick<Documents, 'document'>,
  referralId: string,
  attachment: Attachment,
  { folder, number, allowsActive }: Place,
): Promise<string> {
  await makeFolder(folder)
  const name = `document-${number}`
  const draft = join(folder, `${name}.${newId()}.part`)
  const handle = await open(draft, 'wx', 0o600)
  try {
    const hasMacros = createMacroSearch()
    let head = new Uint8Array()
    let isActive = false
    for await (const bytes of by.document(referralId, attachment, createByteProgress(name))) {
      if (head.length === 0) head = new Uint8Array(bytes.subarray(0, headBytes))
      isActive = hasMacros(bytes)
      await handle.writeFile(bytes)
      giveBack(bytes)
    }
    const found = isActive && isOffice(attachment) ? 'active' : typeOf(head)
    if (!allowsActive) requireStated(found, attachment, name)
    await handle.sync()
    await handle.close()
    const extension = found === 'active' || found === 'unknown' ? 'bin' : extensions[found]
    const path = join(folder, `${name}.${extension}`)
    // The first of another referral is called the same, and may be of somebody else.
    if (!(await linked(draft, path))) {
      throw new Refusal('document-refused', `${name}.${extension} is there already`)
    }
    await rm(draft)
    await syncFolder(folder)
    return path
  } catch (error) {
    await handle.close()
    await rm(draft, { force: true })
    throw error
  }
}

function isOffice({ fileType }: Attachment): boolean {
  return fileType.startsWith('application/vnd.')
}

function requireStated(found: string, { fileType, size }: Attachment, name: string): void {
  if (found === 'active') {
    throw new Refusal('document-refused', `${name} may do something when it is opened`)
  }
  if (found !== fileType && size > 0) {
    throw new Refusal('document-refused', `${name} is not of the type that its sender states`)
  }
}
