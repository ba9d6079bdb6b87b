import type { Tx } from './connect.ts'

/**
 * Of which cluster, which timeline of it and which table the ids of transactions are that are kept with rows: another
 * cluster counts otherwise, after a restore the same one counts again from an earlier number on, and a dump may take the
 * place of a table. For a statement that reads `from pg_control_system()`.
 */
export function epochOf(tx: Tx, table: 'triage_change' | 'referral') {
  return tx.sql`to_hex(hashtextextended(system_identifier || ' ' ||
                  left(pg_walfile_name(pg_current_wal_lsn()), 8) || ' ' || ${table}::regclass::oid, 0))`
}
