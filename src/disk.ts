/** Files on this machine: each whole or absent, safe on the disk, for its owner only. */
import { createReadStream, createWriteStream } from 'node:fs'
import { link, mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { giveBack } from './protocol/bytes.ts'
import { newId } from './protocol/uuid.ts'

/** Each try is lost only to another process that wrote the file and removed it again. */
const keepTriesMax = 100

/** What a file holds, or `undefined` where there is none. */
export async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Whether there is a file or a folder. */
export async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(noneThere)) !== undefined
}

/** Puts `text` in the place of whatever the file held. */
export async function replaceFile(file: string, text: string): Promise<void> {
  const draft = await draftOf(file, text)
  await rename(draft, file)
  await syncFolder(dirname(file))
}

/**
 * Adds whole lines to the end of a file, safe on the disk when this resolves. What an earlier process left of a line that it
 * did not finish stays a line of its own.
 */
export async function appendLines(file: string, lines: string): Promise<void> {
  await makeFolder(dirname(file))
  const handle = await open(file, 'a+', 0o600)
  try {
    const { size } = await handle.stat()
    const last = Buffer.alloc(1)
    if (size > 0) await handle.read(last, 0, 1, size - 1)
    const isTorn = size > 0 && last.toString() !== '\n'
    await handle.writeFile(isTorn ? `\n${lines}` : lines)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await syncFolder(dirname(file))
}

/** The same of an opened referral: also removes what a dying process left of an earlier try. */
export async function replaceOpened(file: string, text: string): Promise<void> {
  await replaceFile(file, text)
  await removeLeft(file)
}

/** As `keepFirst`, of an opened referral: also removes what a dying process left of an earlier try. */
export async function keepFirstOpened(file: string, text: string): Promise<string> {
  const kept = await keepFirst(file, text)
  await removeLeft(file)
  return kept
}

/**
 * Writes a file unless there is one, and returns what it holds then: of two processes at once, both
 * get the bytes of the first. What is returned is safe on the disk, also where another wrote it.
 */
export async function keepFirst(file: string, text: string): Promise<string> {
  const draft = await draftOf(file, text)
  try {
    for (let tries = 0; tries < keepTriesMax; tries += 1) {
      const isFirst = await linked(draft, file)
      const kept = isFirst ? text : await readIfThere(file)
      // Removed between the two steps, by a process that has no more need of it: now it is our turn.
      if (kept === undefined) continue
      // The first writer may not have come this far yet, and whoever called us relies on the name.
      await syncFolder(dirname(file))
      return kept
    }
    throw new Error(`${file} is written and removed by another process without end`)
  } finally {
    await rm(draft, { force: true })
  }
}

/** Removes a file for good, also if the power fails now. @returns whether there was one */
export async function removeFile(file: string): Promise<boolean> {
  try {
    await unlink(file)
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
  await syncFolder(dirname(file))
  return true
}

/** Moves what stands at `path` into `folder` under a name that is free there, and returns its place. */
export async function moveInto(folder: string, path: string): Promise<string> {
  await makeFolder(folder)
  const place = join(folder, `${basename(path)}.${newId()}`)
  await rename(path, place)
  await Promise.all([syncFolder(folder), syncFolder(dirname(path))])
  return place
}

/** Reads a secret. @throws Error if others than its owner may read the file too */
export async function readSecret(file: string): Promise<string> {
  const found = await stat(file)
  // What the mode of a folder should be is another matter: nobody is to change it for this.
  if (found.isDirectory()) throw new Error(`${file} is a folder: name the file`)
  const { mode } = found
  if (hasModes && (mode & 0o077) !== 0) {
    const octal = (mode & 0o777).toString(8)
    throw new Error(
      `${file} is a secret, and its mode ${octal} lets others at it: chmod 600 ${file}`,
    )
  }
  return (await readFile(file, 'utf8')).trim()
}

/**
 * Requires that nobody but its owner may change a file or a folder, and that its owner is the user
 * who runs this, or root. In a folder like `/tmp`, whose sticky bit is set, others may add files and
 * change none. One that is not there is fine: whoever reads it will say so.
 *
 * @param what - what it is, for the message: `the root keys`
 * @param own - the id of the user who runs this
 * @throws Error that names the command that puts it right
 */
export async function requireOwn(
  path: string,
  what: string,
  own = process.getuid?.() ?? 0,
): Promise<void> {
  const found = await stat(path).catch(noneThere)
  if (!hasModes || !found) return
  if (found.uid !== own && found.uid !== 0) {
    throw new Error(
      `${path} holds ${what} and belongs to another user (${found.uid}): chown ${own} ${path}`,
    )
  }
  if ((found.mode & 0o022) !== 0 && !(found.isDirectory() && (found.mode & 0o1000) !== 0)) {
    const octal = (found.mode & 0o777).toString(8)
    throw new Error(
      `${path} holds ${what}, and its mode ${octal} lets others change it: chmod go-w ${path}`,
    )
  }
}

/** Windows has no such modes, and reports every file as readable by all. */
const hasModes = process.platform !== 'win32'

function noneThere(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined
  throw error
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

/** What is older was left by a process that died: no other writes one file for so long. */
const writingMsMax = 60_000

/** Removes drafts of a file that were never put in its place: they may hold an opened referral. */
async function removeLeft(file: string): Promise<void> {
  const [folder, name] = [dirname(file), basename(file)]
  for (const found of await readdir(folder)) {
    if (!found.startsWith(`${name}.`) || !draftEnd.test(found.slice(name.length))) continue
    const draft = join(folder, found)
    const left = await stat(draft).catch(noneThere)
    if (left && Date.now() - left.mtimeMs > writingMsMax) await rm(draft, { force: true })
  }
}

const draftEnd = /^\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.new$/

async function draftOf(file: string, text: string): Promise<string> {
  await makeFolder(dirname(file))
  const draft = `${file}.${newId()}.new`
  try {
    await writeSecret(draft, text)
  } catch (error) {
    // On a full disk each try would leave one.
    await rm(draft, { force: true })
    throw error
  }
  return draft
}

/** Whether `draft` now also has the name `file`, which was free. */
export async function linked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/**
 * Makes a folder for its owner only, and those above it: their names too must survive a power cut.
 *
 * @returns whether it was not there
 */
export async function makeFolder(folder: string): Promise<boolean> {
  const first = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return false
  for (let made = resolve(folder); ; made = dirname(made)) {
    await syncFolder(dirname(made))
    if (made === resolve(first)) return true
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

/** A name in a folder survives a power cut only once the folder itself is on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * A part of a file, both ends counted in, to be piped to the network, as Fastify does with what it is given to send. Each piece
 * gives its memory back once the network has it, of which only a `pipe` of its own is told: the collector of garbage waits for
 * tens of megabytes.
 */
export function readLong(path: string, first: number, last: number): Readable {
  const file: Readable = createReadStream(path, { start: first, end: last })
  return Object.assign(file, {
    pipe<To extends NodeJS.WritableStream>(to: To): To {
      file.on('data', (part: Buffer) => {
        const isTaken = to.write(part, (error) => {
          if (!error) giveBack(part)
        })
        if (!isTaken) file.pause()
      })
      file.on('end', () => to.end())
      to.on('drain', () => file.resume())
      return to
    },
  })
}

/** Writes what comes into a file that is there, from `offset` on, in as little memory. @returns where it ends */
export async function writeLong(path: string, offset: number, from: Readable): Promise<number> {
  const file = createWriteStream(path, { flags: 'r+', start: offset })
  let end = offset
  const sink = new Writable({
    write(part: Uint8Array, _, done) {
      end += part.length
      file.write(part, (error) => {
        if (!error) giveBack(part)
        done(error)
      })
    },
    final: (done) => void file.end(done),
    destroy(error, done) {
      file.destroy()
      done(error)
    },
  })
  file.on('error', (error) => sink.destroy(error))
  await pipeline(from, sink)
  return end
}
