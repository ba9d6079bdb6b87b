/** One process at a time with a file: what two would write over each other is written by one. */
import { rm } from 'node:fs/promises'
import { keepFirst } from '../disk.ts'

/**
 * Takes `file` for this process, by a file beside it that holds its number; one that a process left
 * which has ended is taken over. Processes that do not see each other, as in two containers, are not
 * told apart.
 *
 * @returns what gives it free again
 * @throws Error if another process has it
 */
export async function lockFile(file: string): Promise<() => Promise<void>> {
  const [lock, own] = [`${file}.lock`, String(process.pid)]
  let holder = await keepFirst(lock, own)
  if (holder !== own && !isRunning(Number(holder))) {
    await rm(lock, { force: true })
    holder = await keepFirst(lock, own)
  }
  if (holder !== own) {
    throw new Error(`process ${holder} counts in ${file}: end it; if it is another, remove ${lock}`)
  }
  return () => rm(lock, { force: true })
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid < 1) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Not permitted to signal it: it is another user's, and there.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
