/** The referral that a message answers, for either of its two sides. */
import { type KnownCaller, type SendingCaller, senderOf } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { parseCanonical } from '../protocol/canonical.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import type { SignedParts } from '../protocol/envelope/signed.ts'
import type { ShownState } from '../referral/codes/state.ts'
import type { Header } from '../referral/header.ts'
import { isFrom } from './sender.ts'
import { type SignedRow, selectSigned } from './signed-store.ts'
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
 * @throws Refusal `state-refused` for one that was erased: what was signed of it is gone
 */
export async function signedByOwn(
  tx: Tx<SendingCaller>,
  name: string,
): Promise<SignedReferral | undefined> {
  const row = await selectSigned(tx, namedBy(name))
  if (!row || !isFrom(row, senderOf(tx.caller))) return undefined
  if (row.state === 'erased') {
    throw new Refusal('state-refused', `the referral ${row.id} was erased`)
  }
  return present(row)
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
