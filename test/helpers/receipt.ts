/** Somebody without an account: a receipt's keys, the work before an act, and the act. */
import { solveChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import type { World } from '../../examples/ceremony.ts'
import type { ChallengeAnswer } from '../../src/proof/schemas.ts'
import { encodeBase64url, utf8 } from '../../src/protocol/bytes.ts'
import type { Envelope } from '../../src/protocol/envelope/envelope.ts'
import type { SealInput } from '../../src/protocol/envelope/seal.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import { type ReceiptKeys, receiptHash, replyToOf } from '../../src/protocol/messages/receipt.ts'
import { randomBytes, sha256 } from '../../src/protocol/sodium.ts'
import { sealed } from './referral.ts'

/** The keys of a receipt, without the digits that they would be made from. */
export function receiptKeysOfNobody(): ReceiptKeys {
  const accessTag = randomBytes(32)
  return {
    accessTag,
    receipt: encodeBase64url(receiptHash(accessTag)),
    reply: generateRecipientKey(),
    signing: generateSigningKey(),
  }
}

export function sealedByReceipt(
  world: World,
  keys: ReceiptKeys,
  changes: Partial<SealInput> = {},
): Envelope {
  const { receipt, signing } = keys
  const replyTo = replyToOf(keys)
  return sealed(world, {
    channel: 'detained_person_web',
    signer: signing,
    replyTo,
    receipt,
    ...changes,
  })
}

type Challenge = ChallengeAnswer['challenge']

/** Asks for a challenge, from behind `headers`. */
export async function challengeFor(url: string, action: string, body: string, headers = {}) {
  const response = await fetch(`${url}/v1/public/challenges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ action, bodySha256: encodeBase64url(sha256(utf8(body))) }),
  })
  const answer = (await response.json()) as ChallengeAnswer
  if (response.status !== 200) throw new Error(JSON.stringify(answer))
  return answer.challenge
}

/** The header `proof-of-work` for a challenge. */
export async function solve(challenge: Challenge): Promise<string> {
  const solution = await solveChallenge({ challenge, deriveKey })
  return encodeBase64url(utf8(JSON.stringify({ challenge, solution })))
}

/** Sends bytes to the public door, with the header `proof` if there is one. */
export async function putPublicly(
  url: string,
  id: string,
  body: string,
  proof?: string,
  more: Readonly<Record<string, string>> = {},
) {
  const response = await fetch(`${url}/v1/public/referrals/${id}`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/json',
      ...(proof !== undefined && { 'proof-of-work': proof }),
      ...more,
    },
    body,
  })
  const headers = response.headers
  return { status: response.status, headers, body: JSON.parse(await response.text()) }
}

/** Refers without an account, work and all. */
export async function sendPublicly(url: string, envelope: Envelope, headers = {}) {
  const body = JSON.stringify(envelope)
  const proof = await solve(await challengeFor(url, 'submit', body, headers))
  return putPublicly(url, envelope.header.referralId, body, proof, headers)
}

/** Calls as the bearer of a receipt. */
export async function asBearer(url: string, keys: ReceiptKeys, method = 'GET', body?: unknown) {
  const path = body === undefined ? '/v1/receipt' : '/v1/receipt/withdrawal'
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Receipt ${encodeBase64url(keys.accessTag)}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}
