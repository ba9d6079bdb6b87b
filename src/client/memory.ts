/**
 * What a client must remember from one start to the next, so that it notices when a server shows it
 * an older keyset or directory than it has seen. Losing it loses no referral, only that protection.
 */
export interface Memory {
  /** What was last saved under `name`, or `undefined`. */
  load(name: string): Promise<string | undefined> | string | undefined
  /** Keeps `value` under `name`. It holds nothing secret. */
  save(name: string, value: string): Promise<void> | void
}

/** A memory that ends with the process: what a client has if it is given no other. */
export function processMemory(): Memory {
  const kept = new Map<string, string>()
  return {
    load: (name) => kept.get(name),
    save: (name, value) => {
      kept.set(name, value)
    },
  }
}
