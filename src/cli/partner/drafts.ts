/** Draft files: JSON that a person or a partner's program wrote. */
import type { Dirent, Stats } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { consentPermits } from '../../referral/consent.ts'
import { shown } from '../../referral/shown.ts'
import { UsageError } from '../command.ts'
import { parseJson } from '../json.ts'
import { hashOf } from './outbox.ts'

/** Larger than any draft that could be sealed. */
const draftBytesMax = 1024 * 1024

/** The operand that stands for standard input. */
export const standardInput = '-'

/** More names than this are counted, and not listed. */
const namesMax = 5

/** Draft files, and what lay beside them in a folder and was not taken for one. */
export type Found = { readonly files: readonly string[]; readonly passedOver: readonly string[] }

/**
 * The files named, and of each folder named the files in it that end in `.json`, by name. Folders
 * within a folder are passed over, because what lies there may be anything.
 *
 * @throws UsageError for a folder with no draft in it
 */
export async function draftFiles(paths: readonly string[]): Promise<Found> {
  const found = await Promise.all(paths.map(draftsAt))
  return {
    files: found.flatMap(({ files }) => files),
    passedOver: found.flatMap(({ passedOver }) => passedOver),
  }
}

async function draftsAt(path: string): Promise<Found> {
  if (path === standardInput || !(await stat(path)).isDirectory()) {
    return { files: [path], passedOver: [] }
  }
  const entries = await readdir(path, { withFileTypes: true })
  const all = entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  const files = all.filter(isDraft).map(({ name }) => join(path, name))
  const passedOver = all.filter((entry) => !isDraft(entry)).map((entry) => nameIn(path, entry))
  if (files.length > 0) return { files, passedOver }
  const words = passedOver.length > 0 ? `: ${passedOverWords(passedOver).join('')}` : ''
  throw new UsageError(`${path} holds no draft, which is a file whose name ends in .json${words}`)
}

function isDraft(entry: Dirent): boolean {
  return !entry.isDirectory() && /\.json$/i.test(entry.name)
}

function nameIn(path: string, entry: Dirent): string {
  return `${join(path, entry.name)}${entry.isDirectory() ? '/' : ''}`
}

/** One line on what was passed over, or none. */
export function passedOverWords(names: readonly string[]): string[] {
  if (names.length === 0) return []
  const listed = names.slice(0, namesMax).map(shown).join(', ')
  const more = names.length > namesMax ? ` and ${names.length - namesMax} more` : ''
  return [`passed over, as no draft: ${listed}${more}`]
}

/** The bytes of a draft file. @throws Error if it is too large to be one */
export async function readDraftFile(file: string): Promise<Uint8Array> {
  if (file !== standardInput) return readWhole(file)
  const bytes = await buffer(process.stdin)
  if (bytes.length > draftBytesMax) throw new Error('standard input is too large for a draft')
  return bytes
}

async function readWhole(file: string): Promise<Uint8Array> {
  if ((await stat(file)).size > draftBytesMax) throw new Error(`${file} is too large for a draft`)
  return readFile(file)
}

/**
 * Where a draft can be looked at again: an absolute path, or `undefined` for standard input, a pipe or
 * a name that means something else in each process.
 */
export async function placeOf(file: string): Promise<string | undefined> {
  if (file === standardInput) return undefined
  const place = resolve(file)
  if (/^\/(dev|proc)\//.test(place)) return undefined
  return (await stat(place)).isFile() ? place : undefined
}

/**
 * How a draft stands to what was sealed from it.
 *
 * - `same`: a file still holds those bytes, or there never was one.
 * - `gone`: it lies at none of its places any more.
 * - `changed`: one of them holds other bytes, whose SHA-256 is `now`.
 * - `refused`: one of them says now that consent is refused or withdrawn.
 * - `unreadable`: whether it has changed cannot be told.
 */
export type Standing =
  | { readonly is: 'same' | 'gone' }
  | { readonly is: 'refused'; readonly file: string }
  | { readonly is: 'unreadable'; readonly file: string }
  | { readonly is: 'changed'; readonly file: string; readonly now: string }

/** The gravest of what its files say. @param draft - SHA-256 of the bytes that were sealed, in hex */
export async function standingOf(files: readonly string[], draft: string): Promise<Standing> {
  const all = await Promise.all(files.map((file) => standingAt(file, draft)))
  const first = (is: Standing['is']) => all.find((standing) => standing.is === is)
  const grave = first('refused') ?? first('changed') ?? first('unreadable') ?? first('same')
  return grave ?? { is: files.length > 0 ? 'gone' : 'same' }
}

async function standingAt(file: string, draft: string): Promise<Standing> {
  let bytes: Uint8Array
  try {
    const found: Stats = await stat(file)
    // No draft is as large, nor a folder or a pipe: something else has taken its place.
    if (!found.isFile() || found.size > draftBytesMax) return { is: 'changed', file, now: '' }
    bytes = await readFile(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ENOTDIR' ? { is: 'gone' } : { is: 'unreadable', file }
  }
  const now = hashOf(bytes)
  if (now === draft) return { is: 'same' }
  return refusesConsent(bytes, file) ? { is: 'refused', file } : { is: 'changed', file, now }
}

function refusesConsent(bytes: Uint8Array, file: string): boolean {
  try {
    const draft = parseJson<{ referral?: { consent?: unknown } } | null>(bytes, file)
    return !consentPermits(draft?.referral?.consent)
  } catch {
    return false
  }
}
