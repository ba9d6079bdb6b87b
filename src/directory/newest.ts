/** What other features ask of the keysets in use. */
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { checkRecipients, checkRequiredOnly } from '../protocol/envelope/check.ts'
import { checkMessageSealed } from '../protocol/messages/check.ts'
import type { MessageHeader } from '../protocol/messages/message.ts'
import { type Directory, signerOf } from '../protocol/trust/directory.ts'
import { readPayload } from '../protocol/trust/jws.ts'
import {
  type Keyset,
  type Recipient,
  recipientThatSigns,
  requiredKids,
} from '../protocol/trust/keyset.ts'
import type { CompartmentName } from '../referral/compartment.ts'
import type { Header } from '../referral/header.ts'
import { acceptedKeysets, requirePublished, requireStanding } from './accepted.ts'
import { ownReferrer, publishedKeyset } from './published.ts'
import { selectKeysetStanding, selectNewestDirectory, selectNewestVersion } from './store.ts'

type EpochValues = {
  readonly epoch: number
  readonly values: readonly { readonly type: string }[]
}

/**
 * Whether a keyset lists the epoch of these match values, and the epoch each of their types. What it
 * leaves out a deployment does not want to hold, for names could be guessed from it.
 */
export function isListed({ epoch, values }: EpochValues, keyset: Keyset): boolean {
  const types = keyset.matching.find((listed) => listed.epoch === epoch)?.types
  return types !== undefined && values.every(({ type }) => types.includes(type))
}

/** The epochs of match keys that the newest keyset lists, the newest first. */
export async function matchingEpochs(tx: Tx): Promise<number[]> {
  const { matching } = (await newestKeyset(tx)) ?? { matching: [] }
  return matching.map(({ epoch }) => epoch).sort((a, b) => b - a)
}

/**
 * Refuses match values that nobody makes under the newest keyset.
 *
 * @throws Refusal `unknown-matching-epoch`
 */
export async function requireMatching(tx: Tx, matching: EpochValues): Promise<void> {
  const keyset = await newestKeyset(tx)
  if (keyset && isListed(matching, keyset)) return
  const detail = 'the newest keyset lists no such epoch, or the epoch not all of these types'
  throw new Refusal('unknown-matching-epoch', detail)
}

/** The recipient of an accepted keyset that signs with the key `kid`; the newest has the last word. */
export async function recipientSigning(tx: Tx, kid: string): Promise<Recipient | undefined> {
  const keysets = await acceptedKeysets(tx)
  return recipientThatSigns({ recipients: keysets.flatMap(({ recipients }) => recipients) }, kid)
}

/**
 * The recipient of any published keyset that signs with the key `kid`, as the newest of them lists it: a key that has
 * left may still pass on what it holds.
 */
export async function recipientEverSigning(tx: Tx, kid: string): Promise<Recipient | undefined> {
  const newest = (await selectNewestVersion(tx)) ?? 0
  for (let version = newest; version >= 1; version -= 1) {
    const { keyset } = await publishedKeyset(tx, version)
    const recipient = recipientThatSigns(keyset, kid)
    if (recipient) return recipient
  }
  return undefined
}

/** All keysets that were ever published, by version. */
export async function publishedKeysets(tx: Tx): Promise<ReadonlyMap<string, Keyset>> {
  const keysets = new Map<string, Keyset>()
  for (let version = (await selectNewestVersion(tx)) ?? 0; version >= 1; version -= 1) {
    keysets.set(String(version), (await publishedKeyset(tx, version)).keyset)
  }
  return keysets
}

/** Somebody to whom recipients may grant: what it may have, and until when it is listed, if that ends. */
export type ListedReader = {
  readonly compartments: readonly CompartmentName[]
  readonly until?: string | undefined
}

/** The recipient of the newest keyset, or grantee of the newest directory, with the key `kid`. */
export async function listedReader(tx: Tx, kid: string): Promise<ListedReader | undefined> {
  const listed = (await newestKeyset(tx))?.recipients.find((recipient) => recipient.kid === kid)
  if (listed) return { compartments: listed.compartments }
  const newest = await selectNewestDirectory(tx)
  const { grantees } = newest ? readPayload<Directory>(newest.jws) : { grantees: [] }
  return grantees.find((grantee) => grantee.kid === kid)
}

/**
 * The recipient that wrote a note or a message, of the very keyset that it names: no reader looks in another.
 *
 * @throws Refusal `unknown-keyset`, `unknown-signer`
 */
export async function requireNoteWriter(
  tx: Tx,
  header: Pick<MessageHeader, 'keyset' | 'signer'>,
): Promise<Recipient> {
  const { version } = header.keyset
  requirePublished(header.keyset, await selectKeysetStanding(tx, version))
  const { keyset } = await publishedKeyset(tx, version)
  const recipient = recipientThatSigns(keyset, header.signer)
  if (recipient) return recipient
  const detail = `header.signer is no recipient of keyset ${version}, which it names`
  throw new Refusal('unknown-signer', detail)
}

/**
 * Refuses a note that is not sealed to all who must be able to read it, and to nobody else.
 *
 * @throws Refusal as `requireStanding`, `checkRecipients` and `checkRequiredOnly`; `keyset-superseded` also where the newest
 *   keyset has other readers
 */
export async function requireNoteSealed(
  tx: Tx,
  header: Pick<MessageHeader, 'keyset' | 'sealedTo'>,
): Promise<void> {
  const { keyset, retired } = await keysetOfNote(tx, header)
  checkRecipients(header, keyset, retired)
  checkRequiredOnly(header, keyset)
}

/**
 * Refuses a message that is not sealed to all who must be able to read it, and to nobody else.
 *
 * @param referral - the header of what it answers
 * @throws Refusal as `requireStanding` and `checkMessageSealed`; `keyset-superseded` also where the newest keyset has
 *   other readers
 */
export async function requireMessageSealed(
  tx: Tx,
  header: Pick<MessageHeader, 'keyset' | 'sealedTo' | 'from'>,
  referral: Pick<Header, 'replyTo'>,
): Promise<void> {
  const { keyset, retired } = await keysetOfNote(tx, header)
  checkMessageSealed(header, referral, keyset, retired)
}

/**
 * The keyset that a note or a message names. A referral that comes under the one before the newest is passed on to whoever
 * follows; a note or a message never is, so it is taken only if all whom the newest requires read it, and nobody who left.
 */
async function keysetOfNote(tx: Tx, { keyset: named }: Pick<MessageHeader, 'keyset'>) {
  const { version } = named
  const standing = await selectKeysetStanding(tx, version)
  requireStanding(named, standing, tx.now)
  const [published, newest] = await Promise.all([publishedKeyset(tx, version), newestKeyset(tx)])
  const readers = requiredKids(published.keyset)
  const { version: last, recipients } = newest ?? published.keyset
  const hasJoined = recipients.some(({ kid, required }) => required && !readers.includes(kid))
  const hasLeft = readers.some((reader) => recipients.every(({ kid }) => kid !== reader))
  if (!hasJoined && !hasLeft) return published
  const detail = `keyset ${version} has other readers than the newest, which is ${last}: fetch it, and seal this anew`
  throw new Refusal('keyset-superseded', detail)
}

/**
 * The key of the caller's organisation that a header names, if the directory has it today.
 *
 * @throws Refusal `unknown-keyset`
 */
export async function ownSigner(
  tx: Tx,
  organisation: string,
  { signer, keyset }: Pick<MessageHeader, 'keyset' | 'signer'>,
): Promise<Uint8Array | undefined> {
  const standing = requirePublished(keyset, await selectKeysetStanding(tx, keyset.version))
  const referrer = await ownReferrer(tx, standing.directory, organisation)
  return referrer && signerOf([referrer], signer, tx.now)?.publicKey
}

/** The keys that sign checkpoints of the access log, as the newest keyset names them; base64url. */
export async function logKeys(tx: Tx): Promise<readonly string[]> {
  return (await newestKeyset(tx))?.log.publicKeys ?? []
}

async function newestKeyset(tx: Tx): Promise<Keyset | undefined> {
  const version = await selectNewestVersion(tx)
  return version === undefined ? undefined : (await publishedKeyset(tx, version)).keyset
}
