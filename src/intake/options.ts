/** What the doors of referrers need beside their transactions. */
import type { Act } from '../audit/entry.ts'
import type { SendingCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'

export type IntakeOptions = {
  readonly database: Database
  /** The entry of an act that says again what was said, which may be summed. */
  readonly appendRepetition: (tx: Tx<SendingCaller>, act: Act) => Promise<void>
  readonly origin: string
  /** Under which places in the feed of states are sealed (protocol/place.ts). */
  readonly placeKey: Uint8Array
}

/** What a door of a receipt needs. */
export type ReceiptOptions = Pick<IntakeOptions, 'appendRepetition'> & {
  /** Told of each receipt that nothing was sent under: many of them are somebody's guesses. */
  readonly onUnknownReceipt: () => void
}
