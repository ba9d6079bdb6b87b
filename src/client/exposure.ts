/** Who could have opened what, as an auditor reads it. All of it is the service's word. */
import { type Static, type TSchema, Type } from 'typebox'
import * as audit from '../audit/schemas.ts'
import { readPayload } from '../protocol/trust/jws.ts'
import { Recipient } from '../protocol/trust/keyset.ts'
import { parseAnswer } from './answer.ts'
import { BadAnswer } from './failure.ts'
import { KeysetAnswer, readAnswer } from './schemas.ts'
import { tolerant } from './tolerant.ts'

const AccessAnswer = tolerant(audit.ReferralAccess)

const ListedRecipients = tolerant(Type.Object({ recipients: Type.Array(Recipient) }))

/** The keys that a referral was sealed to, and the clients that are bound to them. */
export type ReferralAccess = Static<typeof AccessAnswer>

/** Reads an answer of `GET /v1/audit/referrals/{id}/access`. @throws BadAnswer */
export function readReferralAccess(text: string): ReferralAccess {
  return read(AccessAnswer, text, 'GET /v1/audit/referrals/{id}/access')
}

/** What a keyset says of a recipient key: its label, and which compartments it opens. */
export type KeyRecipient = Static<typeof ListedRecipients>['recipients'][number]

/** The recipients in an answer of `GET /v1/keyset/{version}`, whose signature is not checked. @throws BadAnswer */
export function readRecipients(text: string): KeyRecipient[] {
  const place = 'GET /v1/keyset/{version}'
  const { keyset } = read(KeysetAnswer, text, place)
  return readAnswer(ListedRecipients, readPayload<unknown>(keyset), place).recipients
}

function read<Schema extends TSchema>(schema: Schema, text: string, place: string): Static<Schema> {
  const parsed = parseAnswer(text)
  if (parsed) return readAnswer(schema, parsed.value, place)
  throw new BadAnswer(`the answer to ${place} is not JSON`)
}
