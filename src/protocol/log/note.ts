/**
 * Signed notes: C2SP signed-note (c2sp.org/signed-note), which Go calls golang.org/x/mod/sumdb/note.
 * A note is a text with signatures below it, each with the name and the id of its key.
 */
import { cosignedMessage, parseCosignature } from './cosignature.ts'
import { LogFault } from './fault.ts'
import { isKeyName, type NoteKey, uint32, witnessKeyType } from './key.ts'
import { base64, decode, fromBase64, utf8 } from './text.ts'

/** Returns whether `signature` is that of `publicKey` over `message`: Ed25519, RFC 8032. */
export type Verify = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean

/** Returns the 64 bytes of an Ed25519 signature over `message`. */
export type Sign = (message: Uint8Array) => Uint8Array

/** One line below a note. */
export interface NoteSignature {
  /** The name of the key. */
  name: string
  /** The id of the key; 32 bits. */
  id: number
  /** What follows the id, at least one byte; its form is a matter of the key's type. */
  signature: Uint8Array
}

/** A text and who claims to have signed it. */
export interface Note {
  /** Ends in a newline. */
  text: string
  signatures: NoteSignature[]
}

/** A signature that holds. */
export interface Verified {
  key: NoteKey
  /** Of a cosignature: when it was made, in seconds since 1970. */
  seconds?: number
}

/** As long as a note may be: what Go reads. */
const noteBytesMax = 1_000_000

/** As many signatures as are read; the standard asks for at least 16. */
const signaturesMax = 100

/** Parts a line: an em dash, a name and a signature. */
const linePattern = /^\u2014 ([^ ]+) ([^ ]+)$/

/**
 * Reads a note. Nothing in it may be believed before `openNote` has found a signature that holds.
 *
 * @throws LogFault `note-malformed`
 */
export function parseNote(file: Uint8Array | string): Note {
  const malformed = (detail: string) => new LogFault('note-malformed', detail)
  if (file.length > noteBytesMax) throw malformed('a note is longer than 1,000,000 bytes')
  const whole = decode(file, 'note-malformed')
  if (!isNoteText(whole)) throw malformed('a note has control characters or does not end its line')
  const blank = whole.lastIndexOf('\n\n')
  if (blank < 0) throw malformed('a note has no signatures')
  const lines = whole.slice(blank + 2, -1).split('\n')
  if (lines.length > signaturesMax) throw malformed('a note has more than 100 signatures')
  return { text: whole.slice(0, blank + 1), signatures: lines.map(parseSignature) }
}

function parseSignature(line: string): NoteSignature {
  const [, name = '', encoded = ''] = linePattern.exec(line) ?? []
  const bytes = fromBase64(encoded)
  if (!isKeyName(name) || !bytes || bytes.length < 5) {
    throw new LogFault('note-malformed', 'a signature line is not a dash, a name and a signature')
  }
  return { name, id: uint32(bytes), signature: bytes.slice(4) }
}

/**
 * Writes a note.
 *
 * @throws LogFault `note-malformed` for a text that does not end in a newline or has a control
 *   character, a tab included, and without any signature
 */
export function writeNote({ text, signatures }: Note): string {
  if (!isNoteText(text) || signatures.length === 0) {
    throw new LogFault('note-malformed', 'a note needs whole lines of text and a signature')
  }
  return `${text}\n${signatures.map(signatureLine).join('')}`
}

/** One line below a note, with its newline. */
export function signatureLine({ name, id, signature }: NoteSignature): string {
  const bytes = new Uint8Array(4 + signature.length)
  new DataView(bytes.buffer).setUint32(0, id)
  bytes.set(signature, 4)
  return `\u2014 ${name} ${base64(bytes)}\n`
}

/** Signs the text of a note with a log's key. */
export function signText({ name, id }: NoteKey, sign: Sign, text: string): NoteSignature {
  return { name, id, signature: sign(utf8(text)) }
}

/**
 * Checks a note's signatures by those keys that are known, and passes over all others.
 *
 * @returns at least one, in the order of the note, each key once
 * @throws LogFault `unsigned` if no known key signed, `signature-wrong` if one is named whose
 *   signature does not hold
 */
export function openNote(note: Note, keys: readonly NoteKey[], verify: Verify): Verified[] {
  const found: Verified[] = []
  for (const signature of note.signatures) {
    const key = keys.find(({ name, id }) => name === signature.name && id === signature.id)
    if (!key || found.some((earlier) => earlier.key === key)) continue
    const verified = verifySignature(key, note.text, signature.signature, verify)
    if (!verified) {
      throw new LogFault('signature-wrong', `the signature of ${key.name} does not hold`)
    }
    found.push(verified)
  }
  if (found.length === 0) throw new LogFault('unsigned', 'no known key has signed the note')
  return found
}

function verifySignature(
  key: NoteKey,
  text: string,
  signature: Uint8Array,
  verify: Verify,
): Verified | undefined {
  if (key.type !== witnessKeyType) {
    const holds = signature.length === 64 && verify(key.publicKey, utf8(text), signature)
    return holds ? { key } : undefined
  }
  const cosignature = parseCosignature(signature)
  if (!cosignature) return undefined
  const message = cosignedMessage(text, cosignature.seconds)
  if (!verify(key.publicKey, message, cosignature.signature)) return undefined
  return { key, seconds: cosignature.seconds }
}

/** Whole lines of well-formed text, without control characters. */
function isNoteText(text: string): boolean {
  return text.endsWith('\n') && !/[^\P{Cc}\n\u007f-\u009f]|\p{Cs}/u.test(text)
}
