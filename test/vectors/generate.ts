/**
 * Writes sealed-referral-1.json: `node test/vectors/generate.ts`. Only for a new protocol version, or
 * to add a step: a change of what stands there is a break with everything that was ever sealed.
 *
 * Every random byte is listed, so that another implementation can seal the same envelope.
 */
import { writeFileSync } from 'node:fs'
import { encodeBase64url, label } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { checkEnvelope } from '../../src/protocol/check.ts'
import { auditCommitment } from '../../src/protocol/commitment.ts'
import { dammDigit } from '../../src/protocol/damm.ts'
import { signedBytes } from '../../src/protocol/envelope.ts'
import { signGrant } from '../../src/protocol/grant.ts'
import { sealMessage } from '../../src/protocol/message.ts'
import { receiptKeys } from '../../src/protocol/receipt.ts'
import type { Released } from '../../src/protocol/released.ts'
import type { OpeningStep } from '../../src/protocol/step.ts'
import { type CompartmentName, compartmentNames } from '../../src/referral/compartment.ts'
import {
  accepted,
  directoryJws,
  fixedRandom,
  fullInput,
  hex,
  keys,
  keysetJws,
  now,
  origin,
  otherId,
  referral,
  referralId,
  release,
  seal,
  seedOf,
} from '../protocol/world.ts'

/** A change to the good release: the value at a JSON pointer set, or taken out. */
export type Change = { pointer: string; value?: unknown }

const envelope = seal()
const checked = checkEnvelope(envelope, { referralId, origin })
const released = release(envelope, keys.casework.kid)
const receiptDigits = '123456789012345678901234'
const receipt = receiptKeys(receiptDigits, origin)
const grantee = { kid: keys.volunteer.kid, compartments: ['clinical' as const] }
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
    envelopeSha256: hex(checked.envelopeSha256),
    envelope,
  },
  released: { reader: 'casework', receivedAt: now.toISOString(), release: released },
  mustFail: mustFail(),
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
  grant: {
    granter: 'caseworkSigning',
    grant: signGrant(
      { referralId, headerHash: checked.headerHash },
      grantee,
      keys.caseworkSigning,
      now,
    ),
  },
  auditCommitment: {
    name: 'actor',
    salt: hex(salt),
    jcs: new TextDecoder().decode(canonicalBytes(actor)),
    commitment: auditCommitment('actor', salt, actor),
  },
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

function mustFail(): { name: string; step: OpeningStep; ask?: string; changes: Change[] }[] {
  const other = release(seal({ signer: keys.root }, 'other'), keys.casework.kid)
  const bare = (name: CompartmentName) => released.compartments[name]
  return [
    { name: 'signature stripped', step: 'signature-missing', changes: [{ pointer: '/signature' }] },
    {
      name: 'signer swapped for one that no directory names',
      step: 'signature-kid',
      changes: [{ pointer: '/signature/kid', value: keys.root.kid }],
    },
    { name: 'sealed and signed by a stranger', step: 'signer', changes: whole(other) },
    { name: 'compartment cut', step: 'parts', changes: [{ pointer: '/compartments/legal' }] },
    {
      name: 'compartment moved to another name',
      step: 'signature',
      changes: [
        { pointer: '/compartments/legal', value: bare('contact') },
        { pointer: '/compartments/contact', value: bare('legal') },
      ],
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

function whole(other: Released): Change[] {
  return Object.entries(other).map(([key, value]) => ({ pointer: `/${key}`, value }))
}

writeFileSync(
  new URL('sealed-referral-1.json', import.meta.url),
  `${JSON.stringify(vectors, null, 1)}\n`,
)
