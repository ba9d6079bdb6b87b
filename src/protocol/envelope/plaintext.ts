/**
 * Reads what a sealer wrote: docs/PROTOCOL.md, "Opening". Nobody could check it before it was opened,
 * and a client in another language may have left a name as the keyboard gave it, or written a
 * fraction. So whatever is JSON is shown, and where it is not canonical a problem stands beside it.
 *
 * Two things are refused: bytes that are not JSON, and a name that stands twice in one object, under
 * which two readers would see two values.
 */
import { Refusal } from '../../errors.ts'
import { type Problem, problemsMax } from '../../referral/problems.ts'
import { depthMax, parseCanonical, textFault } from '../canonical.ts'

/** Deeper than anything that could be shown, and far less than a stack. */
const shownDepthMax = 1_000

/** What was read, and what is not canonical in it. */
export type Plaintext = { value: unknown; problems: Problem[] }

/**
 * Reads the plaintext of a compartment or a wrap.
 *
 * A number that would change when it is read, because it is too long or too large, is given as the
 * text that stood there.
 *
 * @param base - the JSON pointer of the value
 * @throws Refusal `malformed-request` for what is not JSON in UTF-8, names a property twice, or is
 *   nested deeper than 1,000 levels
 */
export function readPlaintext(bytes: Uint8Array, base: string): Plaintext {
  try {
    return { value: parseCanonical(bytes), problems: [] }
  } catch {
    return readOther(bytes, base)
  }
}

type Scan = { readonly text: string; at: number; spaced: boolean; readonly problems: Problem[] }

function readOther(bytes: Uint8Array, base: string): Plaintext {
  const text = jsonText(bytes)
  const marked = text.startsWith('\uFEFF')
  const scan: Scan = { text, at: marked ? 1 : 0, spaced: false, problems: [] }
  if (marked) note(scan, base, 'begins with a byte order mark.')
  const value = readValue(scan, base, 0)
  skipSpace(scan)
  if (scan.spaced) note(scan, base, 'has white space between its parts.')
  if (scan.problems.length === 0) note(scan, base, 'is not canonical JSON.')
  return { value, problems: scan.problems }
}

/** The text, once the platform's parser has taken it: what follows need not look for mistakes. */
function jsonText(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    JSON.parse(text.replace(/^\uFEFF/, ''))
    return text
  } catch (cause) {
    throw new Refusal('malformed-request', 'is not JSON in UTF-8', { cause })
  }
}

function readValue(scan: Scan, pointer: string, depth: number): unknown {
  skipSpace(scan)
  const first = scan.text[scan.at]
  if (first === '"') return readText(scan, pointer)
  if (first !== '{' && first !== '[') return readScalar(scan, pointer)
  if (depth === shownDepthMax) {
    throw new Refusal('malformed-request', `is nested deeper than ${shownDepthMax} levels`)
  }
  if (depth === depthMax) note(scan, pointer, `is nested deeper than ${depthMax} levels.`)
  scan.at += 1
  return first === '{' ? readObject(scan, pointer, depth) : readArray(scan, pointer, depth)
}

function readArray(scan: Scan, pointer: string, depth: number): unknown[] {
  const items: unknown[] = []
  while (!closes(scan, ']')) {
    items.push(readValue(scan, `${pointer}/${items.length}`, depth + 1))
  }
  return items
}

function readObject(scan: Scan, pointer: string, depth: number): object {
  const members = new Map<string, unknown>()
  let before: string | undefined
  let ordered = true
  while (!closes(scan, '}')) {
    skipSpace(scan)
    const name = readText(scan, pointer)
    if (members.has(name)) throw new Refusal('malformed-request', 'names a property twice')
    ordered &&= before === undefined || before < name
    before = name
    skipSpace(scan)
    scan.at += 1
    members.set(name, readValue(scan, under(pointer, name), depth + 1))
  }
  if (!ordered) note(scan, pointer, 'has its names in another order than JCS.')
  // A member named `__proto__` becomes a property like any other.
  return Object.fromEntries(members)
}

/** Whether the list or object ends here; else steps over the comma before its next part. */
function closes(scan: Scan, end: ']' | '}'): boolean {
  skipSpace(scan)
  const found = scan.text[scan.at]
  if (found === end || found === ',') scan.at += 1
  return found === end
}

function readText(scan: Scan, pointer: string): string {
  const token = take(scan, /"[^"\\]*(?:\\.[^"\\]*)*"/y)
  const value: string = JSON.parse(token)
  const fault = textFault(value)
  if (fault !== undefined) note(scan, pointer, `${fault}.`)
  else if (JSON.stringify(value) !== token) note(scan, pointer, 'is not spelt as JCS spells it.')
  return value
}

function readScalar(scan: Scan, pointer: string): unknown {
  const token = take(scan, /[^\s,\]}]+/y)
  const value: unknown = JSON.parse(token)
  if (typeof value !== 'number' || (Number.isSafeInteger(value) && String(value) === token)) {
    return value
  }
  if (Number.isSafeInteger(value)) {
    note(scan, pointer, 'is not spelt as JCS spells it.')
    return value
  }
  note(scan, pointer, 'is not a whole number within ±(2^53 − 1).')
  return String(value) === token ? value : token
}

function skipSpace(scan: Scan): void {
  if (take(scan, /[ \t\r\n]*/y) !== '') scan.spaced = true
}

function take(scan: Scan, token: RegExp): string {
  token.lastIndex = scan.at
  const [found = ''] = token.exec(scan.text) ?? []
  scan.at += found.length
  return found
}

function note({ problems }: Scan, pointer: string, detail: string): void {
  if (problems.length < problemsMax) problems.push({ pointer, detail })
}

function under(pointer: string, name: string): string {
  return `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}
