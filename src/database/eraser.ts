import type { Tx } from './connect.ts'

/**
 * Runs statements of a transaction as the role that may delete what is erased, and nothing else (0001_access.sql); then the
 * transaction goes on as its caller. No other statement of it may be under way meanwhile.
 */
export async function asEraser(tx: Tx, act: () => Promise<void>): Promise<void> {
  const [before] = await tx.sql<[{ role: string }]>`select current_setting('role') as role`
  await tx.sql`select set_config('role', 'intake_eraser', true)`
  // Where it fails the transaction is undone, and its role with it.
  await act()
  await tx.sql`select set_config('role', ${before.role}, true)`
}
