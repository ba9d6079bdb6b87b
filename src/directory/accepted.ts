/** Which published keysets may still be used: the newest, and for a while the one before it. */
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import type { Keyset } from '../protocol/trust/keyset.ts'
import { publishedKeyset } from './published.ts'
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

type Named = { readonly version: number; readonly sha256: string }

/**
 * Refuses what names a keyset that was never published, or under which nothing may be made any more.
 *
 * @throws Refusal `unknown-keyset`, `keyset-revoked`, `keyset-superseded`
 */
export function requireStanding(named: Named, standing: Standing | undefined, now: Date): void {
  const fault = faultOf(requirePublished(named, standing), named.version, now)
  if (fault) throw fault
}

/**
 * Refuses what names a keyset that was never published.
 *
 * @throws Refusal `unknown-keyset`
 */
export function requirePublished(
  { version, sha256 }: Named,
  standing: Standing | undefined,
): Standing {
  if (!standing) throw new Refusal('unknown-keyset', `keyset ${version} was never published`)
  if (sha256 !== encodeBase64url(standing.sha256)) {
    throw new Refusal('unknown-keyset', `header.keyset.sha256 is not that of keyset ${version}`)
  }
  return standing
}

/** The keysets that clients may still use, the newest first; none before the first is published. */
export async function acceptedKeysets(tx: Tx): Promise<Keyset[]> {
  const version = await selectNewestVersion(tx)
  if (version === undefined) return []
  const newest = (await publishedKeyset(tx, version)).keyset
  const before = version - 1
  const standing = before > 0 ? await selectKeysetStanding(tx, before) : undefined
  if (!standing || faultOf(standing, before, tx.now)) return [newest]
  return [newest, (await publishedKeyset(tx, before)).keyset]
}
