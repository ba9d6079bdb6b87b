/** Lets one process at a time use a file that two would overwrite for each other. */
import { rm } from 'node:fs/promises'
import { keepFirst } from '../disk.ts'

/**
 * Locks `file` for this process with a file beside it that holds the process id. A lock left by a
 * process that has ended is taken over. Processes that cannot see each other, as in two containers,
 * cannot be told apart.
 *
 * @returns a function that unlocks it
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
    // We may not signal it: it belongs to another user, and is running.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
