/** Who could have opened what, as an auditor reads it. All of it is the service's word. */
import type { Static, TSchema } from 'typebox'
import * as Type from 'typebox'
import * as audit from '../audit/schemas.ts'
import { readPayload } from '../protocol/trust/jws.ts'
import { Recipient } from '../protocol/trust/keyset.ts'
import { parseAnswer } from './answer.ts'
import { BadAnswer } from './failure.ts'
import { KeysetAnswer, readAnswer } from './schemas.ts'
import { tolerant } from './tolerant.ts'

const AccessAnswer = tolerant(audit.ReferralAccess)
const ExposureAnswer = tolerant(audit.Exposure)

const ListedKeys = tolerant(
  Type.Object({ version: Type.Integer(), recipients: Type.Array(Recipient) }),
)

/** The keys that a referral was sealed to, and the clients that are bound to them. */
export type ReferralAccess = Static<typeof AccessAnswer>

/** A page of the referrals that a key opens or a client could ask for. */
export type Exposure = Static<typeof ExposureAnswer>

/** Reads an answer of `GET /v1/audit/referrals/{id}/access`. @throws BadAnswer */
export function readReferralAccess(text: string): ReferralAccess {
  return read(AccessAnswer, text, 'GET /v1/audit/referrals/{id}/access')
}

/** Reads an answer of `GET /v1/audit/exposure`. @throws BadAnswer */
export function readExposure(text: string): Exposure {
  return read(ExposureAnswer, text, 'GET /v1/audit/exposure')
}

/** What a keyset says of its recipient keys: their labels, and which compartments they open. */
export type KeysetKeys = Static<typeof ListedKeys>

/** An answer of `GET /v1/keyset`, or of one version, whose signature is not checked. @throws BadAnswer */
export function readKeysetKeys(text: string): KeysetKeys {
  const place = 'GET /v1/keyset'
  const { keyset } = read(KeysetAnswer, text, place)
  return readAnswer(ListedKeys, readPayload<unknown>(keyset), place)
}

function read<Schema extends TSchema>(schema: Schema, text: string, place: string): Static<Schema> {
  const parsed = parseAnswer(text)
  if (parsed) return readAnswer(schema, parsed.value, place)
  throw new BadAnswer(`the answer to ${place} is not JSON`)
}
