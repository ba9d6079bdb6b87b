/**
 * The rules that a keyset and a directory keep beyond their form (docs/PROTOCOL.md, "Keyset and
 * directory"), each answered in words. Held by the ceremony that signs, the server that publishes
 * and the client that accepts, so that no one of them alone can let a fault through.
 */
import { compartmentNames } from '../../referral/compartment.ts'
import { decodeBase64url, encodeBase64url, equalBytes } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import { isRecipientPublicKey, isSigningPublicKey } from '../keys.ts'
import { kidOf } from '../kid.ts'
import { isGroupElement, sumOf } from '../matching/ristretto.ts'
import type { Accepted } from './chain.ts'
import type { Directory } from './directory.ts'
import type { Keyset, MatchingEpoch, Recipient } from './keyset.ts'

/**
 * What is wrong with a keyset of the right form, in whole sentences; nothing if it may be signed.
 *
 * @param previous - the version before, where the caller knows it: the step between them is then
 *   checked too
 */
export function keysetFaults(keyset: Keyset, previous?: Accepted<Keyset>): string[] {
  return [
    ...dateFaults(keyset),
    ...keyFaults(keyset),
    ...holderFaults(keyset.recipients),
    ...keyset.matching.flatMap(matchingFaults),
    ...(previous ? epochFaults(keyset.matching, previous.payload.matching) : []),
    ...keyset.revokes
      .filter((version) => version >= keyset.version)
      .map((version) => `Version ${version} is not older and cannot be revoked.`),
    ...(keyset.log.quorum > keyset.log.witnesses.length
      ? ['The log asks for more cosignatures than it has witnesses.']
      : []),
    ...chainFaults(keyset, previous),
  ]
}

/** As `keysetFaults`, for a directory. */
export function directoryFaults(directory: Directory, previous?: Accepted<Directory>): string[] {
  const signers = directory.referrers.flatMap(({ signingKeys }) => signingKeys)
  return [
    ...signers.flatMap(({ kid, publicKey }) => signingKeyFaults(kid, publicKey)),
    ...directory.grantees.flatMap(recipientKeyFaults),
    ...repeats(
      [
        ...signers.map(({ publicKey }) => publicKey),
        ...directory.grantees.map((g) => g.signingKey),
      ],
      'signing key',
    ),
    ...repeats(
      directory.grantees.map((grantee) => grantee.kid),
      'grantee',
    ),
    ...repeats(
      directory.referrers.map(({ organisation }) => organisation),
      'organisation',
    ),
    ...chainFaults(directory, previous),
  ]
}

function dateFaults({ issuedAt, refreshBy, expiresAt }: Keyset): string[] {
  const latest = new Date(issuedAt)
  latest.setUTCMonth(latest.getUTCMonth() + 13)
  const refreshLatest = Date.parse(expiresAt) - 30 * 24 * 3_600_000
  const faults: string[] = []
  if (Date.parse(expiresAt) <= Date.parse(issuedAt)) faults.push('It expires before it is issued.')
  if (Date.parse(expiresAt) > latest.getTime()) faults.push('It is valid for over 13 months.')
  if (Date.parse(refreshBy) > refreshLatest) {
    faults.push('refreshBy is less than 30 days before expiresAt.')
  }
  return faults
}

function keyFaults({ roots, directory, recipients, log, matching }: Keyset): string[] {
  const signingKeys = [
    ...roots,
    directory.publicKey,
    ...recipients.map(({ signingKey }) => signingKey),
    ...log.publicKeys,
  ]
  return [
    ...[...roots, ...log.publicKeys].flatMap((key) => signingPointFaults(key)),
    ...signingKeyFaults(directory.kid, directory.publicKey),
    ...recipients.flatMap(recipientKeyFaults),
    ...repeats(signingKeys, 'signing key'),
    ...repeats(
      recipients.map(({ kid }) => kid),
      'recipient',
    ),
    ...repeats(
      matching.map(({ epoch }) => String(epoch)),
      'matching epoch',
    ),
  ]
}

function holderFaults(recipients: readonly Recipient[]): string[] {
  const required = recipients.filter((recipient) => recipient.required)
  const faults = recipients
    .filter((recipient) => recipient.recovery && !recipient.required)
    .map(({ kid }) => `The recovery key ${kid} is not required.`)
  for (const name of compartmentNames) {
    const holders = required.filter(({ compartments }) => compartments.includes(name))
    if (holders.length < 2) faults.push(`${name} is held by fewer than two required recipients.`)
    if (!holders.some(({ recovery }) => recovery)) faults.push(`${name} has no recovery key.`)
  }
  return faults
}

function matchingFaults({ epoch, holders, publicKey }: MatchingEpoch): string[] {
  const points = holders.map((holder) => decodeBase64url(holder, 32))
  if (!points.every(isGroupElement)) {
    return [`A holder of matching epoch ${epoch} has no valid public key.`]
  }
  const sum = sumOf(points)
  return isGroupElement(sum) && encodeBase64url(sum) === publicKey
    ? []
    : [`The public key of matching epoch ${epoch} is not the sum of its holders' keys.`]
}

/** A number means the same key and parameters for ever: values are compared by it. */
function epochFaults(next: readonly MatchingEpoch[], previous: readonly MatchingEpoch[]): string[] {
  const newest = Math.max(0, ...previous.map(({ epoch }) => epoch))
  return next.flatMap((entry) => {
    const before = previous.find(({ epoch }) => epoch === entry.epoch)
    if (!before) {
      const follows = entry.epoch > newest
      return follows ? [] : [`Matching epoch ${entry.epoch} is not newer than epoch ${newest}.`]
    }
    const stays = equalBytes(canonicalBytes(entry), canonicalBytes(before))
    return stays ? [] : [`Matching epoch ${entry.epoch} is not what it was: give it a new number.`]
  })
}

function recipientKeyFaults(key: Pick<Recipient, 'kid' | 'publicKey' | 'signingKey'>): string[] {
  const publicKey = decodeBase64url(key.publicKey, 1216)
  const faults = signingPointFaults(key.signingKey)
  if (kidOf('X-Wing', publicKey) !== key.kid) faults.push(`${key.kid} is not the id of its key.`)
  if (!isRecipientPublicKey(publicKey)) faults.push(`${key.kid} is not a valid X-Wing key.`)
  return faults
}

function signingKeyFaults(kid: string, publicKey: string): string[] {
  const faults = signingPointFaults(publicKey)
  if (kidOf('Ed25519', decodeBase64url(publicKey, 32)) !== kid) {
    faults.push(`${kid} is not the id of its key.`)
  }
  return faults
}

function signingPointFaults(publicKey: string): string[] {
  const bytes = decodeBase64url(publicKey, 32)
  return isSigningPublicKey(bytes) ? [] : [`${kidOf('Ed25519', bytes)} is not a valid Ed25519 key.`]
}

function repeats(values: readonly string[], what: string): string[] {
  return new Set(values).size === values.length ? [] : [`A ${what} stands in it twice.`]
}

type Link = Pick<Keyset, 'origin' | 'version' | 'issuedAt'> & { previous?: string }

function chainFaults(link: Link, previous?: Accepted<Link>): string[] {
  if (link.version === 1) return link.previous === undefined ? [] : ['Version 1 follows nothing.']
  if (link.previous === undefined) return ['It does not name the version it follows.']
  if (!previous) return []
  const faults: string[] = []
  if (link.version !== previous.payload.version + 1) faults.push('It leaves out a version.')
  if (link.previous !== previous.sha256) faults.push('It follows another document.')
  if (link.origin !== previous.payload.origin) faults.push('It is for another origin.')
  if (Date.parse(link.issuedAt) < Date.parse(previous.payload.issuedAt)) {
    faults.push('It is issued before the version it follows.')
  }
  return faults
}
