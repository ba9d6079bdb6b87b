/** One valid referral, to vary. */
import type { Referring, World } from '../../examples/ceremony.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { type Envelope, headerHash } from '../../src/protocol/envelope/envelope.ts'
import { type SealInput, sealReferral, signParts } from '../../src/protocol/envelope/seal.ts'
import type { SecretKey } from '../../src/protocol/keys.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { completeReferral } from '../../src/referral/draft.ts'

/** A referral by the law firm, sealed under the world's keyset. */
export function sealed(world: World, changes: Partial<SealInput> = {}): Envelope {
  return sealReferral({
    referral: completeReferral({ identity: { familyName: 'Okonkwo' } }),
    referralId: newId(),
    channel: 'legal_representative',
    urgency: 'standard',
    region: 'heathrow',
    keyset: { keyset: world.keyset, sha256: encodeBase64url(sha256(canonicalBytes(world.keyset))) },
    signer: world.referring.lawFirm.signing,
    now: new Date(),
    ...changes,
  })
}

/** An HTTP client with a token: enough to send anything, also what no SDK would. */
export async function callerOf(world: World, url: string, clientId: string) {
  const authorization = `Bearer ${await world.token(clientId)}`
  return async (method: string, path: string, body?: unknown, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      body: text ? JSON.parse(text) : {},
    }
  }
}

export type Call = Awaited<ReturnType<typeof callerOf>>

/** Refers once for `by`, and answers the envelope with its acknowledgement. */
export async function refer(
  { world, url }: { world: World; url: string },
  by: Referring = world.referring.lawFirm,
  changes: Partial<SealInput> = {},
) {
  const call = await callerOf(world, url, by.clientId)
  const envelope = sealed(world, { signer: by.signing, ...changes })
  const answer = await call('PUT', `/v1/referrals/${envelope.header.referralId}`, envelope)
  if (answer.status !== 201) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
  return { envelope, referralId: envelope.header.referralId, acknowledgement: answer.body }
}

/** Signs an envelope again in which something was exchanged, as its own sealer may. */
export function signatureOf(envelope: Envelope, signer: SecretKey): Envelope['signature'] {
  return signParts(headerHash(canonicalBytes(envelope.header)), envelope, signer)
}
