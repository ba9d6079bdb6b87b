/** The referral that a message answers, for either of its two sides. */
import { type KnownCaller, type SendingCaller, senderOf } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import type { SignedParts } from '../protocol/envelope/signed.ts'
import type { ShownState } from '../referral/codes/state.ts'
import type { Header } from '../referral/header.ts'
import { erasedOn } from './naming.ts'
import { isFrom } from './sender.ts'
import { type ShownRow, type SignedRow, selectShown, selectSigned } from './signed-store.ts'
import { selectOpened } from './store.ts'

/** A referral as it was signed. */
export type SignedReferral = {
  readonly referralId: string
  readonly state: ShownState
  readonly envelopeHash: Uint8Array
  readonly parts: SignedParts
}

/**
 * A referral that the caller sent, by its id or reference; `undefined` for any other.
 *
 * @throws Refusal `erased`: what was signed of it is gone
 */
export async function signedByOwn(
  tx: Tx<SendingCaller>,
  name: string,
): Promise<SignedReferral | undefined> {
  const row = await selectSigned(tx, namedBy(name))
  requireUnerased(row)
  return row && isFrom(row, senderOf(tx.caller)) ? present(row) : undefined
}

/** Asked of one that was there, by who would add to it, at this statement. @throws Refusal `erased` */
export async function requireStanding(tx: Tx, id: string): Promise<void> {
  requireUnerased(await selectShown(tx, id))
}

/** The policy shows of what was erased only the caller's own; with a receipt, by its mark. */
function requireUnerased(row: ShownRow | undefined): void {
  if (row?.state === 'erased') throw erasedOn(row.id, row.shownAt)
}

/** A referral of which there is a wrap for `kid`; `undefined` for any other. */
export async function signedFor(
  tx: Tx<KnownCaller>,
  name: string,
  kid: string,
): Promise<SignedReferral | undefined> {
  const row = await selectSigned(tx, namedBy(name))
  const [opened] = row ? await selectOpened(tx, [row.id], [kid]) : []
  return row && opened !== undefined ? present(row) : undefined
}

function namedBy(name: string) {
  return isReferenceForm(name) ? { reference: name } : { id: name }
}

function present(row: SignedRow): SignedReferral {
  const { id: referralId, state, envelopeHash, matchingHash, receiptHash } = row
  return {
    ...{ referralId, state, envelopeHash },
    parts: {
      header: parseCanonical(row.header) as Header,
      sealedHashes: parseCanonical(row.sealedHashes) as SignedParts['sealedHashes'],
      wrapHashes: parseCanonical(row.wrapHashes) as Record<string, string>,
      ...(matchingHash && { matchingHash: encodeBase64url(matchingHash) }),
      ...(receiptHash && { receipt: encodeBase64url(receiptHash) }),
      signature: { kid: row.signer, value: encodeBase64url(row.signature) },
    },
  }
}
