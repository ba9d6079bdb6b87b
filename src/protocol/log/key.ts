/**
 * The keys that sign notes: C2SP signed-note (c2sp.org/signed-note), "Signatures" and "Verifier
 * keys". Two types are known: Ed25519 for a log, timestamped Ed25519 for a witness.
 */
import { LogFault } from './fault.ts'
import type { Sha256 } from './hash.ts'
import { base64, fromBase64, utf8 } from './text.ts'

/** What a key signs: 1 the text of a note, 4 a cosignature (c2sp.org/tlog-cosignature). */
export type KeyType = 1 | 4

/** Signs for a log. */
export const logKeyType = 1

/** Signs for a witness, with the time. */
export const witnessKeyType = 4

/** A key that signatures are checked with. */
export interface NoteKey {
  /** Without spaces and plus signs; a log's is its origin. */
  name: string
  /** From name, type and key; 32 bits. */
  id: number
  type: KeyType
  /** 32 bytes of Ed25519. */
  publicKey: Uint8Array
}

const publicKeyBytes = 32

/**
 * The key with its id.
 *
 * @throws LogFault `key-malformed` for a name that a note cannot show, or another length of key
 */
export function noteKey(sha256: Sha256, { name, type, publicKey }: Omit<NoteKey, 'id'>): NoteKey {
  if (!isKeyName(name)) throw new LogFault('key-malformed', 'the name of a key is malformed')
  if (publicKey.length !== publicKeyBytes) {
    throw new LogFault('key-malformed', `a public key has ${publicKey.length} bytes, not 32`)
  }
  const named = utf8(`${name}\n`)
  const hashed = new Uint8Array(named.length + 1 + publicKey.length)
  hashed.set(named)
  hashed[named.length] = type
  hashed.set(publicKey, named.length + 1)
  return { name, id: uint32(sha256(hashed)), type, publicKey }
}

/** The key as text, `name+id+key`: a vkey. */
export function verifierKey({ name, id, type, publicKey }: NoteKey): string {
  return `${name}+${id.toString(16).padStart(8, '0')}+${base64(Uint8Array.of(type, ...publicKey))}`
}

/**
 * Reads a vkey.
 *
 * @throws LogFault `key-malformed`, also for a type that is not known and an id of another key
 */
export function parseVerifierKey(sha256: Sha256, text: string): NoteKey {
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? []
  const bytes = fromBase64(encoded)
  if (!bytes) throw new LogFault('key-malformed', 'a verifier key is not name+id+key')
  const type = bytes[0]
  if (type !== logKeyType && type !== witnessKeyType) {
    throw new LogFault('key-malformed', `a verifier key is of type ${type}, not 1 or 4`)
  }
  const key = noteKey(sha256, { name, type, publicKey: bytes.slice(1) })
  if (key.id !== Number.parseInt(id, 16)) {
    throw new LogFault('key-malformed', 'the id of a verifier key is not that of its key')
  }
  return key
}

/** Whether a note can show the name: one word of well-formed text without a plus sign. */
export function isKeyName(name: string): boolean {
  return /^[^\s+\p{Cc}\p{Cs}]+$/u.test(name)
}

/** The first four bytes as a number, the greatest first. */
export function uint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0)
}
