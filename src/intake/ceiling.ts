/**
 * The ceiling on referrals of people without an account that nobody has opened yet: it protects the disk. Whoever
 * fills it keeps themselves waiting before anybody else, and what is opened makes room.
 */
import type { Database } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { countUnopened, type Unopened } from '../vault/service.ts'

export type CeilingOptions = {
  readonly database: Database
  /** At most so many wait to be opened, and twice as many where they come from very many blocks. */
  readonly unopenedMax: number
  /** Where people ring instead, if that is to be said. */
  readonly telephone: string | undefined
  /** Told once when half of it is taken, and again after it had sunk below a quarter. */
  readonly onHalf: (unopened: number) => void
}

/** People make room, by opening what waits: that takes minutes, not seconds. */
const retryAfterSeconds = 600
/** The operator is shown the counts without this, and an outage has an alarm of its own. */
const countMsMax = 2_000

export function createCeiling({ database, unopenedMax, telephone, onHalf }: CeilingOptions) {
  let isTold = false

  function tell(unopened: number): void {
    if (unopened < unopenedMax / 4) isTold = false
    if (unopened < unopenedMax / 2 || isTold) return
    isTold = true
    onHalf(unopened)
  }

  /**
   * Requires room for one more. It is counted before the transaction which stores, so that those that are in
   * work at once may all be let in: past the ceiling by as many.
   *
   * @param block - where it comes from; none for an exit that many share, which always has its share
   * @throws Refusal `too-many-unopened`
   */
  async function requireRoom(request: string, block: Uint8Array | undefined): Promise<void> {
    const unopened = await database.inTransaction({ kind: 'system', request }, (tx) =>
      countUnopened(tx, block),
    )
    const isRoom = hasRoom(unopened, unopenedMax)
    tell(unopened.total + (isRoom ? 1 : 0))
    if (isRoom) return
    const instead = telephone === undefined ? '' : `; by telephone: ${telephone}`
    const detail = `no more is taken until some of what waits is opened${instead}`
    throw new Refusal('too-many-unopened', detail, { retryAfterSeconds })
  }

  /** How many wait to be opened. */
  async function count(request: string): Promise<number> {
    const act = { kind: 'system', request } as const
    const options = { deadlineMs: countMsMax }
    const { total } = await database.inTransaction(
      act,
      (tx) => countUnopened(tx, undefined),
      options,
    )
    return total
  }

  return { requireRoom, count }
}

export type Ceiling = ReturnType<typeof createCeiling>

/**
 * Whether one more fits. From the ceiling on, up to twice of it, only for a block with less than its share: what
 * each would have if the ceiling were divided among the blocks that have some, and at least one.
 */
export function hasRoom({ total, own, blocks }: Unopened, max: number): boolean {
  if (total < max) return true
  const share = Math.max(1, Math.floor(max / Math.max(1, blocks)))
  return total < 2 * max && own < share
}
