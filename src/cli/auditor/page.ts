/** Writes the page of an exported log, and what it shows: each file of the log again, as a script. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EntryFault, parseEntry, parseShown } from '../../client/logentry.ts'
import { aboutFile, openingsFile, type PageAbout, pageEntriesMax } from '../../client/logpage.ts'
import { makeFolder } from '../../disk.ts'
import { encodeBase64url } from '../../protocol/bytes.ts'
import { parseBundle } from '../../protocol/log/bundle.ts'
import { base64 } from '../../protocol/log/text.ts'
import { type TileId, tilePath, tileWidth } from '../../protocol/log/tile.ts'
import { randomBytes } from '../../protocol/sodium.ts'
import { builtPage } from './builtpage.ts'
import { storedOpenings } from './source.ts'

/** As many openings as are in one script. */
const openingsPerFile = 1000

/**
 * Writes `index.html` and its data into a folder in which the files of the log stand already.
 *
 * @param about - what the page is told, but for what is counted here
 * @param tiles - the files of the log's tree
 */
export async function writePage(
  folder: string,
  about: Omit<PageAbout, 'first' | 'openings'>,
  tiles: readonly TileId[],
  checkpoint: string,
): Promise<void> {
  const page = await builtPage()
  await makeFolder(join(folder, 'data'))
  const over = Math.max(0, about.size - pageEntriesMax)
  const first = Math.ceil(over / tileWidth) * tileWidth
  const names = [await writeData(folder, 'checkpoint', checkpoint)]
  const ids = new Set<string>()
  for (const tile of tiles) {
    const isBelow = tile.level === 'entries' || tile.level === 0
    if (isBelow && tile.index < first / tileWidth) continue
    const path = tilePath(tile)
    const bytes = await readFile(join(folder, path))
    if (tile.level === 'entries') for (const id of idsIn(bytes, tile.width, path)) ids.add(id)
    names.push(await writeData(folder, path, base64(bytes)))
  }
  let openings = 0
  for await (const lines of openingsOf(folder, ids)) {
    names.push(await writeData(folder, openingsFile(openings), lines.join('\n')))
    openings += 1
  }
  const whole: PageAbout = { ...about, first, openings }
  names.push(await writeData(folder, aboutFile, JSON.stringify(whole)))
  await writeOwn(join(folder, 'LICENSES.txt'), page.licences)
  await writeOwn(join(folder, 'index.html'), filled(page.html, names))
}

/** Writes a file as a script that hands over its text. @returns its path in the folder */
async function writeData(folder: string, name: string, text: string): Promise<string> {
  const path = `data/${name.replaceAll('/', '-')}.js`
  await writeOwn(join(folder, path), `logFile(${literal(name)}, ${literal(text)})\n`)
  return path
}

/** As a script may state it, wherever that stands: nothing in it ends the script, or the line. */
function literal(text: string): string {
  return JSON.stringify(text).replace(/[<\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The ids of the entries of a bundle; what is no entry has none. */
function* idsIn(bytes: Uint8Array, width: number, path: string): Generator<string> {
  for (const entry of parseBundle(bytes, width, path)) {
    try {
      yield parseEntry(entry, 0).id
    } catch (fault) {
      if (!(fault instanceof EntryFault)) throw fault
    }
  }
}

/** What opens the entries with these ids, so many at a time. */
async function* openingsOf(folder: string, ids: ReadonlySet<string>): AsyncGenerator<string[]> {
  let lines: string[] = []
  const stored = await storedOpenings(folder)
  for await (const line of stored?.() ?? []) {
    const entry = parseShown(line)
    if (!entry || !ids.has(entry.id)) continue
    lines.push(JSON.stringify({ id: entry.id, opening: entry.opening }))
    if (lines.length < openingsPerFile) continue
    yield lines
    lines = []
  }
  if (lines.length > 0) yield lines
}

/** The page with the scripts of its data, which its policy knows by a word that nobody can guess. */
function filled(html: string, paths: readonly string[]): string {
  const nonce = encodeBase64url(randomBytes(16))
  const tags = paths.map((path) => `<script defer nonce="${nonce}" src="${path}"></script>`)
  return html.replace('{nonce}', nonce).replace('{files}', tags.join('\n'))
}

function writeOwn(file: string, text: string): Promise<void> {
  return writeFile(file, text, { mode: 0o600, flag: 'wx' })
}
