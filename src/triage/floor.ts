/**
 * Where a claim begins to look. Each claim walks the order of the queue from its start, and where somebody holds an old
 * snapshot open, vacuum removes no dead row: after 200,000 claims each walk steps over all of them. So once a walk
 * was long, the next claims begin at the first item that it leased, its floor: before that there was nothing to lease.
 *
 * What comes to an earlier place since is not missed for long. All floors are dropped by each announcement of work, of
 * this replica and of others, and whatever nobody announces (a lease that expired, parking that ended, a claim that
 * was undone) is found by the next whole walk. That comes a quarter of a second after the last or, where that is
 * longer, ten times what the last took. Where no walk is long there is no floor, and each claim gets what is first.
 *
 * A floor is of one recipient, and of claims that leave out nothing: what others get says nothing of what comes first.
 */
import type { Database } from '../database/connect.ts'
import type { Place } from './store/claim.ts'

/** A longer walk sets a floor, in entries of the index: so many dead ones take about a millisecond. */
const walkedMax = 2_000
const keptMsMin = 250
/** Whole walks take at most a tenth of the time of one connection. */
const keptPerWalk = 10

type Leased = { readonly items: readonly Place[]; readonly walked: number }
type Floor = { readonly from: Place; readonly until: number; readonly keptMs: number }

export type Floors = ReturnType<typeof createFloors>

/** The floors of this replica. @param now - milliseconds by a clock that never goes back */
export function createFloors(
  database: Pick<Database, 'onAnnounced'>,
  now = () => performance.now(),
) {
  const floors = new Map<string, Floor>()
  let drops = 0

  database.onAnnounced(() => {
    drops += 1
    floors.clear()
  })

  async function walkAll<L extends Leased>(recipient: string, lease: Lease<L>): Promise<L> {
    const [begun, dropsBefore, last] = [now(), drops, floors.get(recipient)]
    // One walks, and the others begin where they did until it is back.
    if (last) floors.set(recipient, { ...last, until: begun + last.keptMs })
    try {
      const leased = await lease()
      const [from] = leased.items
      const keptMs = Math.max(keptMsMin, keptPerWalk * (now() - begun))
      // What was announced meanwhile it may not have seen.
      if (drops !== dropsBefore) return leased
      const isLong = leased.walked > walkedMax
      if (from && isLong) floors.set(recipient, { from, until: begun + keptMs, keptMs })
      else floors.delete(recipient)
      return leased
    } catch (error) {
      floors.delete(recipient)
      throw error
    }
  }

  return {
    /**
     * What `lease` leases for a recipient, whole or from a floor. It is called at once, and again, from the start, if
     * it found nothing from the floor; and if it found fewer than `max`, the next walk is a whole one.
     */
    async lease<L extends Leased>(recipient: string, max: number, lease: Lease<L>): Promise<L> {
      const floor = floors.get(recipient)
      if (!floor || now() >= floor.until) return walkAll(recipient, lease)
      const leased = await lease(floor.from)
      if (leased.items.length < max) floors.delete(recipient)
      return leased.items.length > 0 ? leased : walkAll(recipient, lease)
    },
  }
}

/** @param from - the place before which it does not look */
type Lease<L extends Leased> = (from?: Place) => Promise<L>
