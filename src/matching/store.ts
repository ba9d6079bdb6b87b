import type { Tx } from '../database/connect.ts'

export type MatchValue = { readonly type: string; readonly value: Uint8Array }

/** Without RETURNING: a referrer may not read what it wrote here. */
export async function insertValues(
  tx: Tx,
  referralId: string,
  epoch: number,
  values: readonly MatchValue[],
): Promise<void> {
  const rows = values.map(({ type, value }) => ({ referral_id: referralId, epoch, type, value }))
  await tx.sql`insert into match_value ${tx.sql(rows)}`
}
