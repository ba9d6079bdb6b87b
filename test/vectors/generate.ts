/**
 * Writes sealed-referral-1.json, and openapi/conformance.json with the keys to it: `node test/vectors/generate.ts`. Only for a new protocol version, or
 * to add a step: a change of what stands there is a break with everything that was ever sealed.
 *
 * Every random byte is listed, so that another implementation can seal the same envelope.
 */
import { writeFileSync } from 'node:fs'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { concat, encodeBase64url, label, utf8 } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { auditCommitment } from '../../src/protocol/commitment.ts'
import { dammDigit } from '../../src/protocol/damm.ts'
import { checkEnvelope } from '../../src/protocol/envelope/check.ts'
import { type Envelope, hashesOf, signedBytes } from '../../src/protocol/envelope/envelope.ts'
import type { Released } from '../../src/protocol/envelope/released.ts'
import { type SealedParts, sealParts, signParts } from '../../src/protocol/envelope/seal.ts'
import type { OpeningStep } from '../../src/protocol/envelope/step.ts'
import { signUrgency, urgencySignedBytes } from '../../src/protocol/envelope/urgency.ts'
import { wrapKeys } from '../../src/protocol/envelope/wrap.ts'
import { sealKeyFile } from '../../src/protocol/keyfile.ts'
import { sealMessage } from '../../src/protocol/messages/message.ts'
import { noteHash } from '../../src/protocol/messages/note.ts'
import { receiptKeys } from '../../src/protocol/messages/receipt.ts'
import { rewrap } from '../../src/protocol/messages/rewrap.ts'
import { signKeyset } from '../../src/protocol/trust/keyset.ts'
import { type CompartmentName, compartmentNames } from '../../src/referral/compartment.ts'
import type { Header } from '../../src/referral/header.ts'
import {
  accepted,
  directoryJws,
  directoryPayload,
  fixedRandom,
  fullInput,
  hex,
  keys,
  keysetJws,
  nextKeysetJws,
  nextKeysetPayload,
  now,
  openInput,
  origin,
  otherId,
  referral,
  referralId,
  release,
  seal,
  seedOf,
  trust,
  unhex,
} from '../protocol/world.ts'

/** A change to the good release: the value at a JSON pointer set, or taken out. */
export type Change = { pointer: string; value?: unknown }

const envelope = seal()
const checked = checkEnvelope(envelope, { referralId, origin })
const released = release(envelope, keys.casework.kid)
const receiptDigits = '123456789012345678901234'
const receipt = receiptKeys(receiptDigits, origin)
const statement = { rules: 1, urgency: 'immediate' as const, at: '2026-11-22T10:00:00Z' }
const b64u = encodeBase64url
const drawnKeys = Object.fromEntries(
  Object.entries(drawn().keys).map(([name, key]) => [name, unhex(key)]),
) as Record<CompartmentName, Uint8Array>
const salt = seedOf('audit salt')
const actor = { client: 'a', organisation: 'b' }

const vectors = {
  note: 'Byte strings are hex where the protocol has raw bytes, base64url where it writes text.',
  labels: { kid: hex(label('kid')), wrap: hex(label('wrap')) },
  keys: Object.fromEntries(
    Object.entries(keys).map(([name, { kid, publicKey, secretKey }]) => [
      name,
      { kid, seed: hex(secretKey), publicKey: encodeBase64url(publicKey) },
    ]),
  ),
  keyset: { jws: keysetJws, sha256: accepted.sha256 },
  nextKeyset: {
    jws: nextKeysetJws,
    previous: accepted.sha256,
    otherPrevious: signKeyset({ ...nextKeysetPayload, previous: b64u(seedOf('x')) }, keys.root),
  },
  revokingKeyset: {
    jws: signKeyset({ ...nextKeysetPayload, revokes: [1] }, keys.root),
    problems: [
      { pointer: '/header/keyset', version: 1 },
      { pointer: '/header/sealedTo', kid: keys.interpreters.kid },
    ],
  },
  directory: { jws: directoryJws },
  sealing: {
    referral,
    signer: 'partner',
    matching: fullInput.matching,
    receipt: fullInput.receipt,
    random: drawn(),
    header: checked.header,
    headerJcs: new TextDecoder().decode(checked.headerBytes),
    headerHash: hex(checked.headerHash),
    envelopeHash: hex(checked.envelopeHash),
    signedBytes: hex(signedBytes(checked.envelopeHash)),
    wrapHashes: hashesOf(envelope).wrapHashes,
    envelope,
  },
  released: { reader: 'casework', receivedAt: now.toISOString(), release: released },
  partialRelease: {
    reader: 'interpreters',
    release: release(envelope, keys.interpreters.kid),
    opened: ['interpreting'],
  },
  mustFail: [...mustFail(), ...hostile()],
  mustOpen: odd(),
  receipt: {
    origin,
    digits: receiptDigits,
    checkDigit: dammDigit(receiptDigits),
    accessTag: hex(receipt.accessTag),
    receipt: receipt.receipt,
    replySeed: hex(receipt.reply.secretKey),
    signingSeed: hex(receipt.signing.secretKey),
  },
  message: sealMessage(
    {
      kind: 'message',
      from: 'recipient',
      messageId: '01935f3a-7c00-7000-8000-0000000000aa',
      referral: checked,
      content: { text: 'Please ring.' },
      last: undefined,
      keyset: accepted,
      signer: keys.caseworkSigning,
      now,
    },
    fixedRandom('message'),
  ),
  notes: notes(),
  grant: granted(),
  keyFile: {
    passphrase: 'Zoe\u0308 and the gate',
    signing: 'caseworkSigning',
    receiving: 'casework',
    text: sealKeyFile(
      { signing: keys.caseworkSigning, receiving: keys.casework },
      'Zoë and the gate',
      fixedRandom('key file'),
    ),
  },
  urgency: {
    signer: 'caseworkSigning',
    headerHash: hex(checked.headerHash),
    statement,
    signedBytes: hex(urgencySignedBytes(checked.headerHash, statement)),
    signature: signUrgency(checked.headerHash, statement, keys.caseworkSigning),
  },
  auditCommitment: {
    name: 'actor',
    salt: hex(salt),
    jcs: new TextDecoder().decode(canonicalBytes(actor)),
    commitment: auditCommitment('actor', salt, actor),
  },
}

/** Two notes about the published referral, by two recipients: the second names the first. */
function notes() {
  const random = fixedRandom('notes')
  const written = {
    ...({ kind: 'note', from: 'recipient', referral: checked, keyset: accepted, now } as const),
  }
  const first = sealMessage(
    {
      ...{ ...written, messageId: '01935f3a-7c00-7000-8000-0000000000ab', last: undefined },
      ...{ content: { text: 'The sister says 1990.' }, signer: keys.caseworkSigning },
    },
    random,
  )
  const second = sealMessage(
    {
      ...{ ...written, messageId: '01935f3a-7c00-7000-8000-0000000000ac' },
      last: { number: 1, envelopeHash: noteHash(first) },
      ...{ content: { text: 'The scar is on the left.' }, signer: keys.recoverySigning },
    },
    random,
  )
  return { at: now.toISOString(), chain: [first, second], envelopeHash: hex(noteHash(first)) }
}

/** The random bytes of the sealing, by what they are for: drawn in this order. */
function drawn() {
  const random = fixedRandom('seal')
  const each = (length: number) =>
    Object.fromEntries(compartmentNames.map((name) => [name, hex(random(length))]))
  return {
    keys: each(32),
    nonces: each(12),
    encapsulations: Object.fromEntries(envelope.wraps.map(({ kid }) => [kid, hex(random(64))])),
  }
}

type MustFail = {
  name: string
  step: OpeningStep
  ask?: string
  /** The compartment that does not open, where the others do. */
  withheld?: CompartmentName
  changes: Change[]
}

/** A release that a service or somebody on the way has changed. */
function mustFail(): MustFail[] {
  const other = release(seal({ signer: keys.root }, 'other'), keys.casework.kid)
  const bare = (name: CompartmentName) => released.compartments[name]
  return [
    { name: 'no wrap', step: 'shape', changes: [{ pointer: '/wrap' }] },
    {
      name: 'a time of receipt that is none',
      step: 'shape',
      changes: [{ pointer: '/receivedAt', value: '2026-02-30T09:30:00Z' }],
    },
    {
      name: 'another protocol',
      step: 'protocol',
      changes: [{ pointer: '/header/protocol', value: 'sealed-referral/2' }],
    },
    {
      name: 'a keyset outside of the chain',
      step: 'keyset',
      changes: [{ pointer: '/header/keyset/version', value: 2 }],
    },
    {
      name: 'own wrap changed after it was signed',
      step: 'wrap',
      changes: [{ pointer: '/wrap/sealedKeys', value: `A${released.wrap.sealedKeys.slice(1)}` }],
    },
    {
      name: "the hash of another reader's wrap changed",
      step: 'signature',
      changes: [{ pointer: `/wrapHashes/${keys.interpreters.kid}`, value: receipt.receipt }],
    },
    {
      name: 'a compartment kept back',
      step: 'wrap',
      withheld: 'legal',
      changes: [{ pointer: '/compartments/legal' }],
    },
    { name: 'signature stripped', step: 'signature-missing', changes: [{ pointer: '/signature' }] },
    {
      name: 'signer swapped for one that no directory names',
      step: 'signature-kid',
      changes: [{ pointer: '/signature/kid', value: keys.root.kid }],
    },
    { name: 'sealed and signed by a stranger', step: 'signer', changes: whole(other) },
    {
      name: 'the hash of a compartment cut',
      step: 'parts',
      changes: [{ pointer: '/sealedHashes/legal' }],
    },
    {
      name: 'the hash of a compartment changed with it',
      step: 'signature',
      changes: [
        { pointer: '/compartments/legal', value: bare('contact') },
        { pointer: '/sealedHashes/legal', value: released.sealedHashes.contact },
      ],
    },
    {
      name: 'compartment changed after it was signed',
      step: 'compartment',
      withheld: 'legal',
      changes: [{ pointer: '/compartments/legal', value: `A${bare('legal')?.slice(1)}` }],
    },
    {
      name: 'compartment cut short',
      step: 'compartment',
      withheld: 'legal',
      changes: [{ pointer: '/compartments/legal', value: bare('legal')?.slice(0, 40) }],
    },
    {
      name: 'compartment of another name in its place',
      step: 'compartment',
      withheld: 'legal',
      changes: [{ pointer: '/compartments/legal', value: bare('contact') }],
    },
    {
      name: 'header altered',
      step: 'signature',
      changes: [{ pointer: '/header/urgency', value: 'standard' }],
    },
    {
      name: 'wrap of another envelope injected',
      step: 'wrap',
      changes: [{ pointer: '/wrap', value: other.wrap }],
    },
    {
      name: "another reader's wrap injected",
      step: 'grant',
      changes: [
        { pointer: '/wrap', value: envelope.wraps.find((w) => w.kid === keys.interpreters.kid) },
      ],
    },
    {
      name: 'receipt exchanged',
      step: 'signature',
      changes: [{ pointer: '/receipt', value: receipt.receipt }],
    },
    {
      name: 'replay under another id',
      step: 'id',
      ask: otherId,
      changes: [{ pointer: '/referralId', value: otherId }],
    },
  ]
}

/** Signed by the partner, whom nobody keeps from sealing what will not open. */
function hostile(): MustFail[] {
  const { legal } = drawnKeys
  const plain = (text: string) => padded(utf8(text), 1024)
  const unpadded = new Uint8Array(1024)
  const of = (name: string, step: OpeningStep, spoil: (parts: Parts) => void): MustFail => {
    return { name, step, withheld: 'legal', changes: differences(released, forged(spoil)) }
  }
  return [
    of('a key that is not the one committed to', 'commitment', (parts) => {
      const given = new Map([
        ...Object.entries(drawnKeys),
        ['legal', seedOf('another key')],
      ] as never)
      const wrap = wrapKeys(given as never, accepted.keyset.recipients[0]!, parts.headerHash, (n) =>
        fixedRandom('hostile')(n),
      )
      parts.wraps = parts.wraps.map((other) => (other.kid === wrap.kid ? wrap : other))
    }),
    of('sealed under another key', 'compartment', (parts) => {
      reseal(parts, plain('{}'), seedOf('another key'))
    }),
    of('no padding', 'padding', (parts) => reseal(parts, unpadded, legal)),
    of('not JSON', 'plaintext', (parts) => reseal(parts, plain('{"a":1,}'), legal)),
    of('two values of one name', 'plaintext', (parts) => {
      reseal(parts, plain('{"content":"referral/1","stage":"x","stage":"y"}'), legal)
    }),
  ]
}

/** What opens, though a problem stands beside it: its pointers, and how the compartment reads. */
function odd() {
  const of = (name: string, text: string, pointers: string[], size = 1024) => {
    const spoil = (parts: Parts) => reseal(parts, padded(utf8(text), size), drawnKeys.legal)
    return { name, changes: differences(released, forged(spoil)), pointers, legal: text }
  }
  return [
    of('not NFC', '{"caseType":"e\u0301","content":"referral/1"}', ['/legal/caseType']),
    of('a fraction', '{"content":"referral/1","novelty":1.5}', ['/legal/novelty']),
    of('names in another order', '{"novelty":1,"content":"referral/1"}', [
      '/legal',
      '/legal/novelty',
    ]),
    of('another content version', '{"content":"referral/2"}', ['/legal/content']),
    of('padding longer than needed', '{"content":"referral/1"}', [], 8192),
  ]
}

type Parts = SealedParts<Header>

/** The published envelope, sealed again with one thing exchanged before it is signed. */
function forged(spoil: (parts: Parts) => void): Released {
  const { sealedTo: _, commitments: __, ...header } = envelope.header
  const parts = sealParts<Header>(
    compartmentNames.map((name) => [name, referral[name]]),
    accepted.keyset.recipients,
    (sealedTo, commitments) => ({ ...header, sealedTo, commitments }) as Header,
    fixedRandom('seal'),
  )
  spoil(parts)
  const { matching, receipt } = fullInput
  const { header: sealedHeader, headerHash, compartments, wraps } = parts
  const signed = { compartments, wraps, matching: matching!, receipt: receipt! }
  const signature = signParts(headerHash, signed, keys.partner)
  const sealed = { header: sealedHeader, ...signed, signature }
  return release(sealed as unknown as Envelope, keys.casework.kid)
}

function reseal(parts: Parts, plain: Uint8Array, key: Uint8Array): void {
  const nonce = seedOf('n').slice(0, 12)
  const aad = concat(label('field'), parts.headerHash, utf8('legal'))
  const sealed = concat(nonce, chacha20poly1305(key, nonce, aad).encrypt(plain))
  parts.compartments.legal = b64u(sealed)
}

function padded(plain: Uint8Array, size: number): Uint8Array {
  return concat(plain, Uint8Array.of(0x80), new Uint8Array(size - plain.length - 1))
}

/** The changes that make one release of the other. */
function differences(from: unknown, to: unknown, pointer = ''): Change[] {
  if (typeof from !== 'object' || typeof to !== 'object' || !from || !to) {
    return from === to ? [] : [{ pointer, value: to }]
  }
  return Object.keys(to).flatMap((key) => {
    const [before, after] = [from, to].map((side) => (side as Record<string, unknown>)[key])
    return differences(before, after, `${pointer}/${key}`)
  })
}

/** What casework grants to the volunteer, and what an honest service then releases to that one. */
function granted() {
  const [volunteer] = directoryPayload.grantees
  const until = new Date('2026-12-22T09:30:00Z')
  const random = fixedRandom('grant')
  const input = openInput(keys.casework)
  const { grant, wrap } = rewrap(released, input, volunteer!, keys.caseworkSigning, {
    until,
    random,
  })
  const given = { ...structuredClone(released), wrap, grant }
  for (const name of compartmentNames) {
    if (!grant.compartments.includes(name)) delete given.compartments[name]
  }
  return { granter: 'caseworkSigning', grantee: 'volunteer', grant, wrap, release: given }
}

function whole(other: Released): Change[] {
  return Object.entries(other).map(([key, value]) => ({ pointer: `/${key}`, value }))
}

writeFileSync(
  new URL('sealed-referral-1.json', import.meta.url),
  `${JSON.stringify(vectors, null, 1)}\n`,
)

const conformance = {
  note: 'Test keys: for `intake conform`, and never for a real person. See docs/PROTOCOL.md, "Conformance".',
  trust,
  keyset: keysetJws,
  directory: directoryJws,
  signer: { kid: keys.partner.kid, seed: b64u(keys.partner.secretKey) },
  recipients: (['casework', 'recovery', 'interpreters'] as const).map((name) => {
    return { label: name, kid: keys[name].kid, seed: b64u(keys[name].secretKey) }
  }),
}

writeFileSync(
  new URL('../../openapi/conformance.json', import.meta.url),
  `${JSON.stringify(conformance, null, 2)}\n`,
)
