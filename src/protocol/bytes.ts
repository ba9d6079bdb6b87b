/** Bytes and their one written form. */
import sodium from 'libsodium-wrappers'
import { Refusal } from '../errors.ts'
import { protocol } from '../referral/header.ts'
import './loaded.ts'

/** Draws random bytes; the tests pass a fixed stream, so that vectors can be reproduced. */
export type Random = (length: number) => Uint8Array

const encoder = new TextEncoder()

/** The UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/** The parts, one after the other. */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/**
 * Gives back the memory of bytes that nobody needs any more, where they have a buffer of their own. What comes and goes in large
 * pieces would otherwise pile up: the collector of garbage waits for tens of megabytes of them.
 */
export function giveBack({ buffer, byteLength }: Uint8Array): void {
  // Node.js 20 and older browsers cannot, and collect it later.
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer?.(0)
}

/** `I2OSP(number, 2)` of RFC 8017: two bytes, the greater first. */
export function i2osp(number: number): Uint8Array {
  return Uint8Array.of(number >> 8, number & 0xff)
}

/**
 * `bytes` behind their length in two bytes.
 *
 * @throws Refusal `malformed-request` for more than 65,535, whose length two bytes cannot state
 */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 0xffff) {
    throw new Refusal('malformed-request', 'an input is longer than 65535 bytes')
  }
  return concat(i2osp(bytes.length), bytes)
}

/**
 * `label(name)` of docs/PROTOCOL.md: says what a hash, key or signature is for, so that none can be
 * shown as another. Ends in a zero byte, which no name contains: no label begins another.
 */
export function label(name: string): Uint8Array {
  return utf8(`${protocol} ${name}\0`)
}

/** Unpadded base64url (RFC 4648 section 5). */
export function encodeBase64url(bytes: Uint8Array): string {
  return sodium.to_base64(bytes, sodium.base64_variants.URLSAFE_NO_PADDING)
}

/**
 * Reads unpadded base64url, strictly: one sequence of bytes has one spelling, or a signed document
 * could be respelt under its signature.
 *
 * @param length - how many bytes there must be; any number if left out
 * @throws Refusal `malformed-request` for padding, other characters, nonzero trailing bits or
 *   another length
 */
export function decodeBase64url(text: string, length?: number): Uint8Array {
  const bytes = base64urlBytes(text)
  if (!bytes || (length !== undefined && bytes.length !== length)) {
    const form = length === undefined ? 'unpadded base64url' : `${length} bytes in base64url`
    throw new Refusal('malformed-request', `a value is not ${form}`)
  }
  return bytes
}

/** As `decodeBase64url`, for a caller with a refusal of its own: `undefined` if it is not that. */
export function base64urlBytes(text: string): Uint8Array | undefined {
  try {
    return sodium.from_base64(text, sodium.base64_variants.URLSAFE_NO_PADDING)
  } catch {
    return undefined
  }
}

/** Compares in a time that does not depend on where the two differ. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && sodium.memcmp(a, b)
}
