/**
 * The door of claims. One that finds nothing may wait until there is something, with no transaction and no lock
 * meanwhile: it looks whether there would be something, and only then claims.
 */
import type { Static } from 'typebox'
import type { KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { whileEnabled } from '../directory/service.ts'
import { required } from '../errors.ts'
import { claim, claimable } from './claim.ts'
import { type Asked, isClaimed } from './claimkey.ts'
import type { Claimed } from './counting.ts'
import { createFloors } from './floor.ts'
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
  const offersOf = createOffers()
  const floors = createFloors(database)
  return async (
    caller: KnownCaller,
    { waitSeconds: seconds = 0, ...request }: Static<typeof ClaimRequest>,
    key?: string,
    wait?: Omit<Wait, 'clientId' | 'seconds'>,
  ): Promise<Answer> => {
    async function look(isLast: boolean, hasWaited: boolean): Promise<Answer | undefined> {
      const begun = performance.now()
      const act = (tx: Tx<KnownCaller>) => {
        const claiming = () => claim(tx, request, floors, key)
        return hasWaited ? whileEnabled(tx, claiming) : claiming()
      }
      const done = await database.inTransaction(caller, act, { keepsPlans: true })
      const { answer, isRepeated, ...leased } = done
      if (answer.claims.length === 0 && !isRepeated && !isLast) return undefined
      onClaimed({ seconds: (performance.now() - begun) / 1000, ...leased })
      return answer
    }

    /** What another has got by this key meanwhile is for this one as well. */
    async function offers(tx: Tx): Promise<readonly unknown[]> {
      const [isOwn, ids] = await Promise.all([
        key !== undefined && isClaimed(tx, caller, key),
        offersOf(tx, request),
      ])
      return isOwn ? [request] : ids
    }

    const { clientId } = caller
    const wanted = { look, offers }
    const found = await (wait
      ? waiting.until({ ...wait, clientId, seconds }, wanted)
      : look(true, false))
    return required(found, 'the last look answers')
  }
}

/** Asks about each claim once in a transaction, however many wait for the same. */
function createOffers() {
  const known = new WeakMap<Tx, Map<string, Promise<string[]>>>()
  return (tx: Tx, { max: _, leaseSeconds: __, compartments: ___, ...asked }: Asked) => {
    const inTx = known.get(tx) ?? new Map<string, Promise<string[]>>()
    known.set(tx, inTx)
    const name = JSON.stringify(asked)
    const ids = inTx.get(name) ?? claimable(tx, asked)
    inTx.set(name, ids)
    return ids
  }
}
