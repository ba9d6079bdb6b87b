/**
 * The message and form of a witness's signature: C2SP tlog-cosignature (c2sp.org/tlog-cosignature),
 * Ed25519. It says that at this time no larger tree was known, and that this one contains all that
 * the witness has seen before.
 */
import { utf8 } from './text.ts'

const timeBytes = 8

/** The end of what a calendar has, as a JavaScript `Date` counts it. */
const secondsMax = 8_640_000_000_000

/** A witness's signature and when it was made, in seconds since 1970. */
export interface Cosignature {
  seconds: number
  /** 64 bytes of Ed25519 over `cosignedMessage`. */
  signature: Uint8Array
}

/** What a witness signs: the whole text of the checkpoint, behind the time. */
export function cosignedMessage(text: string, seconds: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${seconds}\n${text}`)
}

/** Reads what follows the key id; `undefined` for another length or a time that no `Date` holds. */
export function parseCosignature(bytes: Uint8Array): Cosignature | undefined {
  if (bytes.length !== timeBytes + 64) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const seconds = Number(view.getBigUint64(0))
  return seconds <= secondsMax ? { seconds, signature: bytes.slice(timeBytes) } : undefined
}

/** Writes what follows the key id. */
export function encodeCosignature({ seconds, signature }: Cosignature): Uint8Array {
  const bytes = new Uint8Array(timeBytes + signature.length)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(seconds))
  bytes.set(signature, timeBytes)
  return bytes
}
