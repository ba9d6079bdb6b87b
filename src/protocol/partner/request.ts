/**
 * Bringing a partner in: the partner's request, and what it is given in return. Each is a block
 * (block.ts) that goes by e-mail, with a fingerprint that goes by telephone.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Refusal } from '../../errors.ts'
import { Bytes32, base64urlOf, Instant, Uuid, XWingPublicKey } from '../../referral/format.ts'
import { schemaProblems } from '../../referral/problems.ts'
import { isSafeAddress, safeOriginOf } from '../address.ts'
import { base64urlBytes, concat, decodeBase64url, encodeBase64url, label } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import { isRecipientPublicKey, isSigningPublicKey, type KeyPair } from '../keys.ts'
import { Label, organisationLabelMax } from '../label.ts'
import { sign, verify } from '../signature.ts'
import { Trust } from '../trust/keyset.ts'
import { type BlockKind, blockHash, readBlock, writeBlock } from './block.ts'
import { ClientJwk, type ClientKey, clientJwkOf } from './clientkey.ts'

const Proof = base64urlOf(64)
const Address = Type.String({ pattern: '^https?://[!-~]+$', minLength: 9, maxLength: 255 })

/** What a partner asks to be recorded. The reply key cannot sign; the signing key vouches for it. */
export const PartnerRequest = Type.Object(
  {
    v: Type.Enum([1]),
    label: Label(organisationLabelMax),
    madeAt: Instant,
    signingKey: Bytes32,
    replyKey: XWingPublicKey,
    clientKey: ClientJwk,
    proofs: Type.Object({ signing: Proof, client: Proof }, { additionalProperties: false }),
  },
  { additionalProperties: false },
)
export type PartnerRequest = Static<typeof PartnerRequest>

/** What the administrator gives back: where the service is, whom to believe, who the partner is there. */
export const PartnerAdmission = Type.Object(
  {
    v: Type.Enum([1]),
    /** The hash of the request that it answers. */
    request: Bytes32,
    label: Label(organisationLabelMax),
    url: Address,
    /** Of access tokens: what a client assertion is for, and where it goes. */
    issuer: Address,
    tokenEndpoint: Address,
    trust: Trust,
    clientId: Uuid,
  },
  { additionalProperties: false },
)
export type PartnerAdmission = Static<typeof PartnerAdmission>

/** A request of a partner with these keys, proven by each that can sign. */
export function makeRequest(
  organisation: string,
  keys: { readonly signing: KeyPair; readonly reply: KeyPair; readonly client: ClientKey },
  madeAt: Date,
): PartnerRequest {
  const { signing, reply, client } = keys
  const asked = {
    v: 1 as const,
    label: organisation,
    madeAt: madeAt.toISOString(),
    signingKey: encodeBase64url(signing.publicKey),
    replyKey: encodeBase64url(reply.publicKey),
    clientKey: clientJwkOf(client),
  }
  const proofs = {
    signing: proofOf('request', asked, signing),
    client: proofOf('request', asked, client),
  }
  return shaped(PartnerRequest, { ...asked, proofs })
}

/**
 * Reads a request, and checks that whoever wrote it has each key that it names.
 *
 * @throws Refusal `block-damaged`, or `block-unproven` for a signature that does not verify
 */
export function readRequest(text: string): PartnerRequest {
  const request = shaped(PartnerRequest, readBlock(requestKind, text))
  const { proofs, ...asked } = request
  const { signingKey, clientKey, replyKey } = request
  if (!isRecipientPublicKey(decodeBase64url(replyKey))) throw unproven('its reply key is none')
  requireProof('request', asked, signingKey, proofs.signing, 'the signing key')
  requireProof('request', asked, clientKey.x, proofs.client, 'the client key')
  return request
}

/** The text of a request. */
export function requestBlock(request: PartnerRequest): string {
  return writeBlock(requestKind, request)
}

/** The admission of the partner that made `request`. */
export function admissionOf(
  request: PartnerRequest,
  given: Omit<PartnerAdmission, 'v' | 'request' | 'label'>,
): PartnerAdmission {
  const answered = { v: 1, request: blockHash(request), label: request.label, ...given }
  return safe(shaped(PartnerAdmission, answered))
}

/** A partner's program sends its assertion there, as it stands. */
function safe(admission: PartnerAdmission): PartnerAdmission {
  const { url, issuer, tokenEndpoint } = admission
  if (safeOriginOf(url) === url && isSafeAddress(issuer) && isSafeAddress(tokenEndpoint))
    return admission
  throw new Refusal('block-damaged', 'an address is not https://, or has more than it needs')
}

/** The text of an admission. */
export function admissionBlock(admission: PartnerAdmission): string {
  return writeBlock(admissionKind, admission)
}

/**
 * Reads an admission. Nothing in it is proven: its fingerprint is what a person compares.
 *
 * @throws Refusal `block-damaged`, or `block-unproven` if it answers another request than `request`
 */
export function readAdmission(text: string, request: PartnerRequest): PartnerAdmission {
  const admission = safe(shaped(PartnerAdmission, readBlock(admissionKind, text)))
  if (admission.request === blockHash(request) && admission.label === request.label)
    return admission
  throw unproven('it answers another request than yours')
}

/** The signature of `value` under a key, for that use and no other. */
export function proofOf(
  use: string,
  value: object,
  { secretKey }: Pick<KeyPair, 'secretKey'>,
): string {
  return encodeBase64url(sign(secretKey, proven(use, value)))
}

/** @throws Refusal `block-unproven`, naming the key, if the proof is not that key's */
export function requireProof(
  use: string,
  value: object,
  publicKey: string,
  proof: string,
  whose: string,
): void {
  const key = decodeBase64url(publicKey, 32)
  const signature = base64urlBytes(proof)
  if (isSigningPublicKey(key) && signature && verify(key, proven(use, value), signature)) return
  throw unproven(`the signature of ${whose} does not verify`)
}

/** @throws Refusal `block-damaged`, naming the place and quoting nothing */
export function shaped<Schema extends Parameters<typeof schemaProblems>[0]>(
  schema: Schema,
  value: unknown,
): Static<Schema> {
  const [problem] = schemaProblems(schema, value)
  if (problem) throw new Refusal('block-damaged', `${problem.pointer || '/'} ${problem.detail}`)
  return value as Static<Schema>
}

function proven(use: string, value: object): Uint8Array {
  return concat(label(`partner ${use}`), canonicalBytes(value))
}

function unproven(detail: string): Refusal {
  return new Refusal('block-unproven', detail)
}

const requestKind: BlockKind = 'PARTNER REQUEST'
const admissionKind: BlockKind = 'PARTNER ADMISSION'
