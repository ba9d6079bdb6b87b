/** Withdrawing: for how long what was withdrawn is kept all the same. */

/** Who withdraws may have been forced to, or may have found somebody's slip of paper: for so long all of it is there. */
const keptDays = 7
const dayMs = 86_400_000

/** Until when nothing is erased of a referral whose withdrawal was asked for at that time, or done. */
export function keptUntilOf(askedAt: Date): Date {
  return new Date(askedAt.getTime() + keptDays * dayMs)
}
