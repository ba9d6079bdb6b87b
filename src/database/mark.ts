import type { PendingQuery, Row } from 'postgres'
import type { Tx } from './connect.ts'

/**
 * What is kept of the hash of a receipt when what was sent under it is erased: it finds that again for whoever holds the
 * receipt, and opens nothing. The policy `own_receipt` of `erasure` makes the same.
 *
 * @param hash - a column, or a value
 */
export function receiptMark(tx: Tx, hash: PendingQuery<Row[]>) {
  return tx.sql`sha256(convert_to('referral-intake erased receipt', 'UTF8') || ${hash}::bytea)`
}
