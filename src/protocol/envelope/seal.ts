/** Sealing a referral: docs/PROTOCOL.md, "Sealing". */
import { Refusal } from '../../errors.ts'
import { checkReferral } from '../../referral/check.ts'
import type { Channel, Region, Urgency } from '../../referral/codes/clear.ts'
import { compartmentNames } from '../../referral/compartment.ts'
import type { Referral } from '../../referral/fields.ts'
import { type Header, protocol, type ReplyTo } from '../../referral/header.ts'
import { encodeBase64url, type Random } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import type { SecretKey } from '../keys.ts'
import { signatureOf } from '../signature.ts'
import { randomBytes } from '../sodium.ts'
import type { AcceptedKeyset } from '../trust/keyset.ts'
import { commitmentTo, plainBytes, type SealedName, sealCompartment } from './compartment.ts'
import {
  type Envelope,
  envelopeBytesMax,
  envelopeHash,
  hashesOf,
  headerHash,
  type Matching,
  type Parts,
  type Signature,
  signedBytes,
  type Wrap,
} from './envelope.ts'
import { type Reader, wrapKeys } from './wrap.ts'

/** How long after its expiry a keyset is still sealed with: a forgotten ceremony shuts nobody out. */
const staleMilliseconds = 90 * 24 * 3_600_000

/** What a referrer's client decides about one envelope. */
export type SealInput = {
  referral: Referral
  referralId: string
  channel: Channel
  urgency: Urgency
  region: Region
  /** A day, `2026-11-25`. */
  respondBy?: string
  /** The referral that this one amends. */
  supersedes?: string
  /** Where answers go; always set by a referrer that signs with a receipt. */
  replyTo?: ReplyTo
  /** The receipt hash, in base64url. */
  receipt?: string
  matching?: Matching
  keyset: Pick<AcceptedKeyset, 'keyset' | 'sha256'>
  signer: SecretKey
  now: Date
}

/**
 * Seals a referral to every recipient of the keyset, and signs it.
 *
 * @throws Refusal `referral-invalid`, `consent-refused`, `referral-too-large`, `keyset-expired`, or
 *   `unsupported-protocol` if the keyset no longer allows this one
 */
export function sealReferral(input: SealInput, random: Random = randomBytes): Envelope {
  const { referral, matching, receipt } = input
  const { refusal, problems } = checkReferral(referral)
  if (refusal !== undefined) {
    throw new Refusal(refusal, problems.map(({ pointer }) => pointer).join(', '))
  }
  const { keyset } = input.keyset
  const contents = compartmentNames.map((name): Content => [name, referral[name]])
  const { header, headerHash, compartments, wraps } = sealParts(
    contents,
    keyset.recipients,
    (sealedTo, commitments) => headerOf(input, sealedTo, commitments as Header['commitments']),
    random,
  )
  const parts = {
    compartments: compartments as Envelope['compartments'],
    wraps,
    ...(matching && { matching }),
    ...(receipt !== undefined && { receipt }),
  }
  return withinLimit({ header, ...parts, signature: signParts(headerHash, parts, input.signer) })
}

/** The envelope, unless no server would read it. */
function withinLimit(envelope: Envelope): Envelope {
  if (JSON.stringify(envelope).length <= envelopeBytesMax) return envelope
  throw new Refusal('referral-too-large', `the envelope is over ${envelopeBytesMax} bytes`)
}

/** What the header says of the keyset in use, and whether that is past its date. */
export function keysetInHeader(
  { keyset, sha256 }: SealInput['keyset'],
  now: Date,
): Pick<Header, 'keyset' | 'staleKeyset'> {
  if (!keyset.protocols.includes(protocol)) {
    throw new Refusal('unsupported-protocol', `keyset ${keyset.version} does not allow ${protocol}`)
  }
  const age = now.getTime() - Date.parse(keyset.expiresAt)
  if (age > staleMilliseconds) {
    throw new Refusal('keyset-expired', `keyset ${keyset.version} expired over 90 days ago`)
  }
  return { keyset: { version: keyset.version, sha256 }, staleKeyset: age >= 0 }
}

/** A compartment's name and what it says. */
export type Content = [name: SealedName, value: unknown]

/** A reader and the compartments whose keys it gets. */
export type Holder = Reader & { compartments: readonly SealedName[] }

/** The parts of an envelope or a message that are bound to its header. */
export type SealedParts<AnyHeader> = {
  header: AnyHeader
  headerHash: Uint8Array
  compartments: Record<string, string>
  wraps: Wrap[]
}

/**
 * Steps 1 to 4: draws a key for each compartment, commits to them in the header, seals under it and
 * wraps. The header comes from a function because it names the commitments and is named by all else.
 */
export function sealParts<AnyHeader>(
  contents: readonly Content[],
  holders: readonly Holder[],
  headerOf: (sealedTo: string[], commitments: Record<string, string>) => AnyHeader,
  random: Random,
): SealedParts<AnyHeader> {
  const keyed = contents.map(([name, value]) => {
    return { name, plain: plainBytes(name, value), key: random(32) }
  })
  const readers = holders.toSorted((a, b) => (a.kid < b.kid ? -1 : 1))
  const header = headerOf(
    readers.map(({ kid }) => kid),
    Object.fromEntries(
      keyed.map(({ name, key }) => [name, encodeBase64url(commitmentTo(name, key))]),
    ),
  )
  const bound = headerHash(canonicalBytes(header))
  const sealed = keyed.map(({ name, plain, key }) => {
    return [name, encodeBase64url(sealCompartment(name, plain, key, random(12), bound))]
  })
  const wraps = readers.map((reader) => {
    const held = keyed.filter(({ name }) => reader.compartments.includes(name))
    const keys = new Map(held.map(({ name, key }) => [name, key]))
    return wrapKeys(keys, reader, bound, random)
  })
  return { header, headerHash: bound, compartments: Object.fromEntries(sealed), wraps }
}

/** Step 5: the signature over the header and the body. */
export function signParts(headerHash: Uint8Array, parts: Parts, signer: SecretKey): Signature {
  return signatureOf(signedBytes(envelopeHash(headerHash, hashesOf(parts))), signer)
}

function headerOf(
  input: SealInput,
  sealedTo: string[],
  commitments: Header['commitments'],
): Header {
  const { respondBy, supersedes, replyTo } = input
  return {
    protocol,
    kind: 'referral',
    origin: input.keyset.keyset.origin,
    referralId: input.referralId,
    ...keysetInHeader(input.keyset, input.now),
    signer: input.signer.kid,
    sealedTo,
    channel: input.channel,
    urgency: input.urgency,
    region: input.region,
    ...(respondBy !== undefined && { respondBy }),
    ...(replyTo && { replyTo }),
    ...(supersedes !== undefined && { supersedes }),
    commitments,
  }
}
