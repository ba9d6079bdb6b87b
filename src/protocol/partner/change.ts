/**
 * A partner's change of keys: the new ones, signed by those on record and by themselves. Whoever has
 * neither old key can make none; whoever stole both could, which is why its fingerprint is read aloud.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Bytes32, base64urlOf, Instant, Kid, Uuid } from '../../referral/format.ts'
import { encodeBase64url } from '../bytes.ts'
import type { KeyPair } from '../keys.ts'
import { readBlock, writeBlock } from './block.ts'
import { ClientJwk, type ClientKey, clientJwkOf } from './clientkey.ts'
import { proofOf, requireProof, shaped } from './request.ts'

const Proof = base64urlOf(64)

export const PartnerKeyChange = Type.Object(
  {
    v: Type.Enum([1]),
    clientId: Uuid,
    madeAt: Instant,
    /** The ids of the keys that are on record. */
    old: Type.Object({ signing: Kid, client: Bytes32 }, { additionalProperties: false }),
    signingKey: Bytes32,
    clientKey: ClientJwk,
    proofs: Type.Object(
      { oldSigning: Proof, oldClient: Proof, signing: Proof, client: Proof },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)
export type PartnerKeyChange = Static<typeof PartnerKeyChange>

type Keys = { readonly signing: KeyPair; readonly client: ClientKey }

const kind = 'PARTNER KEY CHANGE'
const use = 'key change'

/** The change from the keys `old` to the keys `next` of one client. */
export function makeChange(
  clientId: string,
  old: Keys,
  next: Keys,
  madeAt: Date,
): PartnerKeyChange {
  const change = {
    v: 1 as const,
    clientId,
    madeAt: madeAt.toISOString(),
    old: { signing: old.signing.kid, client: old.client.kid },
    signingKey: encodeBase64url(next.signing.publicKey),
    clientKey: clientJwkOf(next.client),
  }
  const proofs = {
    oldSigning: proofOf(use, change, old.signing),
    oldClient: proofOf(use, change, old.client),
    signing: proofOf(use, change, next.signing),
    client: proofOf(use, change, next.client),
  }
  return { ...change, proofs }
}

/** The text of a change. */
export function changeBlock(change: PartnerKeyChange): string {
  return writeBlock(kind, change)
}

/**
 * Reads a change, and checks that whoever wrote it has the new keys. Whether the old ones signed it
 * only their record can tell: `requireOldKeys`.
 *
 * @throws Refusal `block-damaged`, `block-unproven`
 */
export function readChange(text: string): PartnerKeyChange {
  const change = shaped(PartnerKeyChange, readBlock(kind, text))
  const { proofs, ...changed } = change
  requireProof(use, changed, change.signingKey, proofs.signing, 'the new signing key')
  requireProof(use, changed, change.clientKey.x, proofs.client, 'the new client key')
  return change
}

/** @throws Refusal `block-unproven` unless both keys that are on record signed the change */
export function requireOldKeys(
  change: PartnerKeyChange,
  recorded: { readonly signingKey: string; readonly clientKey: ClientJwk },
): void {
  const { proofs, ...changed } = change
  requireProof(use, changed, recorded.signingKey, proofs.oldSigning, 'the old signing key')
  requireProof(use, changed, recorded.clientKey.x, proofs.oldClient, 'the old client key')
}
