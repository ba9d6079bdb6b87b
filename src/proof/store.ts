import type { Tx } from '../database/connect.ts'

/**
 * The secret of a day, the same for all replicas: whoever asks first makes it. What is older than the day
 * before goes, for nothing that was made with it counts any more.
 *
 * @param fresh - 32 random bytes, should there be none yet
 */
export async function secretOf(tx: Tx, day: string, fresh: Uint8Array): Promise<Uint8Array> {
  await tx.sql`
    insert into daily_secret (day, secret) values (${day}, ${fresh}) on conflict (day) do nothing`
  await tx.sql`delete from daily_secret where day < ${day}::date - 1`
  const [row] = await tx.sql<[{ secret: Uint8Array }]>`
    select secret from daily_secret where day = ${day}`
  return row.secret
}
