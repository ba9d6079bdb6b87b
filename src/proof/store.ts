import type { Tx } from '../database/connect.ts'

/**
 * The secret of a day, the same for all replicas: whoever asks first makes it. What is older than the day
 * before goes, for nothing that was made with it counts any more; which day it is says the database.
 *
 * @param fresh - 32 random bytes, should there be none yet
 */
export async function secretOf(tx: Tx, day: string, fresh: Uint8Array): Promise<Uint8Array> {
  await tx.sql`
    insert into daily_secret (day, secret) values (${day}, ${fresh}) on conflict (day) do nothing`
  await tx.sql`delete from daily_secret where day < (now() at time zone 'UTC')::date - 1`
  await tx.sql`delete from challenge_block where hour < now() - interval '1 day'`
  const [row] = await tx.sql<[{ secret: Uint8Array }]>`
    select secret from daily_secret where day = ${day}`
  return row.secret
}

/** Counts one more challenge of a block in this hour. @returns how many it is by now */
export async function countChallenge(tx: Tx, block: Uint8Array): Promise<number> {
  const [row] = await tx.sql<[{ challenges: number }]>`
    insert into challenge_block as counted (hour, block, challenges)
    values (date_trunc('hour', now()), ${block}, 1)
    on conflict (hour, block) do update
    set challenges = least(counted.challenges + 1, 1000000000)
    returning challenges`
  return row.challenges
}
