/** What the person whom a case is about may ask for, loaded with the first call: most readers never do any of it. */
import type { Erasing } from './erasing.ts'
import type { Transport } from './transport.ts'

/** The part of a reader that erases. */
export function createSubject(transport: Transport): Erasing {
  const erasing = async () => (await import('./erasing.ts')).createErasing(transport)
  return {
    erase: async (name) => (await erasing()).erase(name),
    eraseCase: async (found) => (await erasing()).eraseCase(found),
    placeHold: async (name, reason) => (await erasing()).placeHold(name, reason),
    liftHold: async (name) => (await erasing()).liftHold(name),
    holds: async () => (await erasing()).holds(),
  }
}
