/** Takes the types off every file of ours, for the processes of a run (quick.js). */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { strippedFile } from './quick.js'

const root = join(import.meta.dirname, '../..')
const folders = ['src', 'test', 'bench', 'examples', 'docs', 'openapi']

/** Half a second where nothing is there yet. */
export function stripTypes(): void {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => join(root, folder, name)),
  )
  for (const file of files) {
    const source = readFileSync(file, 'utf8')
    const to = strippedFile(source)
    if (existsSync(to)) continue
    mkdirSync(dirname(to), { recursive: true })
    // Two runs at once may be at the same file: it is whole or not there.
    writeFileSync(`${to}.${process.pid}`, stripTypeScriptTypes(source))
    renameSync(`${to}.${process.pid}`, to)
  }
}
