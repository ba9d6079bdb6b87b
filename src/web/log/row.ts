import type { LogEntry } from '../../client/logentry.ts'
import type { PageOpening } from '../../client/logpage.ts'

/** One entry, and what is said to open it. */
export type Row = {
  /** Its place in the log, from 0. */
  readonly index: number
  readonly entry: LogEntry
  readonly opening: PageOpening['opening']
  /** Whether anything is said to open it: an emptied opening is there, and says nothing. */
  readonly isShown: boolean
  /** By London's clock: `2026-11-29 06:26:28`. */
  readonly time: string
  /** Who did it, under the names of then. */
  readonly who: string
}
