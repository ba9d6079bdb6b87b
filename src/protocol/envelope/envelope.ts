/**
 * The envelope: a referral as it travels and is stored (docs/PROTOCOL.md, "Sealing"), and the
 * hashes that bind its parts. The schema has no place for plaintext, and refuses what it does not
 * know.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Bytes32, base64urlOf, Kid } from '../../referral/format.ts'
import { everyCompartment, Header, recipientsMax } from '../../referral/header.ts'
import { base64urlBytes, concat, encodeBase64url, label } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import { hash } from '../sodium.ts'
import { sealedHash, sealedText } from './compartment.ts'

/**
 * The largest envelope, in bytes of JSON: a real referral is 30 to 60 KB, and no two compartments at
 * their largest fill it. The server reads no body that is longer.
 */
export const envelopeBytesMax = 512 * 1024

/** The keys of one recipient's compartments, sealed to it. Ten keys are 573 bytes of JSON. */
export const Wrap = Type.Object(
  {
    kid: Kid,
    encapsulated: base64urlOf(1120),
    sealedKeys: Type.String({ pattern: '^[A-Za-z0-9_-]+$', minLength: 64, maxLength: 800 }),
  },
  { additionalProperties: false },
)
export type Wrap = Static<typeof Wrap>

/** One person has at most so many match keys, and one evaluation at most so many elements. */
export const matchValuesMax = 40

/** A match key that the holders of the matching key have blinded: equal for equal keys. */
export const MatchValue = Type.Object(
  {
    type: Type.String({ pattern: '^[A-Z][A-Za-z0-9_]{0,11}$', maxLength: 12 }),
    value: base64urlOf(16),
  },
  { additionalProperties: false },
)
export type MatchValue = Static<typeof MatchValue>

const epochProperties = {
  epoch: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  values: Type.Array(MatchValue, { minItems: 1, maxItems: matchValuesMax, uniqueItems: true }),
}

/**
 * Blinded match keys: the server may compare them and learns no more. While the keyset lists two
 * epochs, `previous` holds the values under the older one.
 */
export const Matching = Type.Object(
  {
    ...epochProperties,
    previous: Type.Optional(Type.Object(epochProperties, { additionalProperties: false })),
  },
  { additionalProperties: false },
)
export type Matching = Static<typeof Matching>

/** An Ed25519 signature and the id of its key. */
export const Signature = Type.Object(
  { kid: Kid, value: base64urlOf(64) },
  { additionalProperties: false },
)
export type Signature = Static<typeof Signature>

export const Envelope = Type.Object(
  {
    header: Header,
    compartments: Type.Object(everyCompartment(sealedText), { additionalProperties: false }),
    wraps: Type.Array(Wrap, { minItems: 1, maxItems: recipientsMax }),
    matching: Type.Optional(Matching),
    receipt: Type.Optional(Bytes32),
    signature: Signature,
  },
  { additionalProperties: false },
)
export type Envelope = Static<typeof Envelope>

/** The hash that every ciphertext and signature of an envelope is bound to. */
export function headerHash(headerBytes: Uint8Array): Uint8Array {
  return hash(label('header'), headerBytes)
}

/** What stands in a signature, or in a grant, for a wrap. */
export function wrapHash({ kid, encapsulated, sealedKeys }: Wrap): string {
  const bytes = canonicalBytes({ kid, encapsulated, sealedKeys })
  return encodeBase64url(hash(label('wrap hash'), bytes))
}

/**
 * The parts of an envelope, or of a message, beside its header. A compartment is as it travels, in
 * base64url, or the bytes of that.
 */
export type Parts = Pick<Envelope, 'wraps' | 'matching' | 'receipt'> & {
  compartments: Readonly<Record<string, string | Uint8Array>>
}

/**
 * The hashes of the parts. A reader who is released only its own parts is released the hashes of all,
 * and checks the signature by them.
 */
export type PartHashes = {
  sealedHashes: Readonly<Record<string, string>>
  /** By kid. Those of sealing: a grant has its own signature. */
  wrapHashes: Readonly<Record<string, string>>
  matchingHash?: string
  receipt?: string
}

/** The hashes of an envelope's or a message's parts. What is not base64url, or no text at all, is hashed as no bytes. */
export function hashesOf({ compartments, wraps, matching, receipt }: Parts): PartHashes {
  const sealedHashes = Object.entries(compartments).map(([name, sealed]) => {
    const bytes = typeof sealed === 'string' ? base64urlBytes(sealed) : sealed
    // A server may have put in anything: what only has a length would be taken for as many bytes.
    return [name, sealedHash(bytes instanceof Uint8Array ? bytes : new Uint8Array())]
  })
  const matchingHash = matching && hash(label('matching'), canonicalBytes(matching))
  return {
    sealedHashes: Object.fromEntries(sealedHashes),
    wrapHashes: Object.fromEntries(wraps.map((wrap) => [wrap.kid, wrapHash(wrap)])),
    ...(matchingHash && { matchingHash: encodeBase64url(matchingHash) }),
    ...(receipt !== undefined && { receipt }),
  }
}

/**
 * What the signature covers beside the header: each part by its hash. Without the wraps a server
 * could blank one and acknowledge what nobody can open.
 */
export function bodyOf({ sealedHashes, wrapHashes, matchingHash, receipt }: PartHashes): object {
  return {
    compartments: sealedHashes,
    wraps: wrapHashes,
    ...(matchingHash !== undefined && { matching: matchingHash }),
    ...(receipt !== undefined && { receipt }),
  }
}

/** The hash of a whole envelope: what is signed, acknowledged and logged. */
export function envelopeHash(headerHash: Uint8Array, hashes: PartHashes): Uint8Array {
  const bodyHash = hash(label('body'), canonicalBytes(bodyOf(hashes)))
  return hash(label('envelope'), headerHash, bodyHash)
}

/** The bytes that the signature of an envelope is over. */
export function signedBytes(envelopeHash: Uint8Array): Uint8Array {
  return concat(label('signature'), envelopeHash)
}
