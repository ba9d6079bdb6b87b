/** What became of items: a doorbell for whoever works on them elsewhere, never a claim. */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { base64urlBytes, encodeBase64url, utf8 } from '../protocol/bytes.ts'
import { pageRows } from '../protocol/page.ts'
import { type ChangePlace, selectChanges } from './store/changes.ts'
import type { ChangesPage, ChangesQuery } from './watchingschemas.ts'

/**
 * What became of items behind `since`: each at least once, in order within a case.
 *
 * @throws Refusal `cursor-outdated` where something may be missing, `malformed-request` for a cursor that no page gave
 */
export async function changes(
  tx: Tx,
  { since, limit = pageRows }: Static<typeof ChangesQuery>,
): Promise<Static<typeof ChangesPage>> {
  const after = since === undefined ? undefined : readPlace(since)
  const { epoch, horizon, outdated, rows } = await selectChanges(tx, after, limit)
  if (outdated || (after && after.epoch !== epoch)) {
    throw new Refusal('cursor-outdated', 'some of what came after since may be forgotten')
  }
  await append(tx, { action: 'triage.watched', details: { changes: rows.length } })
  // All below the horizon was seen.
  const last = rows.length === limit ? rows.at(-1) : undefined
  const next = last
    ? { position: last.position, number: last.id }
    : { position: horizon, number: '0' }
  return {
    changes: rows.map(({ id, type, itemId, caseId, at }) => ({ id, type, itemId, caseId, at })),
    next: encodeBase64url(utf8([epoch, next.position, next.number].join(' '))),
  }
}

const form = /^([0-9a-f]{1,16}) (\d{1,18}) (\d{1,18})$/

function readPlace(since: string): ChangePlace & { readonly epoch: string } {
  const text = new TextDecoder().decode(base64urlBytes(since) ?? new Uint8Array())
  const [, epoch, position, number] = form.exec(text) ?? []
  if (epoch === undefined || position === undefined || number === undefined) {
    throw new Refusal('malformed-request', 'since is not one that a page gave')
  }
  return { epoch, position, number }
}
