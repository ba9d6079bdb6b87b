/**
 * A block: a JSON value as text that survives e-mail. Plain ASCII in lines of 64 characters between a
 * BEGIN and an END line, with a check at its end, so that a copy that lost a line is noticed and not
 * half read. Quoting (`> `) and indents before a line, and lines broken anew, do no harm.
 *
 * The check guards against accidents. Against a forger there are the signatures inside, and the
 * fingerprint: both sides compute it, and one reads it to the other by telephone.
 */
import { Refusal } from '../../errors.ts'
import { base64urlBytes, encodeBase64url, label } from '../bytes.ts'
import { canonicalBytes, parseCanonical } from '../canonical.ts'
import { hash, sha256 } from '../sodium.ts'

/** What a block is for; none can be shown as another. */
export type BlockKind = 'PARTNER REQUEST' | 'PARTNER ADMISSION' | 'PARTNER KEY CHANGE'

const columns = 64

/** A block of ours has about 3,000 characters, and quoting adds to each line. */
const charactersMax = 65_536

/** Behind the body: the first 6 bytes of its SHA-256. */
const checkBytes = 6

/** The block of `value`, which ends in a line break. */
export function writeBlock(kind: BlockKind, value: object): string {
  const bytes = canonicalBytes(value)
  const body = encodeBase64url(bytes).match(new RegExp(`.{1,${columns}}`, 'g')) ?? []
  const lines = [begin(kind), ...body, `=${checkOf(bytes)}`, end(kind)]
  return `${lines.join('\n')}\n`
}

/**
 * The value of the one block of that kind in `text`, whatever stands around it.
 *
 * @throws Refusal `block-damaged` if there is none, or it is cut or changed
 */
export function readBlock(kind: BlockKind, text: string): unknown {
  if (text.length > charactersMax) throw damaged('the text is longer than any block')
  const [before, ...others] = text.split(begin(kind))
  if (before === undefined || others.length === 0) throw damaged(`there is no line ${begin(kind)}`)
  if (others.length > 1) throw damaged(`there are ${others.length} lines ${begin(kind)}`)
  const [inside = '', ...after] = (others[0] ?? '').split(end(kind))
  if (after.length === 0) throw damaged(`the line ${end(kind)} is missing: it was cut`)
  const [body = '', check, ...rest] = inside
    .replace(/^[\s>|]+/gm, '')
    .replaceAll(/\s/g, '')
    .split('=')
  const bytes = base64urlBytes(body)
  if (!bytes || check === undefined || rest.length > 0 || checkOf(bytes) !== check) {
    throw damaged('its check does not fit: a line is missing, or was changed on the way')
  }
  return readValue(bytes)
}

/**
 * What is read aloud of a value: 30 digits in six groups, nearly 100 bits of its hash. Whoever would
 * put another value in its place must find one with the same digits.
 */
export function fingerprintOf(value: object): string {
  const digest = hash(label('partner fingerprint'), canonicalBytes(value))
  const groups = Array.from({ length: 6 }, (_, group) => {
    const chunk = digest.subarray(group * 5, group * 5 + 5)
    const number = chunk.reduce((sum, byte) => sum * 256 + byte, 0)
    return String(number % 100_000).padStart(5, '0')
  })
  return groups.join(' ')
}

/** Whether what a person typed is that fingerprint, with any spaces, dots or dashes. */
export function isFingerprintOf(value: object, typed: string): boolean {
  const digits = (text: string) => text.replaceAll(/[\s.\-–—]/g, '')
  return digits(typed) === digits(fingerprintOf(value))
}

/** The hash by which a later block names this one. */
export function blockHash(value: object): string {
  return encodeBase64url(hash(label('partner block'), canonicalBytes(value)))
}

function readValue(bytes: Uint8Array): unknown {
  try {
    return parseCanonical(bytes)
  } catch (cause) {
    throw new Refusal('block-damaged', 'its bytes are not canonical JSON', { cause })
  }
}

function checkOf(bytes: Uint8Array): string {
  return encodeBase64url(sha256(bytes).subarray(0, checkBytes))
}

function damaged(detail: string): Refusal {
  return new Refusal('block-damaged', detail)
}

function begin(kind: BlockKind): string {
  return `-----BEGIN INTAKE ${kind}-----`
}

function end(kind: BlockKind): string {
  return `-----END INTAKE ${kind}-----`
}
