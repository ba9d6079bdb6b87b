/**
 * Whether a referral is stored as it was acknowledged: what the log says of it, what was signed, and each of
 * its parts. Pure: nothing is opened, and nobody has to hold a key.
 */
import { Refusal } from '../errors.ts'
import { decodeBase64url, encodeBase64url } from '../protocol/bytes.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import {
  envelopeHash,
  hashesOf,
  headerHash,
  type PartHashes,
  signedBytes,
} from '../protocol/envelope/envelope.ts'
import { verify } from '../protocol/signature.ts'
import type { Header } from '../referral/header.ts'
import { faultOfGrants, type GrantsKnown, type StoredGrant } from './grantsoundness.ts'

/** A referral with its parts, as they are stored. */
export type Stored = {
  readonly id: string
  /** Then nothing of what was signed is here but the hash of its envelope. */
  readonly isErased: boolean
  readonly organisationId: string | null
  readonly receiptHash: Uint8Array | null
  readonly reference: string
  /** RFC 3339 in UTC, as in the log. */
  readonly receivedAt: string
  readonly header: Uint8Array
  readonly keysetVersion: number
  readonly signer: string
  readonly signature: Uint8Array
  readonly envelopeHash: Uint8Array
  readonly matchingHash: Uint8Array | null
  readonly sealedHashes: Uint8Array
  readonly wrapHashes: Uint8Array
  readonly supersedes: string | null
  readonly compartments: readonly { readonly name: string; readonly sealed: Uint8Array }[]
  readonly wraps: readonly {
    readonly kid: string
    readonly encapsulated: Uint8Array
    readonly sealedKeys: Uint8Array
  }[]
  readonly grants: readonly StoredGrant[]
}

/** The entry of its submission, as auditors read it. What retention has emptied is not there. */
export type Submission = {
  readonly action: string
  readonly outcome: string
  readonly at: string
  readonly object?: { readonly id: string; readonly digest?: string }
  readonly opening: {
    readonly actor?: { readonly organisation: string }
    readonly details?: { readonly reference?: unknown }
  }
  /** Whether what opens it, and the columns beside it, are what it says. */
  readonly intact: boolean
}

/** What is known beside the row. */
export type Known = {
  readonly entry: Submission | undefined
  /** Whether that entry is in the tree as it stands, or waits for its place. */
  readonly isInTree: boolean
  /** The entry of its erasure, where it is erased. */
  readonly erasing: Submission | undefined
  /** Whether what it amends was erased: then the link went with it. */
  readonly isAmendedErased: (id: string) => boolean
  /** Whose the key is that signed, and the key in base64url; none where the directory has no such key. */
  readonly signer: { readonly organisation: string; readonly publicKey: string } | undefined
  /** Whether the log says that a key gave up its wrap, which was passed on to another. */
  readonly isGivenUp: (kid: string) => boolean
} & Omit<GrantsKnown, 'sealedTo'>

/** The first thing that is wrong, by the name of its column or part; nothing where all is well. */
export function faultOf(stored: Stored, known: Known): string | undefined {
  try {
    const { entry } = known
    if (!entry) return 'entry_id: the log has no such entry'
    const fault = faultOfEntry(stored, entry, known)
    if (fault !== undefined) return fault
    return stored.isErased ? faultOfErased(stored, known) : faultOfSigned(stored, entry, known)
  } catch (error) {
    if (error instanceof Refusal) return 'header: it cannot be read'
    throw error
  }
}

function faultOfEntry(stored: Stored, entry: Submission, { isInTree }: Known): string | undefined {
  const { actor, details } = entry.opening
  if (entry.action !== 'referral.submitted' || entry.outcome !== 'permitted') {
    return 'entry_id: the entry is of another act'
  }
  if (entry.object?.id !== stored.id) return 'id, or entry_id: the entry names another referral'
  if (!entry.intact) return 'its entry: what stands beside it is not what it says'
  if (!isInTree) return 'its entry: it is not in the tree of the log'
  if (entry.object.digest !== encodeBase64url(stored.envelopeHash)) {
    return 'envelope_hash: it is not the one in the log'
  }
  if (entry.at !== stored.receivedAt) return 'received_at: it is not the one in the log'
  if (details && details.reference !== stored.reference) {
    return 'reference: it is not the one in the log'
  }
  if (actor && actor.organisation !== stored.organisationId) {
    return 'organisation_id: it is not the one in the log'
  }
  return undefined
}

/** Whoever empties a row and calls that erased has no entry that says so. */
function faultOfErased(stored: Stored, { erasing }: Known): string | undefined {
  if (!erasing) return 'state: it is erased, and the log has no entry of that'
  const { action, outcome, object, intact } = erasing
  const isOf = action === 'referral.erased' && outcome === 'permitted' && object?.id === stored.id
  if (!isOf) return 'state: it is erased, and the entry is of another act'
  return intact ? undefined : 'the entry of its erasure: what stands beside it is not what it says'
}

function faultOfSigned(stored: Stored, { object }: Submission, known: Known): string | undefined {
  const made = hashesOf({
    compartments: Object.fromEntries(stored.compartments.map(({ name, sealed }) => [name, sealed])),
    wraps: stored.wraps.map(({ kid, encapsulated, sealedKeys }) => ({
      kid,
      encapsulated: encodeBase64url(encapsulated),
      sealedKeys: encodeBase64url(sealedKeys),
    })),
  })
  const said = {
    sealedHashes: read(stored.sealedHashes),
    wrapHashes: read(stored.wrapHashes),
    ...(stored.matchingHash && { matchingHash: encodeBase64url(stored.matchingHash) }),
    ...(stored.receiptHash && { receipt: encodeBase64url(stored.receiptHash) }),
  }
  const bound = headerHash(stored.header)
  const isSigned = (hashes: PartHashes) =>
    object?.digest === encodeBase64url(envelopeHash(bound, hashes))
  if (!isSigned(said)) {
    // With what the parts themselves make in its place, the one that was spoilt comes right.
    if (isSigned({ ...said, sealedHashes: made.sealedHashes }))
      return 'sealed_hashes: not what was signed'
    if (isSigned({ ...said, wrapHashes: made.wrapHashes }))
      return 'wrap_hashes: not what was signed'
    return 'header, matching_hash or receipt_hash: not what was signed'
  }
  const header = parseCanonical(stored.header) as Header
  const { signer, isAmendedErased, isGivenUp } = known
  const sealedTo = new Set(Object.keys(said.wrapHashes))
  const referral = { id: stored.id, headerHash: bound }
  return (
    faultOfHeader(stored, header, isAmendedErased) ??
    faultOfParts('compartment', said.sealedHashes, made.sealedHashes) ??
    faultOfParts('wrap', keptOf(said.wrapHashes, isGivenUp), made.wrapHashes) ??
    faultOfSignature(stored, header, signer) ??
    faultOfGrants(referral, stored.grants, { ...known, sealedTo })
  )
}

function faultOfHeader(
  stored: Stored,
  header: Header,
  isAmendedErased: Known['isAmendedErased'],
): string | undefined {
  if (header.referralId !== stored.id) return 'id: it is not the one that was signed'
  if (header.keyset.version !== stored.keysetVersion) {
    return 'keyset_version: it is not the one that was signed'
  }
  if (header.signer !== stored.signer) return 'signer: it is not the one that was signed'
  const amended = header.supersedes ?? null
  const isUnlinked = amended !== null && stored.supersedes === null && isAmendedErased(amended)
  if (amended !== stored.supersedes && !isUnlinked) {
    return 'supersedes: it is not the one that was signed'
  }
  return undefined
}

/** The wraps that were signed and are to be there still. */
function keptOf(signed: Readonly<Record<string, string>>, isGivenUp: Known['isGivenUp']) {
  return Object.fromEntries(Object.entries(signed).filter(([kid]) => !isGivenUp(kid)))
}

function faultOfParts(
  kind: 'compartment' | 'wrap',
  signed: Readonly<Record<string, string>>,
  made: Readonly<Record<string, string>>,
): string | undefined {
  for (const [name, hash] of Object.entries(signed)) {
    if (made[name] === undefined) return `${kind} ${name}: it is missing`
    if (made[name] !== hash) return `${kind} ${name}: it is not what was sealed`
  }
  const isExtra = Object.keys(made).some((name) => signed[name] === undefined)
  return isExtra ? `${kind}: there is one more than was sealed` : undefined
}

function faultOfSignature(
  stored: Stored,
  { replyTo }: Header,
  signer: Known['signer'],
): string | undefined {
  const isOwn = stored.organisationId !== null && signer?.organisation === stored.organisationId
  const publicKey = stored.organisationId === null ? replyTo?.signingKey : isOwn && signer.publicKey
  if (!publicKey) return 'organisation_id, or signer: the key is not one of that organisation'
  const { signature, envelopeHash } = stored
  const isSigned =
    signature.length === signatureBytes &&
    verify(decodeBase64url(publicKey, 32), signedBytes(envelopeHash), signature)
  return isSigned ? undefined : 'signature: it does not verify'
}

/** What has another length cannot even be checked. */
const signatureBytes = 64

/** Of bytes that are not canonical, which nothing that was signed is, no hashes. */
function read(bytes: Uint8Array): Readonly<Record<string, string>> {
  try {
    return parseCanonical(bytes) as Record<string, string>
  } catch {
    return {}
  }
}
