/**
 * JSON as bytes that two programs agree on: RFC 8785 (JCS), over a narrower set of values.
 *
 * The library writes a Date, an `undefined` or a fraction without a word, and another language's
 * might write them otherwise, so the value is checked first: null, booleans, strings of well-formed
 * Unicode in NFC, integers within ±(2^53 − 1), arrays, plain objects. NFC because two keyboards
 * type one name in two ways, and a signature must not depend on the keyboard.
 */
import canonicalize from 'canonicalize'
import { Refusal } from '../errors.ts'
import { equalBytes, utf8 } from './bytes.ts'

/** Far deeper than anything sealed, and far less than a stack. Also what stops a cycle. */
export const depthMax = 32

/**
 * The canonical bytes of `value`.
 *
 * @throws Refusal `malformed-request` for a value outside the set above, naming the place
 */
export function canonicalBytes(value: unknown): Uint8Array {
  const fault = valueFault(value, 0)
  if (fault !== undefined) throw new Refusal('malformed-request', fault)
  return utf8(canonicalize(value) as string)
}

/**
 * Reads canonical bytes, and nothing else: whoever re-signs or re-hashes what was read gets the
 * same bytes again, and no doubled key hides a second value.
 *
 * @throws Refusal `malformed-request` for bytes that are not the canonical form of a value
 */
export function parseCanonical(bytes: Uint8Array): unknown {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new Refusal('malformed-request', 'the bytes are not JSON in UTF-8', { cause })
  }
  if (!equalBytes(canonicalBytes(value), bytes)) {
    throw new Refusal('malformed-request', 'the JSON is not in canonical form')
  }
  return value
}

function valueFault(value: unknown, depth: number): string | undefined {
  if (value === null || typeof value === 'boolean') return undefined
  if (typeof value === 'string') return faultOfString(value)
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? undefined : 'a number is not an integer within ±(2^53 − 1)'
  }
  if (typeof value !== 'object') return `a ${typeof value} has no form in JSON`
  if (depth === depthMax) return `nested deeper than ${depthMax} levels`
  if (Array.isArray(value)) return firstFault(value, depth + 1)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    return 'an object is not a plain object'
  }
  return firstFault(Object.keys(value), depth + 1) ?? firstFault(Object.values(value), depth + 1)
}

function firstFault(values: unknown[], depth: number): string | undefined {
  for (const value of values) {
    const fault = valueFault(value, depth)
    if (fault !== undefined) return fault
  }
  return undefined
}

function faultOfString(text: string): string | undefined {
  const fault = textFault(text)
  return fault && `a string ${fault}`
}

// Printable ASCII is in NFC and well-formed, and is nearly all that is ever checked.
const plainText = /^[ -~]*$/

/** What keeps a string out of canonical JSON: half of a surrogate pair, or another form than NFC. */
export function textFault(text: string): string | undefined {
  if (plainText.test(text)) return undefined
  if (/\p{Surrogate}/u.test(text)) return 'holds half of a surrogate pair'
  return text.normalize('NFC') === text ? undefined : 'is not in Unicode form NFC'
}
