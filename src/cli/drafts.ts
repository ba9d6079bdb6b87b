/** Draft files: JSON that a person or a partner's program wrote. */
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Larger than any draft that could be sealed. */
const draftBytesMax = 1024 * 1024

/** The files named, and of each folder named the JSON files in it, by name. */
export async function draftFiles(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map(async (path) => {
      if (!(await stat(path)).isDirectory()) return [path]
      const names = (await readdir(path)).filter((name) => name.endsWith('.json'))
      return names.sort().map((name) => join(path, name))
    }),
  )
  return found.flat()
}

/** The bytes of a draft file. @throws Error if it is too large to be one */
export async function readDraftFile(file: string): Promise<Uint8Array> {
  if ((await stat(file)).size > draftBytesMax) throw new Error(`${file} is too large for a draft`)
  return readFile(file)
}
