/** What `npm run build:web` writes into the page, and nothing at run time can change. */
import type { Trust } from '../../client/index.ts'

export type Pinned = {
  /** The origin and the root keys to believe, and the oldest keyset that may be sealed to. */
  readonly trust: Trust
  /** `https://intake.example.org`. */
  readonly service: string
  /** Who receives what is sent, as people know them. */
  readonly organisation: string
  /** Where to ring instead, as people dial it. */
  readonly telephone: string
  /** The page that takes the place of this one when somebody must get away from it. */
  readonly exit: string
}

declare const PINNED: Pinned

export const pinned: Pinned = {
  ...PINNED,
  // A number that is broken at the end of a line is dialled wrongly.
  telephone: PINNED.telephone.replaceAll(' ', '\u00a0'),
}
