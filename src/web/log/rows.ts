/** The entries as they stand in the files. What is read here proves nothing: `proof.ts` does. */
import { whoOf } from '../../client/entrywords.ts'
import { EntryFault, parseEntry } from '../../client/logentry.ts'
import {
  openingsFile,
  type PageAbout,
  type PageOpening,
  parseOpening,
} from '../../client/logpage.ts'
import { londonTime } from '../../client/london.ts'
import { parseBundle } from '../../protocol/log/bundle.ts'
import { LogFault } from '../../protocol/log/fault.ts'
import { tileAt, tilePath, tileWidth } from '../../protocol/log/tile.ts'
import { breath, readFile, textOf } from './files.ts'
import type { Row } from './row.ts'

/** Those that can be read, in the order of the log, and how many cannot. */
export type Rows = { readonly rows: readonly Row[]; readonly unreadable: number }

/** Reads all of them, in slices. @param onProgress - called with how many of all are done */
export async function readRows(
  about: PageAbout,
  onProgress: (done: number) => void,
): Promise<Rows> {
  const openings = await readOpenings(about)
  const rows: Row[] = []
  let unreadable = 0
  for (let bundle = about.first / tileWidth; bundle * tileWidth < about.size; bundle += 1) {
    const entries = await readBundle(bundle, about.size)
    entries.forEach((bytes, offset) => {
      const row = bytes && rowOf(bytes, bundle * tileWidth + offset, openings)
      if (row) rows.push(row)
      else unreadable += 1
    })
    onProgress(bundle * tileWidth + entries.length - about.first)
  }
  return { rows, unreadable }
}

type Openings = ReadonlyMap<string, PageOpening['opening']>

async function readOpenings({ openings }: PageAbout): Promise<Openings> {
  const found = new Map<string, PageOpening['opening']>()
  for (let part = 0; part < openings; part += 1) {
    await breath()
    for (const line of textOf(openingsFile(part))?.split('\n') ?? []) {
      const opened = parseOpening(line)
      if (opened) found.set(opened.id, opened.opening)
    }
  }
  return found
}

/** The entries of a bundle; each `undefined` where the file is missing or cannot be parted. */
async function readBundle(index: number, size: number): Promise<(Uint8Array | undefined)[]> {
  const id = tileAt('entries', index, size)
  if (!id) return []
  const bytes = await readFile(tilePath(id))
  try {
    if (bytes) return parseBundle(bytes, id.width, tilePath(id))
  } catch (fault) {
    if (!(fault instanceof LogFault)) throw fault
  }
  return Array.from({ length: id.width }, () => undefined)
}

function rowOf(bytes: Uint8Array, index: number, openings: Openings): Row | undefined {
  try {
    const entry = parseEntry(bytes, index)
    const shown = openings.get(entry.id)
    const opening = shown ?? {}
    const who = whoOf({ caller: entry.caller, opening })
    return { index, entry, opening, isShown: shown !== undefined, who, time: londonTime(entry.at) }
  } catch (fault) {
    if (fault instanceof EntryFault) return undefined
    throw fault
  }
}
