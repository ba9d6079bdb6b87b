/** Match values: equal for equal people, and saying nothing else. */
import type { Tx } from '../database/connect.ts'
import type { CheckedEnvelope } from '../protocol/check.ts'
import { insertValues } from './store.ts'

export type Matching = ReturnType<typeof createMatching>

export function createMatching() {
  /** Keeps the match values of a new referral, if it came with any. */
  async function add(tx: Tx, { header, matching }: CheckedEnvelope): Promise<void> {
    const { referralId } = header
    await Promise.all(
      (matching ?? []).map(({ epoch, values }) => insertValues(tx, referralId, epoch, values)),
    )
  }

  return { add }
}
