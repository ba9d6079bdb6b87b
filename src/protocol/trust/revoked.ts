/**
 * What was sealed to, or signed by, a key that a later keyset revokes (docs/PROTOCOL.md, "Keyset and
 * directory"). It is shown, because what was written honestly before stays true, with a problem beside
 * it, because whoever has the key reads it and can sign like it, and only the host says when it was sent.
 */
import type { Problem } from '../../referral/problems.ts'
import { decodeBase64url } from '../bytes.ts'
import { kidOf } from '../kid.ts'
import type { Keyset, Recipient } from './keyset.ts'

type Chain = ReadonlyMap<string, Keyset>

/** What a header names that a later keyset revokes: its keyset, and keys that it is sealed to. */
export function revokedProblems(
  { keyset: { version }, sealedTo }: { keyset: { version: number }; sealedTo: readonly string[] },
  keysets: Chain,
): Problem[] {
  const by = revokerOf(version, keysets)
  const sealed = sealedTo.flatMap((kid) => {
    const revoker = keyRevokedBy((recipient) => recipient.kid === kid, keysets)
    if (revoker === undefined) return []
    const detail = `names ${kid}, a key that keyset ${revoker} revokes: whoever has it can read this.`
    return [{ pointer: '/header/sealedTo', detail }]
  })
  if (by === undefined) return sealed
  const detail = `is version ${version}, which keyset ${by} revokes.`
  return [{ pointer: '/header/keyset', detail }, ...sealed]
}

/** That a recipient's signing key is revoked, beside the place which names it; else nothing. */
export function revokedSigner(kid: string, pointer: string, keysets: Chain): Problem[] {
  const by = keyRevokedBy(({ signingKey }) => {
    return kidOf('Ed25519', decodeBase64url(signingKey, 32)) === kid
  }, keysets)
  if (by === undefined) return []
  const detail = `is ${kid}, a key that keyset ${by} revokes: whoever has it can sign this.`
  return [{ pointer, detail }]
}

/**
 * The first keyset that revokes a key: it revokes the last one that lists it. A key that is listed
 * still is none of those that were lost, and one that left without being revoked was only retired.
 */
function keyRevokedBy(isIt: (recipient: Recipient) => boolean, keysets: Chain): number | undefined {
  const listing = [...keysets.values()].filter(({ recipients }) => recipients.some(isIt))
  return revokerOf(Math.max(...listing.map(({ version }) => version)), keysets)
}

function revokerOf(revoked: number, keysets: Chain): number | undefined {
  const revoking = [...keysets.values()].filter(({ revokes }) => revokes.includes(revoked))
  return revoking.length === 0 ? undefined : Math.min(...revoking.map(({ version }) => version))
}
