/** A deployment in miniature: keys from fixed seeds, a signed keyset and directory, one referral. */
import { concat, encodeBase64url, type Random, utf8 } from '../../src/protocol/bytes.ts'
import { type Envelope, hashesOf } from '../../src/protocol/envelope/envelope.ts'
import type { Released } from '../../src/protocol/envelope/released.ts'
import { type SealInput, sealReferral } from '../../src/protocol/envelope/seal.ts'
import type { OpenInput } from '../../src/protocol/envelope/verify.ts'
import { type KeyPair, recipientKeyFrom, signingKeyFrom } from '../../src/protocol/keys.ts'
import { hash } from '../../src/protocol/sodium.ts'
import {
  acceptDirectory,
  type Directory,
  signDirectory,
} from '../../src/protocol/trust/directory.ts'
import { acceptKeyset, type Keyset, signKeyset } from '../../src/protocol/trust/keyset.ts'
import { type CompartmentName, compartmentNames } from '../../src/referral/compartment.ts'
import type { Referral } from '../../src/referral/fields.ts'

export const now = new Date('2026-11-22T09:30:00Z')
export const origin = 'intake.example.org'
export const referralId = '01935f3a-7c00-7000-8000-000000000001'
export const otherId = '01935f3a-7c00-7000-8000-000000000002'

/** 32 bytes that depend on a name alone. */
export const seedOf = (name: string) => hash(utf8(`test seed ${name}`))
export const text = (key: KeyPair) => encodeBase64url(key.publicKey)

export const keys = {
  root: signingKeyFrom(seedOf('root')),
  otherRoot: signingKeyFrom(seedOf('other root')),
  directory: signingKeyFrom(seedOf('directory')),
  log: signingKeyFrom(seedOf('log')),
  casework: recipientKeyFrom(seedOf('casework')),
  caseworkSigning: signingKeyFrom(seedOf('casework signing')),
  recovery: recipientKeyFrom(seedOf('recovery')),
  recoverySigning: signingKeyFrom(seedOf('recovery signing')),
  interpreters: recipientKeyFrom(seedOf('interpreters')),
  interpretersSigning: signingKeyFrom(seedOf('interpreters signing')),
  partner: signingKeyFrom(seedOf('partner')),
  volunteer: recipientKeyFrom(seedOf('volunteer')),
  volunteerSigning: signingKeyFrom(seedOf('volunteer signing')),
  reply: recipientKeyFrom(seedOf('reply')),
  replySigning: signingKeyFrom(seedOf('reply signing')),
}

const recipient = (
  label: string,
  key: KeyPair,
  signing: KeyPair,
  compartments: readonly CompartmentName[],
  role: { required: boolean; recovery: boolean },
): Keyset['recipients'][number] => ({
  kid: key.kid,
  label,
  alg: 'X-Wing',
  publicKey: text(key),
  signingKey: text(signing),
  compartments: [...compartments],
  ...role,
})

export const keysetPayload: Keyset = {
  origin,
  version: 1,
  revokes: [],
  issuedAt: '2026-11-01T00:00:00Z',
  refreshBy: '2027-10-01T00:00:00Z',
  expiresAt: '2027-11-01T00:00:00Z',
  roots: [text(keys.root), text(keys.otherRoot)],
  protocols: ['sealed-referral/1'],
  directory: { kid: keys.directory.kid, publicKey: text(keys.directory) },
  recipients: [
    recipient('Casework', keys.casework, keys.caseworkSigning, compartmentNames, {
      required: true,
      recovery: false,
    }),
    recipient('Recovery', keys.recovery, keys.recoverySigning, compartmentNames, {
      required: true,
      recovery: true,
    }),
    recipient('Interpreters', keys.interpreters, keys.interpretersSigning, ['interpreting'], {
      required: false,
      recovery: false,
    }),
  ],
  matching: [],
  log: {
    origin: `${origin}/v1/audit/logs/1`,
    publicKeys: [text(keys.log)],
    witnesses: [],
    quorum: 0,
  },
}

export const organisation = '5f8c2a1e-0b7d-4c11-9a54-1d2e3f405162'

export const directoryPayload: Directory = {
  origin,
  version: 1,
  issuedAt: '2026-11-01T00:00:00Z',
  referrers: [
    {
      organisation,
      label: 'Example Law Centre',
      signingKeys: [
        { kid: keys.partner.kid, publicKey: text(keys.partner), from: '2026-01-01T00:00:00Z' },
      ],
    },
  ],
  grantees: [
    {
      kid: keys.volunteer.kid,
      label: 'Volunteer clinician',
      publicKey: text(keys.volunteer),
      signingKey: text(keys.volunteerSigning),
      compartments: ['clinical', 'interpreting'],
    },
  ],
}

export const trust = { origin, rootKeys: [text(keys.root)], minimumVersion: 1 }
export const keysetJws = signKeyset(keysetPayload, keys.root)
export const accepted = acceptKeyset(keysetJws, trust, undefined, now)
/** The version after: one recipient fewer, and the hash of the version before. */
export const nextKeysetPayload: Keyset = {
  ...keysetPayload,
  version: 2,
  previous: accepted.sha256,
  issuedAt: '2026-11-20T00:00:00Z',
  recipients: keysetPayload.recipients.slice(0, 2),
}
export const nextKeysetJws = signKeyset(nextKeysetPayload, keys.root)

export const directoryJws = signDirectory(directoryPayload, keys.directory)
export const { directory } = acceptDirectory(directoryJws, keysetPayload, undefined, now)

export const referral = {
  interpreting: {
    callName: 'Amina',
    languages: [{ iso639_3: 'prs', spoken: 'first', needsInterpreter: 'yes' }],
  },
  identity: { familyName: 'Rahimi', givenNames: 'Amina' },
  contact: {},
  consent: {
    personKnows: 'yes',
    given: [{ to: 'assessment', answer: 'given', how: 'verbal', on: '2026-11-20' }],
    capacityConcern: 'none',
  },
  referrer: { reference: 'AB/1' },
  detention: { places: [{ place: 'irc-harmondsworth', from: '2026-10-02' }] },
  legal: {},
  clinical: { requested: ['mlr_torture_scarring'], torture: 'yes' },
  narrative: { story: 'Ich wurde geschlagen. ضربوني' },
  documents: {},
} as unknown as Referral

export const replyTo = {
  kid: keys.reply.kid,
  publicKey: text(keys.reply),
  signingKey: text(keys.replySigning),
}

export const matching = {
  epoch: 1,
  values: [{ type: 'REF', value: encodeBase64url(seedOf('match').subarray(0, 16)) }],
}

export const sealInput: SealInput = {
  referral,
  referralId,
  channel: 'legal_representative',
  urgency: 'urgent',
  region: 'heathrow',
  keyset: accepted,
  signer: keys.partner,
  now,
}

/** A referral with every optional part: amending, answerable, matchable, with a receipt hash. */
export const fullInput: SealInput = {
  ...sealInput,
  respondBy: '2026-11-25',
  supersedes: otherId,
  replyTo,
  matching,
  receipt: encodeBase64url(seedOf('receipt hash')),
}

/** A stream of bytes that is the same in every run. */
export function fixedRandom(name: string): Random {
  let block = 0
  return (length) => {
    const parts: Uint8Array[] = []
    for (let filled = 0; filled < length; filled += 32) {
      parts.push(hash(utf8(`test stream ${name} ${block++}`)))
    }
    return concat(...parts).subarray(0, length)
  }
}

export const seal = (changes: Partial<SealInput> = {}, name = 'seal') =>
  sealReferral({ ...fullInput, ...changes }, fixedRandom(name))

/** What an honest server releases of an envelope to one reader. */
export function release(envelope: Envelope, kid: string): Released {
  const held =
    keysetPayload.recipients.find((candidate) => candidate.kid === kid)?.compartments ?? []
  const { sealedHashes, wrapHashes, ...others } = hashesOf(envelope)
  const released: Released = {
    referralId: envelope.header.referralId,
    reference: '57200004',
    receivedAt: now.toISOString(),
    state: 'received',
    header: envelope.header,
    compartments: {},
    sealedHashes: sealedHashes as Released['sealedHashes'],
    wrapHashes,
    wrap: envelope.wraps.find((wrap) => wrap.kid === kid)!,
    signature: envelope.signature,
    ...others,
  }
  for (const name of compartmentNames) {
    if (held.includes(name)) released.compartments[name] = envelope.compartments[name]
  }
  return released
}

export const bytesOf = (encoded: string) => new Uint8Array(Buffer.from(encoded, 'base64url'))
export const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
export const unhex = (digits: string) => new Uint8Array(Buffer.from(digits, 'hex'))

export const openInput = (key: KeyPair): OpenInput => ({
  referralId,
  reader: key,
  keysets: new Map([[accepted.sha256, keysetPayload]]),
  directory,
  receivedAt: now,
  now,
})

/** A deep copy, to change one thing in. */
export const copy = <Value>(value: Value): Value => structuredClone(value)

/** The code that a call refuses with; `undefined` if it does not refuse. */
export function codeOf(call: () => unknown): string | undefined {
  try {
    call()
  } catch (refusal) {
    return (refusal as { code?: string }).code ?? String(refusal)
  }
  return undefined
}
