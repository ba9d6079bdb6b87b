/**
 * A second implementation of sealing and opening, from the text of the protocol alone: it shares no
 * code with src and no library with it. HPKE is that of `@hpke/core`, given an X-Wing KEM over
 * `@noble/post-quantum` and ChaCha20-Poly1305 over `@noble/ciphers`; all else is `@noble`.
 */
import { type AeadInterface, CipherSuite, HkdfSha256, type KemInterface } from '@hpke/core'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { blake2b } from '@noble/hashes/blake2.js'
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js'
import type { Envelope } from '../../src/protocol/envelope/envelope.ts'
import type { Released } from '../../src/protocol/envelope/released.ts'
import type { MessageEnvelope } from '../../src/protocol/messages/message.ts'

type Bytes = Uint8Array
type Draw = (length: number) => Bytes

const names = [
  'interpreting',
  'identity',
  'contact',
  'consent',
  'referrer',
  'detention',
  'legal',
  'clinical',
  'narrative',
  'documents',
]

export const utf8 = (text: string): Bytes => new Uint8Array(Buffer.from(text, 'utf8'))
export const join = (...parts: Bytes[]): Bytes => new Uint8Array(Buffer.concat(parts))
export const b64u = (bytes: Bytes): string => Buffer.from(bytes).toString('base64url')
export const unb64u = (text: string): Bytes => new Uint8Array(Buffer.from(text, 'base64url'))
export const H = (...parts: Bytes[]): Bytes => blake2b(join(...parts), { dkLen: 32 })
export const H_k = (key: Bytes, ...parts: Bytes[]): Bytes =>
  blake2b(join(...parts), { dkLen: 32, key })
export const label = (s: string): Bytes => join(utf8(`sealed-referral/1 ${s}`), Uint8Array.of(0))

/** RFC 8785 for the values of the protocol: no fractions, so no rules for numbers. */
export function jcs(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jcs).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${jcs(member)}`).join(',')}}`
}

export const kidOf = (algorithm: string, publicKey: Bytes): string =>
  b64u(H(label('kid'), utf8(algorithm), Uint8Array.of(0), publicKey).slice(0, 16))

export const signingPublicKey = (seed: Bytes): Bytes => ed25519.getPublicKey(seed)
export const receivingPublicKey = (seed: Bytes): Bytes => ml_kem768_x25519.keygen(seed).publicKey
export const signatureOf = (seed: Bytes, message: Bytes): Bytes => ed25519.sign(message, seed)
export const verifies = (publicKey: Bytes, message: Bytes, signature: Bytes): boolean =>
  ed25519.verify(signature, message, publicKey, { zip215: false })

/** The hash of a wrap, as it is signed and granted. */
export const wrapHash = ({ kid, encapsulated, sealedKeys }: Released['wrap']): string =>
  b64u(H(label('wrap hash'), utf8(jcs({ kid, encapsulated, sealedKeys }))))

/** The envelope hash of a message, by which the next one of its thread names it. */
export function messageHash({ header, compartments, wraps }: MessageEnvelope): Bytes {
  const body = {
    compartments: { message: b64u(H(label('sealed'), unb64u(compartments.message))) },
    wraps: Object.fromEntries(wraps.map((one) => [one.kid, wrapHash(one)])),
  }
  const headerHash = H(label('header'), utf8(jcs(header)))
  return H(label('envelope'), headerHash, H(label('body'), utf8(jcs(body))))
}

/** Opens what was released, checking all that the protocol says but the keyset and the directory. */
export async function open(
  released: Released,
  readerSeed: Bytes,
  signerPublicKey: Bytes,
): Promise<Record<string, unknown>> {
  const { header, signature } = released
  const headerHash = H(label('header'), utf8(jcs(header)))
  const sealed = Object.entries(released.compartments).map(([name, text]): [string, Bytes] => [
    name,
    unb64u(text),
  ])
  const body = {
    compartments: released.sealedHashes,
    wraps: released.wrapHashes,
    ...(released.matchingHash && { matching: released.matchingHash }),
    ...(released.receipt && { receipt: released.receipt }),
  }
  if (Object.keys(body.compartments).sort().join() !== [...names].sort().join()) {
    throw new Error('parts')
  }
  const envelopeHash = H(label('envelope'), headerHash, H(label('body'), utf8(jcs(body))))
  const signed = join(label('signature'), envelopeHash)
  if (
    kidOf('Ed25519', signerPublicKey) !== header.signer ||
    signature.kid !== header.signer ||
    !verifies(signerPublicKey, signed, unb64u(signature.value))
  ) {
    throw new Error('signature')
  }
  // One who was granted a wrap checks that of the grant itself.
  const { kid } = released.wrap
  if (!released.grant && released.wrapHashes[kid] !== wrapHash(released.wrap)) {
    throw new Error('wrap')
  }
  const keys = await unwrap(released.wrap, readerSeed, headerHash)
  const opened = sealed.map(([name, bytes]) => {
    if (b64u(H(label('sealed'), bytes)) !== released.sealedHashes[name as 'identity']) {
      throw new Error('compartment')
    }
    const key = unb64u(keys[name] ?? '')
    const commitment = b64u(H(label('commitment'), utf8(name), key))
    if (commitment !== header.commitments[name as 'identity']) throw new Error('commitment')
    const aad = join(label('field'), headerHash, utf8(name))
    const padded = chacha20poly1305(key, bytes.slice(0, 12), aad).decrypt(bytes.slice(12))
    const plain = Buffer.from(padded.slice(0, padded.lastIndexOf(0x80))).toString('utf8')
    const { content, ...fields } = JSON.parse(plain)
    const colons = plain.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1
    if (colons !== members({ content, ...fields })) throw new Error('plaintext')
    return [name, content === 'referral/1' ? fields : { content, ...fields }]
  })
  return Object.fromEntries(opened)
}

/** How many members the objects of a value have, together: fewer than colons if one stood twice. */
function members(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const inner = Object.values(value).reduce((sum: number, part) => sum + members(part), 0)
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length)
}

/** What a header names that a keyset of the chain revokes. */
export function revokedOf(
  { keyset, sealedTo }: { keyset: { version: number }; sealedTo: readonly string[] },
  chain: readonly { version: number; revokes: number[]; recipients: { kid: string }[] }[],
) {
  const revoked = chain.flatMap(({ revokes }) => revokes)
  const lastOf = (kid: string) =>
    Math.max(...chain.map((it) => (it.recipients.some((one) => one.kid === kid) ? it.version : 0)))
  return {
    keyset: revoked.includes(keyset.version),
    sealedTo: sealedTo.filter((kid) => revoked.includes(lastOf(kid))),
  }
}

/** What is wrong with the notes about one referral in the order of their numbers, beyond their chain. */
export function noteFaults(
  notes: readonly MessageEnvelope[],
  referralVersion: number,
  chain: readonly { version: number; recipients: { kid: string; required: boolean }[] }[],
): string[] {
  const back: string[] = []
  const elsewhere: string[] = []
  let highest = referralVersion
  for (const { header } of notes) {
    const { version } = header.keyset
    if (version < highest) {
      back.push(`note ${header.number} names keyset ${version}, after keyset ${highest}.`)
    }
    highest = Math.max(highest, version)
    const readers = new Set(header.sealedTo)
    const listed = chain.find((keyset) => keyset.version === version)?.recipients ?? []
    const must = listed.filter(({ required }) => required)
    if (must.length !== readers.size || must.some(({ kid }) => !readers.has(kid))) {
      elsewhere.push(`note ${header.number} is not sealed to exactly those who must read it.`)
    }
  }
  return [...back, ...elsewhere]
}

type Recipient = { kid: string; publicKey: string; compartments: readonly string[] }

/** Seals, drawing its random bytes in the order of the steps. */
export async function seal(
  referral: Record<string, unknown>,
  header: Omit<Envelope['header'], 'sealedTo' | 'commitments'>,
  recipients: readonly Recipient[],
  signerSeed: Bytes,
  extras: Pick<Envelope, 'matching' | 'receipt'>,
  draw: Draw,
): Promise<Envelope> {
  const keys = new Map(names.map((name) => [name, draw(32)]))
  const readers = [...recipients].sort((a, b) => (a.kid < b.kid ? -1 : 1))
  const commitments = [...keys].map(([name, key]) => [
    name,
    b64u(H(label('commitment'), utf8(name), key)),
  ])
  const complete = {
    ...header,
    sealedTo: readers.map(({ kid }) => kid),
    commitments: Object.fromEntries(commitments),
  }
  const headerHash = H(label('header'), utf8(jcs(complete)))
  const sealed = [...keys].map(([name, key]): [string, Bytes] => {
    const nonce = draw(12)
    const aad = join(label('field'), headerHash, utf8(name))
    return [
      name,
      join(nonce, chacha20poly1305(key, nonce, aad).encrypt(pad(name, contents(referral[name])))),
    ]
  })
  const wraps: Envelope['wraps'] = []
  for (const { kid, publicKey, compartments } of readers) {
    const held = [...keys].filter(([name]) => compartments.includes(name))
    const plain = jcs(Object.fromEntries(held.map(([name, key]) => [name, b64u(key)])))
    wraps.push({ kid, ...(await wrap(unb64u(publicKey), kid, headerHash, plain, draw(64))) })
  }
  const hashes = sealed.map(([name, bytes]) => [name, b64u(H(label('sealed'), bytes))])
  const body = {
    compartments: Object.fromEntries(hashes),
    wraps: Object.fromEntries(wraps.map((one) => [one.kid, wrapHash(one)])),
    ...(extras.matching && {
      matching: b64u(H(label('matching'), utf8(jcs(extras.matching)))),
    }),
    ...(extras.receipt && { receipt: extras.receipt }),
  }
  const envelopeHash = H(label('envelope'), headerHash, H(label('body'), utf8(jcs(body))))
  const value = signatureOf(signerSeed, join(label('signature'), envelopeHash))
  return {
    header: complete,
    compartments: Object.fromEntries(sealed.map(([name, bytes]) => [name, b64u(bytes)])),
    wraps,
    ...extras,
    signature: { kid: header.signer, value: b64u(value) },
  } as Envelope
}

const contents = (fields: unknown) => ({ ...(fields as object), content: 'referral/1' })

function pad(name: string, value: unknown): Bytes {
  const plain = utf8(jcs(value))
  let size = name === 'narrative' || name === 'message' ? 8192 : 1024
  while (size < plain.length + 1) size *= 2
  const padded = new Uint8Array(size)
  padded.set(plain)
  padded[plain.length] = 0x80
  return padded
}

/** HPKE to an X-Wing key, with the encapsulation's randomness given. */
export async function wrap(
  publicKey: Bytes,
  kid: string,
  headerHash: Bytes,
  plain: string,
  seed: Bytes,
) {
  const sender = await suite(seed).createSenderContext({
    recipientPublicKey: asKey(publicKey, 'public'),
    info: exact(join(label('wrap'), headerHash, utf8(kid))),
  })
  const ciphertext = await sender.seal(exact(utf8(plain)))
  return {
    encapsulated: b64u(new Uint8Array(sender.enc)),
    sealedKeys: b64u(new Uint8Array(ciphertext)),
  }
}

async function unwrap(
  { kid, encapsulated, sealedKeys }: Released['wrap'],
  seed: Bytes,
  headerHash: Bytes,
): Promise<Record<string, string>> {
  const receiver = await suite().createRecipientContext({
    recipientKey: asKey(seed, 'private'),
    enc: exact(unb64u(encapsulated)),
    info: exact(join(label('wrap'), headerHash, utf8(kid))),
  })
  const plain = await receiver.open(exact(unb64u(sealedKeys)))
  return JSON.parse(Buffer.from(plain).toString('utf8'))
}

const suite = (seed?: Bytes) =>
  new CipherSuite({
    kem: new XWing(seed) as unknown as KemInterface,
    kdf: new HkdfSha256(),
    aead: new ChaCha20Poly1305(),
  })

// @hpke/core hands keys from its caller to its KEM and looks only at their type.
type RawKey = { raw: Bytes; type: 'public' | 'private' }
const asKey = (raw: Bytes, type: RawKey['type']): RawKey => ({ raw, type })

/** The bytes in a buffer of their own, as @hpke/core wants them. */
const exact = (bytes: Bytes): ArrayBuffer => new Uint8Array(bytes).buffer

class XWing {
  readonly id = 0x647a
  readonly secretSize = 32
  readonly encSize = 1120
  readonly publicKeySize = 1216
  readonly privateKeySize = 32
  readonly #seed: Bytes | undefined

  constructor(seed?: Bytes) {
    this.#seed = seed
  }

  async encap({ recipientPublicKey: { raw } }: { recipientPublicKey: RawKey }) {
    const { cipherText, sharedSecret } = ml_kem768_x25519.encapsulate(raw, this.#seed)
    return { enc: exact(cipherText), sharedSecret: exact(sharedSecret) }
  }

  async decap({ recipientKey: { raw }, enc }: { recipientKey: RawKey; enc: ArrayBuffer }) {
    return exact(ml_kem768_x25519.decapsulate(new Uint8Array(enc), raw))
  }
}

export class ChaCha20Poly1305 implements AeadInterface {
  readonly id = 3
  readonly keySize = 32
  readonly nonceSize = 12
  readonly tagSize = 16

  createEncryptionContext(key: ArrayBuffer) {
    const cipher = (iv: ArrayBuffer, aad: ArrayBuffer) =>
      chacha20poly1305(new Uint8Array(key), new Uint8Array(iv), new Uint8Array(aad))
    return {
      seal: async (iv: ArrayBuffer, data: ArrayBuffer, aad: ArrayBuffer) =>
        exact(cipher(iv, aad).encrypt(new Uint8Array(data))),
      open: async (iv: ArrayBuffer, data: ArrayBuffer, aad: ArrayBuffer) =>
        exact(cipher(iv, aad).decrypt(new Uint8Array(data))),
    }
  }
}
