/** What became of items: a doorbell for whoever works on them elsewhere, never a claim. */
import type { Static } from 'typebox'
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { whileEnabled } from '../directory/service.ts'
import { Refusal, required } from '../errors.ts'
import { base64urlBytes, encodeBase64url, utf8 } from '../protocol/bytes.ts'
import { pageRows } from '../protocol/page.ts'
import { type FollowedPlace, follow } from './following.ts'
import type { Wait, Waiting } from './waiting.ts'
import type { ChangesPage, ChangesQuery } from './watchingschemas.ts'

type Query = Omit<Static<typeof ChangesQuery>, 'waitSeconds'>
type Page = Static<typeof ChangesPage>

/** The door of the changes. */
export function createWatching(database: Database, waiting: Waiting) {
  return {
    /** What became of items, as soon as there is something or the time is over. One entry, whatever it takes. */
    async changes(caller: KnownCaller, query: Query, wait: Omit<Wait, 'clientId'>): Promise<Page> {
      // Without a place it begins at the end, and nothing is to be waited for.
      const seconds = query.since === undefined ? 0 : wait.seconds
      const { clientId } = caller
      const wanted = {
        look: (isLast: boolean, hasWaited: boolean) =>
          database.inTransaction(caller, (tx) => {
            const reading = () => changes(tx, query, isLast)
            return hasWaited ? whileEnabled(tx, reading) : reading()
          }),
        offers: async (tx: Tx) => ((await isBehind(tx, query)) ? [query] : []),
      }
      const found = await waiting.until({ ...wait, clientId, seconds }, wanted)
      return required(found, 'the last look answers')
    },
  }
}

/**
 * What became of items behind `since`: each at least once, in order within a case.
 *
 * @param isLast - whether a page is given, and an entry written, also where there is nothing
 * @throws Refusal `cursor-outdated` where something may be missing, `malformed-request` for a cursor that no page gave
 */
async function changes(
  tx: Tx,
  { since, limit = pageRows }: Query,
  isLast: boolean,
): Promise<Page | undefined> {
  const after = since === undefined ? undefined : readPlace(since)
  const { isOutdated, changes, next } = await follow(tx, after, limit)
  if (isOutdated) {
    throw new Refusal('cursor-outdated', 'some of what came after since may be forgotten')
  }
  if (changes.length === 0 && !isLast) return undefined
  await append(tx, { action: 'triage.watched', details: { changes: changes.length } })
  return {
    changes: changes.map(({ id, type, itemId, caseId, at }) => ({ id, type, itemId, caseId, at })),
    next: encodeBase64url(utf8([next.epoch, next.position, next.number].join(' '))),
  }
}

/** Whether `changes` has something to say: a page, or that there is none from here. */
async function isBehind(tx: Tx, { since }: Query): Promise<boolean> {
  const { isOutdated, changes } = await follow(
    tx,
    since === undefined ? since : readPlace(since),
    1,
  )
  return isOutdated || changes.length > 0
}

const form = /^([0-9a-f]{1,16}) (\d{1,18}) (\d{1,18})$/

function readPlace(since: string): FollowedPlace {
  const text = new TextDecoder().decode(base64urlBytes(since) ?? new Uint8Array())
  const [, epoch, position, number] = form.exec(text) ?? []
  if (epoch === undefined || position === undefined || number === undefined) {
    throw new Refusal('malformed-request', 'since is not one that a page gave')
  }
  return { epoch, position, number }
}
