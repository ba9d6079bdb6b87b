/** How far a wish that we stop has come, as its bearer may know it. */
import type { OwnReferral } from '../../client/index.ts'

/** Whether nothing is left to stop. */
function isOver({ state }: OwnReferral): boolean {
  return state === 'withdrawn' || state === 'closed' || state === 'erased'
}

/** Whether it may be asked for: once, and while there is something to stop. */
export function isWithdrawable(referral: OwnReferral): boolean {
  return referral.withdrawalAskedAt === undefined && !isOver(referral)
}

/** Whether a person has yet to decide what was asked for. */
export function isAsked(referral: OwnReferral): boolean {
  const { withdrawalAskedAt, withdrawalDeclinedAt } = referral
  return withdrawalAskedAt !== undefined && withdrawalDeclinedAt === undefined && !isOver(referral)
}

/** Whether a person decided against what was asked for. */
export function isKept(referral: OwnReferral): boolean {
  return referral.withdrawalDeclinedAt !== undefined && !isOver(referral)
}
