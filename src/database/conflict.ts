/** What the database says when a row is already there. */

/**
 * The name of the unique constraint that a statement broke, or `undefined` for any other error.
 * drizzle wraps the driver's error, so the causes are searched as well.
 */
export function conflictOf(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause as Error) {
    const { code, constraint_name: name } = cause as { code?: string; constraint_name?: string }
    // 23505 unique_violation (PostgreSQL, Appendix A).
    if (code === '23505' && typeof name === 'string') return name
  }
  return undefined
}
