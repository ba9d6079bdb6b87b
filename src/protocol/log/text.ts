/** Bytes and the text that these files are written in. */
import { LogFault, type LogFaultCode } from './fault.ts'

const encoder = new TextEncoder()
// Ignoring the mark means to keep it: what is signed are all the bytes.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The UTF-8 bytes of `text`. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

/**
 * The text of a file.
 *
 * @throws LogFault with `code` if it is not UTF-8
 */
export function decode(file: Uint8Array | string, code: LogFaultCode): string {
  if (typeof file === 'string') return file
  try {
    return decoder.decode(file)
  } catch {
    throw new LogFault(code, 'the file is not UTF-8')
  }
}

/** Base 64 of RFC 4648 section 4, padded. */
export function base64(bytes: Uint8Array): string {
  let characters = ''
  for (const byte of bytes) characters += String.fromCharCode(byte)
  return btoa(characters)
}

/** Reads what `base64` writes; `undefined` for everything else, another spelling included. */
export function fromBase64(text: string): Uint8Array | undefined {
  // `atob` passes over spaces and missing padding: only the one spelling comes back as it was.
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  return base64(bytes) === text ? bytes : undefined
}

/** A number as it may be written: decimal, without leading zeroes, up to 2^53 - 1. */
export function decimal(text: string): number | undefined {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}
