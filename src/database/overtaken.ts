/** A transaction that another one overtook: what it had read was erased, or what it referred to was deleted, before its end. */
import { isOvertaken } from './lost.ts'

/**
 * Runs a transaction, and once more where it was overtaken: nothing of it stands, and the second time it finds what the
 * other one left, and says so in words. Both together end within `deadlineMs`.
 */
export async function againOvertaken<T>(
  run: (deadlineMs: number) => Promise<T>,
  deadlineMs: number,
): Promise<T> {
  const startedAt = performance.now()
  try {
    return await run(deadlineMs)
  } catch (error) {
    if (!isOvertaken(error)) throw error
    return run(Math.max(deadlineMs - (performance.now() - startedAt), 1))
  }
}
