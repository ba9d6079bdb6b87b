/**
 * The directory: whose signature a recipient believes, and to whom it may re-wrap
 * (docs/PROTOCOL.md, "Keyset and directory"). Signed by the directory key of the keyset and served
 * to recipients only, for it names partners and volunteers.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Refusal } from '../../errors.ts'
import { Bytes32, Instant, Kid, Uuid, XWingPublicKey } from '../../referral/format.ts'
import { Compartments } from '../../referral/header.ts'
import { decodeBase64url } from '../bytes.ts'
import type { SecretKey } from '../keys.ts'
import { Label, organisationLabelMax } from '../label.ts'
import { chainProperties, checkChain, readDocument, type Seen } from './chain.ts'
import { signJws } from './jws.ts'
import type { Keyset } from './keyset.ts'
import { directoryFaults } from './rules.ts'

/** A key that signs for an organisation, and the time in which its signature counts. */
export const SigningKey = Type.Object(
  {
    kid: Kid,
    publicKey: Bytes32,
    from: Instant,
    until: Type.Optional(Instant),
    compromisedFrom: Type.Optional(Instant),
  },
  { additionalProperties: false },
)

/** An organisation that refers. */
export const Referrer = Type.Object(
  {
    organisation: Uuid,
    label: Label(organisationLabelMax),
    signingKeys: Type.Array(SigningKey, { minItems: 1, maxItems: 32 }),
  },
  { additionalProperties: false },
)

/** Somebody outside the keyset who may be given compartments, an interpreter or a clinician. */
export const Grantee = Type.Object(
  {
    kid: Kid,
    label: Label(organisationLabelMax),
    publicKey: XWingPublicKey,
    signingKey: Bytes32,
    compartments: Compartments,
    until: Type.Optional(Instant),
  },
  { additionalProperties: false },
)
export type Grantee = Static<typeof Grantee>

export type Referrer = Static<typeof Referrer>

export const Directory = Type.Object(
  {
    ...chainProperties,
    referrers: Type.Array(Referrer, { maxItems: 5_000 }),
    grantees: Type.Array(Grantee, { maxItems: 1_000 }),
  },
  { additionalProperties: false },
)
export type Directory = Static<typeof Directory>

/** A directory that a recipient may trust, with the SHA-256 of its payload in base64url. */
export type AcceptedDirectory = { directory: Directory; sha256: string }

/** Whose signature it is. */
export type Signer = { organisation: string; label: string; publicKey: Uint8Array }

/** Signs a directory with the directory key. The rules are checked by `directoryFaults`, before. */
export function signDirectory(directory: Directory, directoryKey: SecretKey): string {
  return signJws('directory+jws', directory, directoryKey)
}

/**
 * Accepts the directory that a server shows, or refuses it.
 *
 * @param keyset - an accepted keyset: its directory key must have signed
 * @param seen - the newest accepted before, or `undefined` on the first start
 * @param versionMin - the oldest that may be believed at all, whatever was seen
 * @throws Refusal `trust-invalid`, or `trust-rolled-back` for an older or a second version
 */
export function acceptDirectory(
  jws: string,
  keyset: Keyset,
  seen: Seen | undefined,
  now: Date,
  versionMin = 1,
): AcceptedDirectory {
  const { kid, publicKey } = keyset.directory
  const trusted = [{ kid, publicKey: decodeBase64url(publicKey, 32) }]
  const accepted = readDocument(jws, 'directory+jws', trusted, Directory)
  checkChain(accepted, keyset.origin, versionMin, seen, now)
  const [fault] = directoryFaults(accepted.payload)
  if (fault !== undefined) throw new Refusal('trust-invalid', fault)
  return { directory: accepted.payload, sha256: accepted.sha256 }
}

/**
 * Who signs with `kid`, if its signature counted at that moment.
 *
 * @param at - the logged time of receipt, never a time that the signer wrote
 * @returns `undefined` for an unknown key, and for one not yet, no longer, or not safely in use
 */
export function signerOf(
  referrers: readonly Referrer[],
  kid: string,
  at: Date,
): Signer | undefined {
  for (const { organisation, label, signingKeys } of referrers) {
    const key = signingKeys.find((candidate) => candidate.kid === kid)
    if (!key) continue
    const ends = [key.until, key.compromisedFrom].filter((end) => end !== undefined)
    const valid = at >= new Date(key.from) && ends.every((end) => at < new Date(end))
    return valid
      ? { organisation, label, publicKey: decodeBase64url(key.publicKey, 32) }
      : undefined
  }
  return undefined
}
