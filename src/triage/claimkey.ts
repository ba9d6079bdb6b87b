/**
 * Claims under an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07): whoever lost the answer sends
 * the same request again, and gets the same items with the same fences, as far as it holds them still. Nothing is
 * leased twice, and no lease runs out unseen.
 *
 * Of the key and the request only hashes are kept, and no longer than the leases would last. A claim that got
 * nothing is not kept: there is nothing to lose.
 */
import type { Static } from 'typebox'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { equalBytes, label, utf8 } from '../protocol/bytes.ts'
import { canonicalBytes } from '../protocol/canonical.ts'
import { hash } from '../protocol/sodium.ts'
import type { ClaimRequest } from './schemas.ts'
import type { ItemRow } from './store/claim.ts'
import { insertKey, lockKey, selectKey, selectStillHeld } from './store/claimkey.ts'

/** What is asked for: how long the answer may wait is no part of it. */
export type Asked = Omit<Static<typeof ClaimRequest>, 'waitSeconds'>

/**
 * What the caller got by this request before, and holds still; `undefined` if it is the first under this key. A
 * second that is sent meanwhile waits for the first.
 *
 * @throws Refusal `idempotency-key-reused` if the key was for another request
 */
export async function claimedBefore(
  tx: Tx<KnownCaller>,
  key: string,
  request: Asked,
): Promise<ItemRow[] | undefined> {
  const named = keyOf(tx, key)
  await lockKey(tx, named)
  const kept = await selectKey(tx, named)
  if (!kept) return undefined
  if (equalBytes(kept.bodyHash, hashOf(request))) return selectStillHeld(tx, named.clientId, kept)
  throw new Refusal('idempotency-key-reused', 'the Idempotency-Key was sent with another body')
}

/** Whether `claimedBefore` would find something. It waits for nobody. */
export async function isClaimed(tx: Tx, caller: KnownCaller, key: string): Promise<boolean> {
  return (await selectKey(tx, keyOf({ caller }, key))) !== undefined
}

/** Remembers what was claimed under this key, until the leases would end. */
export async function keepClaim(
  tx: Tx<KnownCaller>,
  key: string,
  request: Asked,
  items: readonly ItemRow[],
): Promise<void> {
  if (items.length === 0) return
  const [itemIds, fences] = [items.map(({ id }) => id), items.map(({ fence }) => fence)]
  const kept = { bodyHash: hashOf(request), itemIds, fences }
  await insertKey(tx, keyOf(tx, key), kept, request.leaseSeconds)
}

function keyOf({ caller }: Pick<Tx<KnownCaller>, 'caller'>, key: string) {
  return { clientId: caller.clientId, hash: hash(label('claim key'), utf8(key)) }
}

function hashOf(request: Asked): Uint8Array {
  return hash(label('claim request'), canonicalBytes(request))
}
