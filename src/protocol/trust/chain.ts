/**
 * What the keyset and the directory have in common (docs/PROTOCOL.md, "Keyset and directory"): both
 * are signed, and numbered in a chain in which each names the hash of the one before. An attacker
 * who holds the server can withhold a newer document, but not show an older one to a client that
 * saw the newer.
 */
import type { Static, TSchema } from 'typebox'
import * as Type from 'typebox'
import { Refusal } from '../../errors.ts'
import { Bytes32, Instant, Origin } from '../../referral/format.ts'
import { schemaProblems } from '../../referral/problems.ts'
import { encodeBase64url } from '../bytes.ts'
import { sha256 } from '../sodium.ts'
import { type DocumentType, payloadBytes, payloadValue, type TrustedKey, verifyJws } from './jws.ts'

/** The properties by which a document has its place in the chain. */
export const chainProperties = {
  origin: Origin,
  version: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  previous: Type.Optional({
    ...Bytes32,
    description: 'SHA-256 of the payload of the version before; version 1 has none',
  }),
  issuedAt: Instant,
}

/** The newest document a client has accepted: what it remembers from one start to the next. */
export type Seen = { version: number; sha256: string }

/** A document that was accepted, with the SHA-256 of its payload in base64url. */
export type Accepted<Payload> = { payload: Payload; sha256: string }

const ChainLink = Type.Object(chainProperties)
type ChainLink = Static<typeof ChainLink>

/** How far a signer's clock may run ahead of ours. */
const skewMilliseconds = 5 * 60_000

/**
 * Reads a document that one of `trusted` signed.
 *
 * @throws Refusal `trust-invalid` for another signer, header or shape
 */
export function readDocument<Schema extends TSchema>(
  jws: string,
  typ: DocumentType,
  trusted: readonly TrustedKey[],
  schema: Schema,
): Accepted<Static<Schema>> {
  return shaped(verifyJws(jws, typ, trusted), schema)
}

/**
 * Reads the document that a newer one names by its hash: that hash vouches for it, so that an old
 * version outlives the root that signed it.
 *
 * @throws Refusal `trust-invalid` for any other document
 */
export function readPrevious<Schema extends TSchema>(
  jws: string,
  newer: ChainLink,
  schema: Schema,
): Accepted<Static<Schema>> {
  const previous = shaped(payloadBytes(jws), schema)
  if (previous.sha256 !== newer.previous) {
    throw new Refusal('trust-invalid', `not the document that version ${newer.version} follows`)
  }
  return previous
}

/**
 * Refuses a document that is not the one to use now: for another origin, from the future, or older
 * than what was pinned or seen.
 *
 * @throws Refusal `trust-invalid`, or `trust-rolled-back` for an older or a second version
 */
export function checkChain(
  { payload, sha256 }: Accepted<ChainLink>,
  origin: string,
  versionMin: number,
  seen: Seen | undefined,
  now: Date,
): void {
  if (payload.origin !== origin) {
    throw new Refusal('trust-invalid', 'the document is for another origin')
  }
  if (Date.parse(payload.issuedAt) - skewMilliseconds > now.getTime()) {
    throw new Refusal('trust-invalid', 'the document is issued in the future')
  }
  const oldest = Math.max(versionMin, seen?.version ?? 1)
  if (payload.version < oldest) {
    throw new Refusal('trust-rolled-back', `the document is older than version ${oldest}`)
  }
  if (payload.version === seen?.version && sha256 !== seen.sha256) {
    throw new Refusal('trust-rolled-back', `a second version ${payload.version} was shown`)
  }
  if (seen && payload.version === seen.version + 1 && payload.previous !== seen.sha256) {
    throw new Refusal('trust-rolled-back', `version ${payload.version} follows another history`)
  }
}

function shaped<Schema extends TSchema>(
  bytes: Uint8Array,
  schema: Schema,
): Accepted<Static<Schema>> {
  const payload = payloadValue(bytes)
  const [problem] = schemaProblems(schema, payload)
  if (problem) throw new Refusal('trust-invalid', `${problem.pointer} ${problem.detail}`)
  return { payload: payload as Static<Schema>, sha256: encodeBase64url(sha256(bytes)) }
}
