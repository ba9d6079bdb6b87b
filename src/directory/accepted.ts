/** Which published keysets may still be used: the newest, and for a while the one before it. */
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import type { Keyset } from '../protocol/keyset.ts'
import type { createDocuments } from './documents.ts'
import { selectKeysetStanding, selectNewestVersion } from './store.ts'

/** The version before the newest is still sealed to by clients that have not looked since. */
const previousAcceptedDays = 30
const dayMs = 86_400_000

export type Standing = NonNullable<Awaited<ReturnType<typeof selectKeysetStanding>>>

/** Why nothing may be made under that version any more; `undefined` if it may. */
export function faultOf(standing: Standing, version: number, now: Date): Refusal | undefined {
  if (standing.revoked) return new Refusal('keyset-revoked', `keyset ${version} is revoked`)
  const behind = standing.newest - version
  const days = (now.getTime() - standing.newestPublishedAt.getTime()) / dayMs
  if (behind < 1 || (behind === 1 && days <= previousAcceptedDays)) return undefined
  return new Refusal(
    'keyset-superseded',
    `keyset ${version} was superseded; keyset ${standing.newest} is the newest`,
  )
}

/** The keysets that clients may still use, the newest first; none before the first is published. */
export async function acceptedKeysets(
  documents: ReturnType<typeof createDocuments>,
  tx: Tx,
): Promise<Keyset[]> {
  const version = await selectNewestVersion(tx)
  if (version === undefined) return []
  const newest = (await documents.keyset(tx, version)).keyset
  const before = version - 1
  const standing = before > 0 ? await selectKeysetStanding(tx, before) : undefined
  if (!standing || faultOf(standing, before, tx.now)) return [newest]
  return [newest, (await documents.keyset(tx, before)).keyset]
}
