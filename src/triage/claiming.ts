/**
 * The door of claims. One that finds nothing may wait until there is something, with no transaction and no lock
 * meanwhile: it looks whether there would be something, and only then claims.
 */
import type { Static } from 'typebox'
import type { KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { requireEnabled } from '../directory/service.ts'
import { required } from '../errors.ts'
import { claim, wouldClaim } from './claim.ts'
import type { Asked } from './claimkey.ts'
import type { Claimed } from './counting.ts'
import type { ClaimRequest, Claims } from './schemas.ts'
import type { Wait, Waiting } from './waiting.ts'

type Answer = Static<typeof Claims>

/**
 * @param onClaimed - told of each claim that was answered, and of how long its own transaction took
 * @returns claims; without a `wait` there is nobody who would wait
 */
export function createClaims(
  database: Database,
  waiting: Waiting,
  onClaimed: (claimed: Claimed) => void,
) {
  return async (
    caller: KnownCaller,
    { waitSeconds: seconds = 0, ...request }: Static<typeof ClaimRequest>,
    key?: string,
    wait?: Omit<Wait, 'clientId' | 'seconds'>,
  ): Promise<Answer> => {
    let isFirst = true

    async function look(isLast: boolean): Promise<Answer | undefined> {
      const hasWaited = !isFirst
      isFirst = false
      if (hasWaited && !isLast && !(await isThere(database, caller, request, key))) return undefined
      const begun = performance.now()
      const { answer, isRepeated, ...leased } = await database.inTransaction(caller, async (tx) => {
        if (hasWaited) await requireEnabled(tx)
        return claim(tx, request, key)
      })
      if (answer.claims.length === 0 && !isRepeated && !isLast) return undefined
      onClaimed({ seconds: (performance.now() - begun) / 1000, ...leased })
      return answer
    }

    const { clientId } = caller
    const found = await (wait ? waiting.until({ ...wait, clientId, seconds }, look) : look(true))
    return required(found, 'the last look answers')
  }
}

function isThere(
  database: Database,
  caller: KnownCaller,
  request: Asked,
  key?: string,
): Promise<boolean> {
  return database.inTransaction(caller, (tx: Tx<KnownCaller>) => wouldClaim(tx, request, key))
}
