/** What auditors ask of the service, each answer read whole or not at all. */
import { documentBytesMax, readText } from '../../client/answer.ts'
import { type AuditEntry, entriesIn } from '../../client/entries.ts'
import {
  type KeyRecipient,
  type ReferralAccess,
  readRecipients,
  readReferralAccess,
} from '../../client/exposure.ts'
import { NoAnswer } from '../../client/index.ts'
import type { Get } from './getter.ts'

/** The entries that fit, newest first. @throws NoAnswer where the answer breaks off */
export async function* entriesOf(get: Get, query: URLSearchParams): AsyncGenerator<AuditEntry> {
  const asked = new URLSearchParams([...query, ['format', 'ndjson']])
  const { body } = await get(`/v1/audit/export?${asked}`)
  try {
    yield* entriesIn(body ?? new ReadableStream())
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause
    throw new NoAnswer('the answer broke off, and is not whole', { cause })
  }
}

/** For whom a referral was sealed. @param name - its id or reference */
export async function accessOf(get: Get, name: string): Promise<ReferralAccess> {
  const path = `/v1/audit/referrals/${encodeURIComponent(name)}/access`
  return readReferralAccess(await textOf(await get(path)))
}

/** The recipient keys that a keyset names. */
export async function recipientsIn(get: Get, version: number): Promise<KeyRecipient[]> {
  return readRecipients(await textOf(await get(`/v1/keyset/${version}`)))
}

async function textOf(response: Response): Promise<string> {
  const text = await readText(response, documentBytesMax).catch((cause) => {
    throw new NoAnswer('the answer broke off, and is not whole', { cause })
  })
  return text ?? ''
}
