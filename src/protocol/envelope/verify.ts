/**
 * Everything that is checked of a released referral before a compartment is opened:
 * docs/PROTOCOL.md, "Opening". The server that released it is believed in nothing but the time of
 * receipt.
 */
import * as Type from 'typebox'
import { Refusal } from '../../errors.ts'
import { type CompartmentName, compartmentNames } from '../../referral/compartment.ts'
import { Bytes32, Instant, Kid } from '../../referral/format.ts'
import {
  everyCompartment,
  type Header,
  KeysetReference,
  protocol,
  ReplyTo,
} from '../../referral/header.ts'
import { schemaProblems } from '../../referral/problems.ts'
import { decodeBase64url } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import type { SecretKey } from '../keys.ts'
import { kidOf } from '../kid.ts'
import { Grant } from '../messages/grant.ts'
import { verify } from '../signature.ts'
import { type Directory, signerOf } from '../trust/directory.ts'
import type { Keyset } from '../trust/keyset.ts'
import { revokedProblems } from '../trust/revoked.ts'
import { openCompartment, type SealedName, unpad } from './compartment.ts'
import { withoutContent } from './content.ts'
import {
  envelopeHash,
  headerHash,
  type PartHashes,
  Signature,
  signedBytes,
  Wrap,
  wrapHash,
} from './envelope.ts'
import { readPlaintext } from './plaintext.ts'
import type { Released } from './released.ts'
import { StepFailure } from './step.ts'
import { checkGiven, type OpenedKeys, openKeys } from './unwrap.ts'

/** What a reader brings. */
export type OpenInput = {
  /** The referral that was asked for. */
  referralId: string
  /** The reader's X-Wing key. */
  reader: SecretKey
  /** The accepted keyset and those before it, by SHA-256: see `keysetChain`. */
  keysets: ReadonlyMap<string, Keyset>
  /** The accepted directory. */
  directory: Directory
  /** The logged time of receipt, at which the signer's key must have been valid. */
  receivedAt: Date
  /** The reader's own clock, by which a grant ends and the urgency rules run. */
  now: Date
  /** The compartments that were asked for, where not all were: that others are absent is no fault. */
  chosen?: readonly CompartmentName[] | undefined
  /** No compartment was asked for, and all keys of the wrap are to be had: to pass them on. */
  isWrapOnly?: boolean
}

/** An organisation of the directory; or whoever held the receipt, which proves no more than that. */
export type SignedBy = { organisation: string; label: string } | 'receipt'

/** A referral whose signature, wrap and keys are sound. */
export type Verified = {
  header: Header
  headerHash: Uint8Array
  envelopeHash: Uint8Array
  signedBy: SignedBy
  /** What was released under the names of the reader's compartments: whatever it may be. */
  sealed: ReadonlyMap<CompartmentName, string>
  /** What each compartment must hash to: the signature covers these. */
  sealedHashes: Readonly<Record<CompartmentName, string>>
} & OpenedKeys<CompartmentName>

/** The properties that every header has, as loosely as an opener may take them. */
export const frameProperties = {
  protocol: Type.String(),
  kind: Type.String(),
  origin: Type.String(),
  referralId: Type.String(),
  keyset: KeysetReference,
  signer: Kid,
  sealedTo: Type.Array(Kid),
}

// Only the parts that the checks below read: what a newer client adds beside them must not withhold
// a referral. It is covered by the signature all the same.
const Frame = Type.Object({
  referralId: Type.String(),
  receivedAt: Instant,
  header: Type.Object({
    ...frameProperties,
    replyTo: Type.Optional(ReplyTo),
    commitments: Type.Object(everyCompartment(() => Bytes32)),
  }),
  compartments: Type.Object(everyCompartment(() => Type.Optional(Type.String()))),
  sealedHashes: Type.Object(everyCompartment(() => Type.Optional(Bytes32))),
  wrap: Wrap,
  wrapHashes: Type.Record(Type.String(), Bytes32),
  matchingHash: Type.Optional(Bytes32),
  receipt: Type.Optional(Bytes32),
  signature: Type.Optional(Signature),
  grant: Type.Optional(Grant),
})

/**
 * Checks what was released to a reader, in the order of the steps.
 *
 * @throws StepFailure naming the first step that fails
 */
export function verifyReleased(released: Released, input: OpenInput): Verified {
  const [problem] = schemaProblems(Frame, released)
  if (problem) throw new StepFailure('shape', `${problem.pointer} ${problem.detail}`)
  requireTime(released.receivedAt)
  const { header } = released
  checkKind(header, 'referral')
  if (header.referralId !== input.referralId || released.referralId !== input.referralId) {
    throw new StepFailure('id', 'the header is that of another referral')
  }
  checkReceived(input.receivedAt, keysetOf(header, input.keysets))
  requireHashes(released)
  const { compartments, sealedHashes } = released
  const { isWrapOnly = false, chosen = isWrapOnly ? [] : compartmentNames } = input
  const bound = headerHash(headerBytes(header))
  const { publicKey, signedBy } = signerOfReferral(header, input)
  const signed = checkSigned(released.signature, header.signer, publicKey, bound, released)
  const given = checkGiven(released, bound, { ...input, chosen })
  const sealed = new Map(
    compartmentNames.flatMap((name) => {
      const text = compartments[name]
      return text === undefined ? [] : [[name, text] as const]
    }),
  )
  const names = {
    released: isWrapOnly ? heldBy(released, input) : [...sealed.keys()],
    known: compartmentNames,
    chosen,
  }
  const opened = openKeys(released.wrap, input.reader, bound, names, header.commitments)
  const verified = { header, headerHash: bound, envelopeHash: signed, signedBy }
  const problems = [...revokedProblems(header, input.keysets), ...given, ...opened.problems]
  return { ...verified, sealed, sealedHashes, ...opened, problems }
}

/** Refuses another protocol or kind of envelope. */
export function checkKind(header: { protocol: string; kind: string }, ...kinds: string[]): void {
  if (header.protocol !== protocol || !kinds.includes(header.kind)) {
    throw new StepFailure(
      'protocol',
      `the header is not that of a ${kinds.join(' or ')} of ${protocol}`,
    )
  }
}

/** The keyset that a header names, if it is in the accepted chain and for the same origin. */
export function keysetOf(
  header: Pick<Header, 'keyset' | 'origin'>,
  keysets: OpenInput['keysets'],
): Keyset {
  const keyset = keysets.get(header.keyset.sha256)
  if (keyset?.version !== header.keyset.version || keyset.origin !== header.origin) {
    throw new StepFailure('keyset', 'the header names a keyset that is not in the accepted chain')
  }
  return keyset
}

/** The canonical bytes of a header. */
export function headerBytes(header: object): Uint8Array {
  try {
    return canonicalBytes(header)
  } catch (cause) {
    throw new StepFailure('shape', 'the header has no canonical form', { cause })
  }
}

/**
 * Checks a signature over the header and the hashes of the parts.
 *
 * @param publicKey - `undefined` if nobody is known by the signer's kid
 * @returns the envelope hash that is signed
 */
export function checkSigned(
  signature: Signature | undefined,
  signer: string,
  publicKey: Uint8Array | undefined,
  headerHash: Uint8Array,
  hashes: PartHashes,
): Uint8Array {
  if (!signature) throw new StepFailure('signature-missing', 'there is no signature')
  if (signature.kid !== signer) {
    throw new StepFailure('signature-kid', 'signature.kid is not header.signer')
  }
  // Before it is asked who signed: some of what a stranger signed is shown, and is hashed for that.
  const hash = canonicalHash(headerHash, hashes)
  if (!publicKey || kidOf('Ed25519', publicKey) !== signer) {
    throw new StepFailure('signer', 'header.signer is not a key that may sign this')
  }
  if (!verify(publicKey, signedBytes(hash), decodeBase64url(signature.value, 64))) {
    throw new StepFailure('signature', 'the signature does not verify')
  }
  return hash
}

// What was released beside the known hashes is signed too, and may have no canonical form.
function canonicalHash(headerHash: Uint8Array, hashes: PartHashes): Uint8Array {
  try {
    return envelopeHash(headerHash, hashes)
  } catch (cause) {
    throw new StepFailure('shape', 'what is signed has no canonical form', { cause })
  }
}

/**
 * Opens one compartment under its verified key, and reads what it says.
 *
 * @throws StepFailure `compartment`, `padding`, `plaintext`
 */
export function openContent(
  name: SealedName,
  sealed: Uint8Array,
  key: Uint8Array,
  headerHash: Uint8Array,
): ReturnType<typeof withoutContent> {
  const padded = openCompartment(name, sealed, key, headerHash)
  if (!padded) throw new StepFailure('compartment', `${name} does not open under its key`)
  const plain = unpad(padded)
  if (!plain) throw new StepFailure('padding', `${name} is not padded`)
  try {
    const { value, problems } = readPlaintext(plain, `/${name}`)
    const content = withoutContent(name, value)
    return { ...content, problems: [...problems, ...content.problems] }
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new StepFailure('plaintext', `${name} ${cause.message}`, { cause })
  }
}

function requireHashes({ header, sealedHashes, wrapHashes }: Released): void {
  const unnamed = compartmentNames.find((name) => sealedHashes[name] === undefined)
  if (unnamed) throw new StepFailure('parts', `there is no hash of ${unnamed}`)
  if (Object.keys(wrapHashes).sort().join() !== [...header.sealedTo].sort().join()) {
    throw new StepFailure('parts', 'there is not one hash of a wrap for each of header.sealedTo')
  }
}

/** Refuses a time that is none: every comparison with it would come out as if all were well. */
export function requireTime(text: string): void {
  const at = new Date(text)
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 19) !== text.slice(0, 19)) {
    throw new StepFailure('shape', 'the time of receipt is not a time')
  }
}

/**
 * A server that holds a partner's stolen key could date a forgery back to before it was known to be
 * stolen; not, at least, to before the keyset that the forgery names.
 */
function checkReceived(receivedAt: Date, { issuedAt }: Keyset): void {
  const skewMilliseconds = 5 * 60_000
  // Not turned round: a time that is none is later than nothing.
  if (!(receivedAt.getTime() + skewMilliseconds >= Date.parse(issuedAt))) {
    throw new StepFailure('keyset', 'it was received before the keyset it names was issued')
  }
}

/** The compartments that the reader's wrap is of: by its grant, or by the keyset that was sealed to. */
function heldBy(
  { header, grant, wrapHashes, wrap }: Released,
  { reader, keysets }: OpenInput,
): readonly CompartmentName[] {
  if (grant && wrapHashes[reader.kid] !== wrapHash(wrap)) return grant.compartments
  const { recipients } = keysetOf(header, keysets)
  return recipients.find(({ kid }) => kid === reader.kid)?.compartments ?? []
}

// The directory first: an organisation that also gives a reply key signs as an organisation.
function signerOfReferral(
  { signer, replyTo }: Header,
  { directory, receivedAt }: OpenInput,
): { publicKey?: Uint8Array; signedBy: SignedBy } {
  const listed = signerOf(directory.referrers, signer, receivedAt)
  if (listed) {
    const { organisation, label, publicKey } = listed
    return { publicKey, signedBy: { organisation, label } }
  }
  if (!replyTo) return { signedBy: 'receipt' }
  return { publicKey: decodeBase64url(replyTo.signingKey, 32), signedBy: 'receipt' }
}
