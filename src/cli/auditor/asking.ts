/** What auditors ask of the service, each answer read whole or not at all. */
import { documentBytesMax, readText } from '../../client/answer.ts'
import { type AuditEntry, entriesIn } from '../../client/entries.ts'
import {
  type Exposure,
  type KeysetKeys,
  type ReferralAccess,
  readExposure,
  readKeysetKeys,
  readReferralAccess,
} from '../../client/exposure.ts'
import { BadAnswer, NoAnswer } from '../../client/index.ts'
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

/** Of 5,000 referrals each: more than a charity is sent in a hundred years. */
const pagesMax = 1_000

/** All pages of what a key opens, or a client could ask for. @throws BadAnswer where they have no end */
export async function exposureOf(
  get: Get,
  query: URLSearchParams,
): Promise<Omit<Exposure, 'next'>> {
  const referrals: Exposure['referrals'] = []
  let cursor: string | undefined
  for (let pages = 0; pages < pagesMax; pages += 1) {
    const asked = new URLSearchParams([...query, ['limit', '5000']])
    if (cursor !== undefined) asked.set('cursor', cursor)
    const page = readExposure(await textOf(await get(`/v1/audit/exposure?${asked}`)))
    referrals.push(...page.referrals)
    if (page.next === undefined) return { clients: page.clients, referrals }
    cursor = page.next
  }
  throw new BadAnswer('the list of what a key opens has no end')
}

/** The recipient keys that a keyset names: of this version, or the newest. */
export async function keysIn(get: Get, version?: number): Promise<KeysetKeys> {
  return readKeysetKeys(await textOf(await get(`/v1/keyset${version ? `/${version}` : ''}`)))
}

async function textOf(response: Response): Promise<string> {
  const text = await readText(response, documentBytesMax).catch((cause) => {
    throw new NoAnswer('the answer broke off, and is not whole', { cause })
  })
  return text ?? ''
}
