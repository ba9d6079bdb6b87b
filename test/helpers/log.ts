/** What the background work of a test signs the access log with, and keeps beside it. */
import { join } from 'node:path'
import type { World } from '../../examples/ceremony.ts'
import type { LogOptions } from '../../src/background/work.ts'
import { readIfThere, replaceFile } from '../../src/disk.ts'

/** The newest checkpoint is kept in a file of `folder`. */
export function logIn(folder: string, { origin, logKey }: World): LogOptions {
  const file = join(folder, 'audit-checkpoint')
  return {
    ...{ origin, keys: [logKey] },
    kept: { read: () => readIfThere(file), write: (checkpoint) => replaceFile(file, checkpoint) },
    witnesses: [],
    post: async () => ({ status: 404, text: '' }),
  }
}
