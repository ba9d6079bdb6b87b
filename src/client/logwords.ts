/** What is wrong with a log, and who witnessed it, in words. */
import { LogFault, type LogFaultCode } from '../protocol/log/fault.ts'
import { parseTilePath, tileWidth } from '../protocol/log/tile.ts'
import { shown } from '../referral/shown.ts'
import { EntryFault } from './logentry.ts'
import type { LogWitnessing } from './logtrust.ts'

/** What is said of a fault; `index` is that of the first entry that is wrong, from 0. */
export type LogFaultShown = {
  readonly code: LogFaultCode | EntryFault['code']
  readonly index?: number
  readonly path?: string
  readonly detail: string
}

/** A fault of a log or an entry as it is shown; any other error is thrown on. */
export function shownFault(error: unknown): LogFaultShown {
  if (error instanceof EntryFault) {
    const { code, index, message: detail } = error
    return { code, ...(index !== undefined && { index }), detail }
  }
  if (!(error instanceof LogFault)) throw error
  const { code, place, message: detail } = error
  const index = place.index ?? firstIndexIn(place.path)
  return { code, ...place, ...(index !== undefined && { index }), detail }
}

/** A bundle that is missing is wrong from its first entry on. */
function firstIndexIn(path: string | undefined): number | undefined {
  const tile = path === undefined ? undefined : parseTilePath(path)
  if (!tile) return undefined
  const below = typeof tile.level === 'number' ? tileWidth ** tile.level : 1
  return tile.index * tileWidth * below
}

/** The fault in one or two sentences. */
export function wordsOfLogFault({ code, index, path, detail }: LogFaultShown): string {
  const entry = index === undefined ? 'an entry' : `entry ${index}`
  const file = path === undefined ? 'a file' : shown(path)
  const said = shown(detail)
  switch (code) {
    case 'entry-wrong':
      return `${capital(entry)} is wrong: it was changed, moved or exchanged after it was signed.`
    case 'entries-missing':
    case 'entries-malformed':
      return `Entries are missing from ${entry} on, or cannot be read: ${said}.`
    case 'entry-malformed':
      return `${capital(entry)} does not have the form of an entry: ${said}.`
    case 'opening-wrong':
      return `${capital(entry)} is right, but not what is shown of it: ${said}.`
    case 'entry-unshown':
      return `${capital(entry)} is in the log, and not among what is shown of it: it is kept from you.`
    case 'entry-unlogged':
      return `An entry was added or kept out of the log: ${said}.`
    case 'tile-wrong':
      return `The hashes in ${file} were changed after they were signed, from that of ${entry} on.`
    case 'tile-missing':
    case 'tile-malformed':
      return `Hashes are missing from that of ${entry} on, or cannot be read: ${said}.`
    case 'root-wrong':
      return `What is there does not belong to the signed checkpoint: ${said}.`
    case 'rolled-back':
      return `The log was rolled back: ${said}.`
    case 'inconsistent':
      return 'The log does not begin with what its earlier checkpoint signed: it was written anew.'
    case 'checkpoint-missing':
      return 'There is no checkpoint: nothing here is signed.'
    case 'checkpoint-malformed':
    case 'note-malformed':
      return `The checkpoint cannot be read: ${said}.`
    case 'unsigned':
      return 'The checkpoint is not signed by the key of this log.'
    case 'signature-wrong':
      return `A signature on the checkpoint does not hold: ${said}.`
    case 'origin-wrong':
      return 'The checkpoint is that of another log.'
    case 'proof-malformed':
      return `The proof cannot be read: ${said}.`
    case 'inclusion-wrong':
      return `The proof does not hold: ${said}.`
    case 'policy-malformed':
    case 'key-malformed':
      return `The policy cannot be used: ${said}.`
  }
}

/** Who witnessed a checkpoint, in a sentence. */
export function wordsOfWitnessing(witnessing: LogWitnessing): string {
  if (witnessing === 'unwitnessed') return 'It is unwitnessed.'
  const by = witnessing.by.map(({ name, seconds }) => {
    return `${shown(name)} at ${new Date(seconds * 1000).toISOString()}`
  })
  const few = witnessing.isQuorum ? '' : ', fewer than are asked for'
  return `It is witnessed by ${by.join(', ')}${few}.`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
