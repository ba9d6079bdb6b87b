/** What the database says when a row is already there. */

import postgres from 'postgres'

/** The name of the unique constraint that a statement broke, or `undefined` for any other error. */
export function conflictOf(error: unknown): string | undefined {
  // 23505 unique_violation (PostgreSQL, Appendix A).
  const isConflict = error instanceof postgres.PostgresError && error.code === '23505'
  return isConflict ? error.constraint_name : undefined
}
