/** Files on this machine: each whole or absent, safe on the disk, for its owner only. */
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { newId } from './protocol/uuid.ts'

/** What a file holds, or `undefined` where there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Puts `text` in the place of whatever the file held. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const draft = await draftOf(file, text)
  await rename(draft, file)
  await syncFolder(dirname(file))
}

/**
 * Writes a file unless there is one, and answers what it holds then: of two processes at once, both
 * get the bytes of the first.
 */
export async function keepFirst(file: string, text: string): Promise<string> {
  const draft = await draftOf(file, text)
  try {
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return await readFile(file, 'utf8')
  } finally {
    await rm(draft)
  }
  await syncFolder(dirname(file))
  return text
}

/** Reads a secret. @throws Error if others than its owner may read the file too */
export async function readSecret(file: string): Promise<string> {
  const { mode } = await stat(file)
  // Windows has no such modes, and reports every file as readable by all.
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const octal = (mode & 0o777).toString(8)
    throw new Error(
      `${file} is a secret, and its mode ${octal} lets others at it: chmod 600 ${file}`,
    )
  }
  return (await readFile(file, 'utf8')).trim()
}

/** Writes a new file that only its owner may read, safe on the disk when this returns. */
export async function writeSecret(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function draftOf(file: string, text: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}.${newId()}.new`
  await writeSecret(draft, text)
  return draft
}

/** A name in a folder survives a power cut only once the folder itself is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
