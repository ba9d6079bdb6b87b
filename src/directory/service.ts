/**
 * Organisations, clients and keys; the published keysets and directories. The service serves these
 * documents and believes them as far as its own checks go, but it is trusted with none: clients
 * verify each against keys they pinned (docs/PROTOCOL.md, "Keyset and directory").
 */

import * as audit from '../audit/service.ts'
import type { KnownCaller, Sender } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { decodeBase64url, encodeBase64url } from '../protocol/bytes.ts'
import {
  type CheckedEnvelope,
  checkRecipients,
  checkSignature,
} from '../protocol/envelope/check.ts'
import { type Directory, signerOf } from '../protocol/trust/directory.ts'
import { readPayload } from '../protocol/trust/jws.ts'
import type { Keyset, MatchingEpoch } from '../protocol/trust/keyset.ts'
import type { CompartmentName } from '../referral/compartment.ts'
import { acceptedKeysets, requireStanding } from './accepted.ts'
import { selectSignIn } from './clientkeys.ts'
import { isListed } from './newest.ts'
import { ownReferrer, publishedKeyset } from './published.ts'
import {
  isDirectoryKey,
  selectClient,
  selectKeyset,
  selectKeysetStanding,
  selectNewestDirectory,
  selectNewestDirectoryHash,
  selectNewestKeyset,
  selectNewestVersion,
} from './store.ts'

export {
  listedReader,
  logKeys,
  matchingEpochs,
  ownSigner,
  publishedKeysets,
  recipientEverSigning,
  recipientSigning,
  requireMatching,
  requireMessageSealed,
  requireNoteSealed,
  requireNoteWriter,
} from './newest.ts'

/** Refuses an envelope that the published documents do not allow to be stored. */
export async function requireSealable(
  tx: Tx,
  sender: Sender,
  checked: CheckedEnvelope,
): Promise<void> {
  const { header } = checked
  const standing = await selectKeysetStanding(tx, header.keyset.version)
  requireStanding(header.keyset, standing, tx.now)
  const own = sender.kind === 'organisation' ? sender.id : undefined
  const [{ keyset, retired }, referrer] = await Promise.all([
    publishedKeyset(tx, header.keyset.version),
    own === undefined ? undefined : ownReferrer(tx, standing?.directory, own),
  ])
  checkRecipients(header, keyset, retired)
  requireEpoch(checked, keyset)
  if (sender.kind === 'receipt') return requireReceiptSigned(tx, checked)
  const signer = referrer && signerOf([referrer], header.signer, tx.now)
  if (!signer) {
    throw new Refusal('unknown-signer', 'header.signer is no current key of your organisation')
  }
  checkSignature(checked, signer.publicKey)
}

/** Signed by the key that came with it, and by no key of the directory: it would be taken for an organisation's. */
async function requireReceiptSigned(tx: Tx, checked: CheckedEnvelope): Promise<void> {
  const { replyTo, signer } = checked.header
  if (!replyTo) throw new Refusal('unknown-signer', 'the header has no replyTo, whose key signs')
  checkSignature(checked, decodeBase64url(replyTo.signingKey, 32))
  if (await isDirectoryKey(tx, signer)) {
    throw new Refusal('unknown-signer', "header.signer is an organisation's key, not a receipt's")
  }
}

/** The compartments that a referral sealed under this version lets `kid` open. */
export async function compartmentsOf(
  tx: Tx,
  version: number,
  kid: string,
): Promise<readonly CompartmentName[]> {
  const { keyset } = await publishedKeyset(tx, version)
  return keyset.recipients.find((recipient) => recipient.kid === kid)?.compartments ?? []
}

/** What was sealed to a recipient key, by the version of each keyset that was ever published. */
export async function everSealedTo(
  tx: Tx,
  kid: string,
): Promise<Readonly<Record<number, readonly CompartmentName[]>>> {
  const sealed: Record<number, readonly CompartmentName[]> = {}
  for (let version = (await selectNewestVersion(tx)) ?? 0; version >= 1; version -= 1) {
    sealed[version] = await compartmentsOf(tx, version, kid)
  }
  return sealed
}

/** What the recipients of a published keyset are called there, by kid. */
export async function recipientLabels(
  tx: Tx,
  version: number,
): Promise<ReadonlyMap<string, string>> {
  const { keyset } = await publishedKeyset(tx, version)
  return new Map(keyset.recipients.map(({ kid, label }) => [kid, label]))
}

/** The newest keyset, or that version, with the newest directory's SHA-256. */
export async function serveKeyset(tx: Tx, version?: number) {
  const [keyset, directorySha256] = await Promise.all([
    version === undefined ? selectNewestKeyset(tx) : selectKeyset(tx, version),
    selectNewestDirectoryHash(tx),
  ])
  if (!keyset) throw new Refusal('not-found', 'no such keyset is published')
  return {
    version: keyset.version,
    keyset: keyset.jws,
    ...(directorySha256 && { directorySha256: encodeBase64url(directorySha256) }),
  }
}

/** The newest directory. It names partners and volunteers, so that reading it is logged. */
export async function serveDirectory(tx: Tx) {
  const newest = await selectNewestDirectory(tx)
  if (!newest) throw new Refusal('not-found', 'no directory is published')
  const object = { kind: 'directory', id: String(newest.version) } as const
  await audit.append(tx, { action: 'directory.read', object })
  return { directory: newest.jws }
}

/** Whose key it is, in base64url. */
export type SigningKeyOf = { readonly organisation: string; readonly publicKey: string }

/** The keys that organisations sign referrals with, by kid, those that have ended too. */
export async function signingKeysOf(tx: Tx): Promise<ReadonlyMap<string, SigningKeyOf>> {
  const newest = await selectNewestDirectory(tx)
  const { referrers } = newest ? readPayload<Directory>(newest.jws) : { referrers: [] }
  const keys = referrers.flatMap(({ organisation, signingKeys }) =>
    signingKeys.map(({ kid, publicKey }) => [kid, { organisation, publicKey }] as const),
  )
  return new Map(keys)
}

/** The client a token names, or `undefined`. Asked by `access` on each request. */
export function findClient(tx: Tx, id: string) {
  return selectClient(tx, id)
}

/**
 * Does what waited since its caller was let in, and asks in the same turn whether that still holds.
 *
 * @throws Refusal `caller-disabled` if the client was disabled since
 */
export async function whileEnabled<T>(tx: Tx<KnownCaller>, act: () => Promise<T>): Promise<T> {
  // Both to their end: a statement that was sent late would find the transaction over.
  const [asked, acted] = await Promise.allSettled([selectClient(tx, tx.caller.clientId), act()])
  if (asked.status === 'rejected') throw asked.reason
  if (!asked.value || asked.value.disabled) {
    throw new Refusal('caller-disabled', 'this client was disabled while it waited')
  }
  if (acted.status === 'rejected') throw acted.reason
  return acted.value
}

/** What a client that is not disabled signs in with, and for which scopes. Asked for each token. */
export function findSignIn(tx: Tx, id: string) {
  return selectSignIn(tx, id)
}

/**
 * The parameters of a matching epoch that clients may still use: one of the newest keyset, or of the
 * one before it while that is accepted. `undefined` for any other.
 */
export async function matchingEpoch(tx: Tx, epoch: number): Promise<MatchingEpoch | undefined> {
  const listed = (await acceptedKeysets(tx)).flatMap(({ matching }) => matching)
  return listed.find((it) => it.epoch === epoch)
}

function requireEpoch({ matching = [] }: CheckedEnvelope, keyset: Keyset): void {
  const epochs = new Set(matching.map(({ epoch }) => epoch))
  if (epochs.size < matching.length || !matching.every((it) => isListed(it, keyset))) {
    const detail = 'matching holds an epoch or a type that is not in the keyset named'
    throw new Refusal('unknown-matching-epoch', detail)
  }
}
