/** How a transaction begins: it becomes the role of its caller. */
import type { TransactionSql } from 'postgres'
import { type Caller, roleOf, senderOf } from '../caller.ts'
import { DatabaseAway } from './lost.ts'

export type Settings = { readonly statementMs: number; readonly keepsPlans: boolean }

/** Becomes the role of the caller; answers the transaction's time. */
export async function begin(
  sql: TransactionSql,
  caller: Caller,
  { statementMs, keepsPlans }: Settings,
): Promise<Date> {
  const sender = senderOf(caller)
  const organisation = sender?.kind === 'organisation' ? sender.id : ''
  const receipt = sender?.kind === 'receipt' ? Buffer.from(sender.hash).toString('hex') : ''
  const [context] = await sql<[{ now: string; takesWrites: boolean }]>`
    select set_config('role', ${roleOf[caller.kind]}, true),
           set_config('app.organisation', ${organisation}, true),
           set_config('app.receipt', ${receipt}, true),
           set_config('statement_timeout', ${String(statementMs)}, true),
           set_config('plan_cache_mode', ${keepsPlans ? 'force_generic_plan' : 'auto'}, true),
           current_setting('transaction_read_only') = 'off' as "takesWrites",
           to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now`
  if (!context.takesWrites) throw new DatabaseAway('this server takes no writes')
  return new Date(context.now)
}
