/**
 * Whether the wraps that were granted of a referral are there as they were signed, and as the log says: none that nobody
 * gave, none that was taken away by somebody else than the log names. Pure, as soundness.ts.
 */
import { encodeBase64url } from '../protocol/bytes.ts'
import { type Grant, granterOf, grantVerifies } from '../protocol/messages/grant.ts'
import type { Keyset } from '../protocol/trust/keyset.ts'

/** A wrap that was granted, as it is stored. */
export type StoredGrant = {
  readonly grant: Grant
  readonly encapsulated: Uint8Array
  readonly sealedKeys: Uint8Array
  /** When it is withheld from, if it ends. */
  readonly endsAt: string | null
}

/** What the log says of the grants of a referral. */
type GrantsSaid = {
  /** Whether what opens each entry is there: what retention has emptied names no key. */
  readonly whole: boolean
  /** Whether what stands beside each entry is what it says. */
  readonly intact: boolean
  /** How often a wrap was given to a key, and taken from it; and when the last that was given ends, if it does. */
  readonly byKid: ReadonlyMap<
    string,
    { readonly given: number; readonly taken: number; readonly ends?: string | undefined }
  >
}

/** What is known beside the wraps. */
export type GrantsKnown = {
  /** All that were ever published. */
  readonly keysets: ReadonlyMap<string, Keyset>
  readonly said: GrantsSaid | undefined
  /** The keys that the referral was sealed to. */
  readonly sealedTo: ReadonlySet<string>
  readonly now: Date
}

/** The first thing that is wrong with the grants of one referral; nothing where all is well. */
export function faultOfGrants(
  referral: { readonly id: string; readonly headerHash: Uint8Array },
  grants: readonly StoredGrant[],
  known: GrantsKnown,
): string | undefined {
  for (const stored of grants) {
    const fault = faultOfGrant(referral, stored, known)
    if (fault !== undefined) return `grant to ${stored.grant.kid}: ${fault}`
  }
  return faultOfSaid(new Map(grants.map((stored) => [stored.grant.kid, stored])), known)
}

function faultOfGrant(
  { id: referralId, headerHash }: { readonly id: string; readonly headerHash: Uint8Array },
  { grant, encapsulated, sealedKeys, endsAt }: StoredGrant,
  { keysets }: GrantsKnown,
): string | undefined {
  const { kid, until } = grant
  const wrap = {
    kid,
    encapsulated: encodeBase64url(encapsulated),
    sealedKeys: encodeBase64url(sealedKeys),
  }
  const publicKey = granterOf(grant, keysets)
  if (!publicKey) return 'no recipient with these compartments signs with that key'
  if (!grantVerifies({ referralId, headerHash, wrap }, grant, publicKey)) {
    return 'its signature does not verify'
  }
  return timeOf(endsAt) > timeOf(until) ? 'ends_at: it is later than was signed' : undefined
}

/**
 * What the log says was given of a key, less what it says was taken away, and whether it was sealed to it, is whether
 * there is a wrap. Counted, because entries bear the time at which their transactions began, and not that of their commit.
 */
function faultOfSaid(
  grants: ReadonlyMap<string, StoredGrant>,
  { said, sealedTo, now }: GrantsKnown,
): string | undefined {
  if (said && !said.intact) return 'an entry of a grant: what stands beside it is not what it says'
  if (said && !said.whole) return undefined
  for (const [kid, { endsAt }] of grants) {
    const of = said?.byKid.get(kid)
    if (!of || of.given - of.taken + Number(sealedTo.has(kid)) !== 1) {
      return `grant to ${kid}: the log does not say that it was given`
    }
    if (timeOf(endsAt) !== timeOf(of.ends)) {
      return `grant to ${kid}: ends_at is not the one in the log`
    }
  }
  for (const [kid, { given, taken, ends }] of said?.byKid ?? []) {
    const isDue = given - taken + Number(sealedTo.has(kid)) > 0 && timeOf(ends) > now.getTime()
    if (isDue && !grants.has(kid)) {
      return `grant to ${kid}: it is missing`
    }
  }
  return undefined
}

/** Of none, later than all. */
function timeOf(end: string | null | undefined): number {
  return typeof end === 'string' ? Date.parse(end) : Number.POSITIVE_INFINITY
}
