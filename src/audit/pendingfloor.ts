/**
 * Where the sequencer begins to look for what waits. It takes the oldest first, and what it took are dead rows at the
 * start of the order: where somebody holds an old snapshot open, vacuum removes none of them, and each batch would step
 * over all entries since. So once a look from the start was long, the next ones begin at the oldest entry that it saw.
 *
 * Only what was committed after that look under an earlier time is before the floor. The next look from the start
 * finds it: ten times what the last one took goes by before that. Where no look is long there is no floor.
 */

/** A look from the start that took longer sets a floor, in milliseconds: some ten thousand dead rows. */
const longMs = 20
/** Looks from the start take at most a tenth of the time of one connection. */
const keptPerLook = 10

/** What a look found; `oldest` is the earliest time among it, or that of the look where nothing waits. */
type Looked = { readonly oldest: string }

/** The floor of this replica. @param now - milliseconds by a clock that never goes back */
export function createPendingFloor(now = () => performance.now()) {
  let floor: { readonly from: string; readonly until: number } | undefined
  return {
    /** Looks: from the floor, whose time `look` is given, or from the start. */
    async look<L extends Looked>(look: (from: string | undefined) => Promise<L>): Promise<L> {
      const begun = now()
      if (floor && begun < floor.until) return look(floor.from)
      const looked = await look(undefined)
      const ms = now() - begun
      const until = now() + keptPerLook * ms
      floor = ms > longMs ? { from: looked.oldest, until } : undefined
      return looked
    },
  }
}
