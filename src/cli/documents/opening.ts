/** Opening a fetched file: onto the disk apart, and under its name only once all of it came and it is what was said. */
import { createReadStream } from 'node:fs'
import { open, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Attachment, type Documents, newId, Refusal } from '../../client/index.ts'
import { linked, makeFolder, syncFolder } from '../../disk.ts'
import { encodeBase64url, giveBack } from '../../protocol/bytes.ts'
import { createSha256 } from '../../protocol/documents/format.ts'
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
 * @returns its path, also of one that was written before: whoever was killed may begin again
 * @throws Refusal `document-refused`, also where another file of that name is there, and what `document` of the SDK throws: then nothing is left of it
 */
export async function openInto(
  by: Pick<Documents, 'document'>,
  referralId: string,
  attachment: Attachment,
  { folder, number, allowsActive }: Place,
): Promise<string> {
  await makeFolder(folder)
  await removeLeft(folder)
  const name = `document-${number}`
  const draft = join(folder, `${name}.${process.pid}.${newId()}.part`)
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
    if (!(await linked(draft, path)) && !(await areSame(draft, path))) {
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

/** A draft holds opened bytes that may not be what was sent: what a process that died left of one is removed. */
async function removeLeft(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = draftForm.exec(name)?.[1]
    if (pid !== undefined && !isRunning(Number(pid))) await rm(join(folder, name), { force: true })
  }
}

const draftForm = /^document-[0-9]+\.([0-9]+)\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Another user's is running too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

async function areSame(...paths: readonly [string, string]): Promise<boolean> {
  const [one, other] = await Promise.all(paths.map((path) => stat(path)))
  if (one?.size !== other?.size) return false
  const [left, right] = await Promise.all(paths.map(sha256Of))
  return left === right
}

async function sha256Of(path: string): Promise<string> {
  const sha256 = createSha256()
  for await (const bytes of createReadStream(path)) sha256.add(bytes)
  return encodeBase64url(sha256.end())
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
