/**
 * What a consumer was told, on disk before it does anything else: whatever kills it, what the queue
 * acknowledged to it stands here for the judge.
 */
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** `fence` is what tells one holder of an item from the next: a fence, or the number of an attempt. */
export type Told = {
  readonly act: 'claimed' | 'completed' | 'refused'
  readonly item: string
  readonly fence: number
  /** When it was noted, in milliseconds of this machine's clock. */
  readonly at: number
}

/** Opens a journal of one process in `folder`. @returns what appends to it, and comes back when that is safe */
export function openJournal(
  folder: string,
  name: string,
): (told: readonly Omit<Told, 'at'>[]) => void {
  const file = openSync(join(folder, `${name}.jsonl`), 'a')
  process.once('exit', () => closeSync(file))
  return (told) => {
    if (told.length === 0) return
    const at = Date.now()
    writeSync(file, told.map((one) => `${JSON.stringify({ ...one, at })}\n`).join(''))
    fsyncSync(file)
  }
}

/** All journals of a folder by the name of their process. A line that was cut off was never acted on. */
export function readJournals(folder: string): Map<string, Told[]> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'))
  return new Map(
    names.map((name) => {
      const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1)
      return [name, lines.map((line) => JSON.parse(line) as Told)]
    }),
  )
}
