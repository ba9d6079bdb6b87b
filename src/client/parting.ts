/** How a consumer parts with an item: whatever it takes, until the service has answered. */
import type { Claiming, Outcome } from './claiming.ts'
import type { createEnding } from './ending.ts'
import { isErrorCode, ServiceProblem } from './failure.ts'
import { backoffMs, isLeaseLost, passes, pause, unlessAborted } from './pacing.ts'
import type { Claim, Ended } from './schemas.ts'

type Given = {
  readonly release: Claiming['release']
  readonly ending: ReturnType<typeof createEnding>
  /** Between two tries: the first time, and at most. */
  readonly faultMs: readonly [first: number, most: number]
  readonly onTrouble: (error: unknown, claim?: Claim) => void
  /** Aborted when it is given up. */
  readonly farewell: AbortSignal
}

export type Parting = ReturnType<typeof createParting>

export function createParting({ release, ending, faultMs, onTrouble, farewell }: Given) {
  /**
   * Ends it. A renewal that is refused meanwhile says nothing: the answer to a completion that was done may be
   * lost, and only the next completion tells.
   *
   * @returns why the service does not take that outcome; nothing if it is ended, lost or given up
   */
  async function end(claim: Claim, outcome: Outcome): Promise<{ error: unknown } | undefined> {
    const { claimId, fence } = claim
    for (let faults = 1; ; faults += 1) {
      try {
        const completion = { ...outcome, claimId, fence }
        const { problem } = await unlessAborted(ending.end(completion), farewell)
        if (!problem) return undefined
        const error = problemOf(problem)
        return isLeaseLost(error) ? void onTrouble(error, claim) : { error }
      } catch (error) {
        if (farewell.aborted) return void onTrouble(error, claim)
        if (!passes(error)) return { error }
        onTrouble(error, claim)
        await pause(backoffMs(faults, ...faultMs), farewell)
      }
    }
  }

  /** Releases it; where nobody answers it is left to its lease. */
  async function giveBack(claim: Claim): Promise<undefined> {
    for (let faults = 1; ; faults += 1) {
      try {
        return void (await unlessAborted(release(claim), farewell))
      } catch (error) {
        // Also where the one before was done, and its answer was lost.
        if (isLeaseLost(error)) return undefined
        onTrouble(error, claim)
        if (farewell.aborted || !passes(error)) return undefined
        await pause(backoffMs(faults, ...faultMs), farewell)
      }
    }
  }

  return { end, giveBack }
}

function problemOf({ code, detail }: NonNullable<Ended['problem']>): ServiceProblem {
  const title = 'The service does not take how the work ended'
  const known = isErrorCode(code) && { code }
  return new ServiceProblem({ type: 'about:blank', title, status: 409, detail, ...known })
}
