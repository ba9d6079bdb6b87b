/**
 * Grants: the keys of a referral, re-wrapped to one more reader (docs/PROTOCOL.md, "Grants").
 * The server cannot make one, for it has no keys; and a wrap without the
 * signature of one who may grant is refused by the one it is for.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import type { CompartmentName } from '../../referral/compartment.ts'
import { base64urlOf, Instant, Kid } from '../../referral/format.ts'
import { Compartments } from '../../referral/header.ts'
import { concat, decodeBase64url, encodeBase64url, label } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import { type Wrap, wrapHash } from '../envelope/envelope.ts'
import type { SecretKey } from '../keys.ts'
import { kidOf } from '../kid.ts'
import { sign, verify } from '../signature.ts'
import { hash } from '../sodium.ts'
import type { Keyset } from '../trust/keyset.ts'

/** Who was given what, by whom, when; `value` is the granter's signature. */
export const Grant = Type.Object(
  {
    kid: Kid,
    compartments: Compartments,
    grantedBy: Kid,
    at: Instant,
    until: Type.Optional({ ...Instant, description: 'The grantee opens nothing from then on' }),
    value: base64urlOf(64),
  },
  { additionalProperties: false },
)
export type Grant = Static<typeof Grant>

/** What a grant is for: a referral, by its id and the hash of its header, and the wrap that is given. */
export type Granted = { referralId: string; headerHash: Uint8Array; wrap: Wrap }

/** What is given, and until when; without an end if `until` is left out. */
export type Terms = { compartments: readonly CompartmentName[]; until?: Date | undefined }

/** Signs a grant of `compartments` to the reader of the wrap, with the granter's Ed25519 key. */
export function signGrant(
  granted: Granted,
  { compartments, until }: Pick<Terms, 'compartments' | 'until'>,
  granter: SecretKey,
  now: Date,
): Grant {
  const unsigned = {
    kid: granted.wrap.kid,
    compartments: [...compartments],
    grantedBy: granter.kid,
    at: now.toISOString(),
    ...(until && { until: until.toISOString() }),
  }
  const value = sign(granter.secretKey, grantBytes(granted, unsigned))
  return { ...unsigned, value: encodeBase64url(value) }
}

/** Whether the holder of `publicKey`, whom `grant.grantedBy` names, gave exactly this. */
export function grantVerifies(granted: Granted, grant: Grant, publicKey: Uint8Array): boolean {
  return verify(publicKey, grantBytes(granted, grant), decodeBase64url(grant.value, 64))
}

/**
 * The signing key of the recipient who gave a grant: only recipients grant, and only what they hold.
 *
 * @param keysets - the accepted keyset and those before it: an old grant stands when its giver left
 */
export function granterOf(
  { grantedBy, compartments }: Grant,
  keysets: ReadonlyMap<string, Keyset>,
): Uint8Array | undefined {
  for (const { recipients } of keysets.values()) {
    for (const recipient of recipients) {
      const publicKey = decodeBase64url(recipient.signingKey, 32)
      const holds = compartments.every((name) => recipient.compartments.includes(name))
      if (holds && kidOf('Ed25519', publicKey) === grantedBy) return publicKey
    }
  }
  return undefined
}

/** When a grant ended, if it has. The service may go on releasing: that it stops is only its word. */
export function endedAt({ until }: Pick<Grant, 'until'>, now: Date): string | undefined {
  // Not turned round: an end that is no moment (a leap second) has come.
  return until === undefined || now.getTime() < Date.parse(until) ? undefined : until
}

function grantBytes(
  { referralId, headerHash, wrap }: Granted,
  { kid, compartments, grantedBy, at, until }: Omit<Grant, 'value'>,
): Uint8Array {
  const statement = {
    referralId,
    headerHash: encodeBase64url(headerHash),
    kid,
    compartments,
    wrap: wrapHash(wrap),
    grantedBy,
    at,
    ...(until !== undefined && { until }),
  }
  return concat(label('grant'), hash(label('grant statement'), canonicalBytes(statement)))
}
