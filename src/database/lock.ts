/** Work of which one replica at a time may do a batch, and the locks by which they agree on it. */
import type { Tx } from './connect.ts'

/** A piece of background work. */
export type Step = {
  readonly name: string
  /** It comes by its own clock alone: anybody may watch when it was done, and must not learn what woke it. */
  readonly isUnwoken?: true
  /**
   * After a turn it rests for about so long, in milliseconds, whatever happens meanwhile: for what time alone brings, and
   * nobody waits for. Each commit of an act wakes the others.
   */
  readonly restMs?: number
  /** Does one batch; returns whether there is more to do at once. */
  run(): Promise<boolean>
  /** Lets what its batches began, and did not wait for, come to an end. */
  stop?(): Promise<void>
}

/** Takes the lock of a kind of work until the transaction ends; `false` if another holds it. */
export async function elect(tx: Tx, work: string): Promise<boolean> {
  const [row] = await tx.sql<[{ elected: boolean }]>`
    select pg_try_advisory_xact_lock(hashtext(${`referral-intake ${work}`})) as elected`
  return row.elected
}

/** Waits for the same lock instead, where a person's act must not be passed over. */
export async function takeTurn(tx: Tx, work: string): Promise<void> {
  await tx.sql`select pg_advisory_xact_lock(hashtext(${`referral-intake ${work}`}))`
}

/** Whose turn it is to change which referrals are one case, or to open an item of one again. */
export const casesLock = 'cases'
