/**
 * The list of erasures that outlives the database: a line for each, an id and a time, and only ever added to. Pure.
 *
 * A process that is killed while it writes leaves a part of a line, of an erasure that was not answered: it counts as none.
 */
import { encodeBase64url, utf8 } from '../protocol/bytes.ts'
import { sha256 } from '../protocol/sodium.ts'

const lineForm = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) \d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/

/** What a person writes into a new list where the old one is lost: an empty one may be one that was emptied. */
const anewForm = /^begun anew$/m

type Line = { readonly referralId: string; readonly erasedAt: string }

export function linesOf(erasures: readonly Line[]): string {
  return erasures.map(({ referralId, erasedAt }) => `${referralId} ${erasedAt}\n`).join('')
}

/** A list that was joined on another system ends its lines with two characters. */
const lineEnd = /\r?\n/

/** The ids in a list, each once. */
export function idsIn(text: string): Set<string> {
  return new Set(text.split(lineEnd).flatMap((line) => lineForm.exec(line)?.[1] ?? []))
}

/** A line, or as much of one as was written. */
const tornForm = /^[0-9a-f-]{0,36}(?: [\dT:.-]{0,24}Z?)?$/

/** Whether there is a line that is none of ours, whole or torn: what a person put there by hand in a way that nobody reads. */
export function isStrange(text: string): boolean {
  return text.split(lineEnd).some((line) => !tornForm.test(line) && !anewForm.test(line))
}

export function isAnew(text: string): boolean {
  return anewForm.test(text)
}

/** What a list held when it was last written to: how many bytes, and their SHA-256. It stands beside the list. */
export function sumOf(text: string): string {
  const bytes = utf8(text)
  return `${bytes.length} ${encodeBase64url(sha256(bytes))}\n`
}

/** Whether a list begins with what its sum says; it is longer where a process was killed before it wrote that. */
export function isWhole(text: string, sum: string): boolean {
  const bytes = utf8(text)
  const [length, hash] = sum.trim().split(' ')
  return encodeBase64url(sha256(bytes.subarray(0, Number(length)))) === hash
}
