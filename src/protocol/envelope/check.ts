/**
 * What the server checks of an envelope before it stores it, as far as it needs no database:
 * docs/PROTOCOL.md, "What the service checks". Each refusal has its own code, for a client's author
 * to find the fault by.
 *
 * This is the hot path of a submission: every part is decoded once, hashed once, and the envelope
 * made canonical once.
 */

import type { TLocalizedValidationError } from 'typebox/error'
import { Compile } from 'typebox/schema'
import { type ErrorCode, Refusal } from '../../errors.ts'
import { type CompartmentName, compartmentNames } from '../../referral/compartment.ts'
import type { Header } from '../../referral/header.ts'
import { base64urlBytes, decodeBase64url } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import { isRecipientPublicKey, isSigningPublicKey } from '../keys.ts'
import { kidOf } from '../kid.ts'
import { verify } from '../signature.ts'
import { type Keyset, requiredKids } from '../trust/keyset.ts'
import { permittedSealedBytes } from './compartment.ts'
import { Envelope, envelopeHash, hashesOf, headerHash, signedBytes, type Wrap } from './envelope.ts'

/** An envelope taken apart into the bytes that are stored. */
export type CheckedEnvelope = {
  header: Header
  /** The canonical bytes of the header. */
  headerBytes: Uint8Array
  headerHash: Uint8Array
  /** With the signature it covers all of the envelope: by the two a repetition is known. */
  envelopeHash: Uint8Array
  compartments: { name: CompartmentName; sealed: Uint8Array }[]
  /** The JCS of the hashes of the compartments by name: signed, so kept whatever becomes of one. */
  sealedHashesBytes: Uint8Array
  /** The JCS of the hashes of the wraps by kid: signed, so kept even when a wrap is deleted. */
  wrapHashesBytes: Uint8Array
  wraps: { kid: string; encapsulated: Uint8Array; sealedKeys: Uint8Array }[]
  /** One for each epoch, the newer first. */
  matching?: { epoch: number; values: { type: string; value: Uint8Array }[] }[]
  matchingHash?: Uint8Array
  receipt?: Uint8Array
  signature: Uint8Array
  /** The kid that signed, which is `header.signer`. */
  signer: string
}

const envelopeShape = Compile(Envelope)

/**
 * Takes a value for an envelope if it has that shape, and nothing beside it.
 *
 * @throws Refusal with the code of the part that is wrong: `missing-compartment`, `not-sealed`,
 *   `sealed-length`, `signature-missing`, `unsupported-protocol`, `commitments-mismatch`,
 *   `wraps-mismatch`, `invalid-reply-key`, `unknown-property`, otherwise `malformed-request`
 */
export function readEnvelope(value: unknown): Envelope {
  if (envelopeShape.Check(value)) return value as Envelope
  // The library names an unknown property before its parent: the name is the sender's own words.
  const [, errors] = envelopeShape.Errors(value)
  const error = errors.find(({ keyword }) => keyword !== 'boolean')
  const place = error?.instancePath || '/'
  throw new Refusal(shapeCode(error, value), `${place} ${error?.message ?? 'is malformed'}`)
}

/**
 * Checks what one envelope shows by itself, and takes it apart.
 *
 * @param envelope - of the right shape: see `readEnvelope`
 * @param expected - the id in the path, and the origin of this service
 * @throws Refusal `referral-id-mismatch`, `wrong-origin`, `wraps-mismatch`, `signature-invalid`,
 *   `invalid-reply-key`, `not-sealed`, `sealed-length`
 */
export function checkEnvelope(
  envelope: Envelope,
  expected: { referralId: string; origin: string },
): CheckedEnvelope {
  const { header, signature, wraps, matching, receipt } = envelope
  if (header.referralId !== expected.referralId) {
    throw new Refusal('referral-id-mismatch', 'header.referralId is not the id in the path')
  }
  if (header.origin !== expected.origin) {
    throw new Refusal('wrong-origin', 'header.origin is not the origin of this service')
  }
  checkWrapped(header.sealedTo, wraps)
  if (signature.kid !== header.signer) {
    throw new Refusal('signature-invalid', 'signature.kid is not header.signer')
  }
  checkReplyKid(header)

  const compartments = compartmentNames.map((name) => sealedCompartment(name, envelope))
  const hashes = hashesOf({
    ...envelope,
    compartments: Object.fromEntries(compartments.map(({ name, sealed }) => [name, sealed])),
  })
  const headerBytes = canonicalBytes(header)
  const bound = headerHash(headerBytes)
  return {
    header,
    headerBytes,
    headerHash: bound,
    envelopeHash: envelopeHash(bound, hashes),
    compartments,
    sealedHashesBytes: canonicalBytes(hashes.sealedHashes),
    wrapHashesBytes: canonicalBytes(hashes.wrapHashes),
    wraps: wraps.map(decodedWrap),
    signature: decoded(signature.value, 'signature.value'),
    signer: signature.kid,
    ...(matching && { matching: decodedMatching(matching) }),
    ...(hashes.matchingHash && { matchingHash: decodeBase64url(hashes.matchingHash, 32) }),
    ...(receipt !== undefined && { receipt: decoded(receipt, 'receipt') }),
  }
}

/**
 * Checks to whom an envelope is sealed, by the keyset that its header names.
 *
 * @param retired - the kids of earlier keysets, so that an old client is told to refresh
 * @throws Refusal `missing-recipient`, `retired-recipient-key`, `unknown-recipient-key`
 */
export function checkRecipients(
  header: Pick<Header, 'sealedTo'>,
  keyset: Keyset,
  retired: ReadonlySet<string>,
): void {
  const known = new Set(keyset.recipients.map(({ kid }) => kid))
  for (const kid of header.sealedTo) {
    if (known.has(kid)) continue
    const code = retired.has(kid) ? 'retired-recipient-key' : 'unknown-recipient-key'
    throw new Refusal(code, `${kid} is not a recipient of keyset ${keyset.version}`)
  }
  const missing = keyset.recipients.find(
    ({ kid, required }) => required && !header.sealedTo.includes(kid),
  )
  if (missing) {
    throw new Refusal('missing-recipient', `the envelope is not sealed to ${missing.kid}`)
  }
}

/**
 * Checks that a note is sealed to nobody but the required recipients: those it leaves out
 * `checkRecipients` names.
 *
 * @throws Refusal `unknown-recipient-key`
 */
export function checkRequiredOnly({ sealedTo }: Pick<Header, 'sealedTo'>, keyset: Keyset): void {
  const required = requiredKids(keyset)
  const other = sealedTo.find((kid) => !required.includes(kid))
  if (other === undefined) return
  const detail = `${other} is no required recipient of keyset ${keyset.version}: a note has no others`
  throw new Refusal('unknown-recipient-key', detail)
}

/**
 * Checks the signature under the key that the caller found for `header.signer`: that of a partner
 * in the directory, or on the public route `replyTo.signingKey`.
 *
 * @throws Refusal `unknown-signer` if it is not that key, `signature-invalid` if it does not verify
 */
export function checkSignature(
  checked: Pick<CheckedEnvelope, 'signer' | 'envelopeHash' | 'signature'>,
  publicKey: Uint8Array,
): void {
  if (kidOf('Ed25519', publicKey) !== checked.signer) {
    throw new Refusal('unknown-signer', 'header.signer is not the key of this sender')
  }
  if (!verify(publicKey, signedBytes(checked.envelopeHash), checked.signature)) {
    throw new Refusal('signature-invalid', 'the signature does not verify')
  }
}

/**
 * Checks that an answer could be sealed to `replyTo`, while its sender is still there to be told.
 *
 * @throws Refusal `invalid-reply-key`
 */
export function checkReplyKey({ replyTo }: Pick<Header, 'replyTo'>): void {
  if (!replyTo) return
  if (!isRecipientPublicKey(decoded(replyTo.publicKey, 'header.replyTo.publicKey'))) {
    throw new Refusal('invalid-reply-key', 'header.replyTo.publicKey is not a valid X-Wing key')
  }
  if (!isSigningPublicKey(decoded(replyTo.signingKey, 'header.replyTo.signingKey'))) {
    throw new Refusal('invalid-reply-key', 'header.replyTo.signingKey is not a valid Ed25519 key')
  }
}

function shapeCode(error: TLocalizedValidationError | undefined, value: unknown): ErrorCode {
  if (!error) return 'malformed-request'
  const { keyword, instancePath } = error
  if (keyword === 'additionalProperties') return 'unknown-property'
  if (keyword === 'required' && instancePath === '') {
    const missing = error.params.requiredProperties
    return missing.includes('signature') ? 'signature-missing' : 'malformed-request'
  }
  if (instancePath === '/compartments' && keyword === 'required') return 'missing-compartment'
  if (instancePath.startsWith('/compartments/') && keyword.endsWith('Length')) {
    return isBase64url(sealedAt(value, instancePath)) ? 'sealed-length' : 'not-sealed'
  }
  return placeCodes.find(([place]) => instancePath.startsWith(place))?.[1] ?? 'malformed-request'
}

// The length is judged first, and a name typed in the clear is wrong for more than its length.
function isBase64url(text: unknown): boolean {
  return typeof text === 'string' && /^[A-Za-z0-9_-]*$/.test(text)
}

function sealedAt(envelope: unknown, path: string): unknown {
  const name = path.slice('/compartments/'.length)
  return (envelope as { compartments: Record<string, unknown> }).compartments[name]
}

const placeCodes: [string, ErrorCode][] = [
  ['/compartments', 'not-sealed'],
  ['/signature', 'signature-missing'],
  ['/header/protocol', 'unsupported-protocol'],
  ['/header/commitments', 'commitments-mismatch'],
  ['/header/sealedTo', 'wraps-mismatch'],
  ['/header/replyTo', 'invalid-reply-key'],
]

/** @throws Refusal `wraps-mismatch` if the header does not name the wraps that are there, sorted */
export function checkWrapped(sealedTo: readonly string[], wraps: readonly Wrap[]): void {
  const wrapped = wraps.map(({ kid }) => kid).sort()
  if (wrapped.length !== sealedTo.length || wrapped.some((kid, index) => kid !== sealedTo[index])) {
    throw new Refusal('wraps-mismatch', 'header.sealedTo is not the sorted kids of wraps')
  }
}

function checkReplyKid({ replyTo }: Header): void {
  if (!replyTo) return
  const publicKey = decoded(replyTo.publicKey, 'header.replyTo.publicKey')
  if (kidOf('X-Wing', publicKey) !== replyTo.kid) {
    throw new Refusal('invalid-reply-key', 'header.replyTo.kid is not the id of its key')
  }
}

function sealedCompartment(name: CompartmentName, { compartments }: Envelope) {
  const sealed = base64urlBytes(compartments[name])
  if (!sealed) throw new Refusal('not-sealed', `compartments.${name} is not base64url`)
  if (!permittedSealedBytes(name).includes(sealed.length)) {
    throw new Refusal('sealed-length', `compartments.${name} has a length that padding never gives`)
  }
  return { name, sealed }
}

function decodedWrap({ kid, encapsulated, sealedKeys }: Wrap) {
  return {
    kid,
    encapsulated: decoded(encapsulated, 'wraps.encapsulated'),
    sealedKeys: decoded(sealedKeys, 'wraps.sealedKeys'),
  }
}

function decodedMatching({ previous, ...newer }: NonNullable<Envelope['matching']>) {
  return [newer, ...(previous ? [previous] : [])].map(({ epoch, values }) => ({
    epoch,
    values: values.map(({ type, value }) => ({ type, value: decoded(value, 'matching.values') })),
  }))
}

function decoded(text: string, place: string): Uint8Array {
  const bytes = base64urlBytes(text)
  if (!bytes) throw new Refusal('malformed-request', `${place} is not unpadded base64url`)
  return bytes
}
