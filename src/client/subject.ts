/** What the person whom a case is about may ask for, loaded with the first call: most readers never do any of it. */
import type { Erasing } from './erasing.ts'
import type { Exporting, ExportingParts } from './exporting.ts'

/** The part of a reader that hands out and erases. */
export function createSubject(parts: ExportingParts): Erasing & Exporting {
  const erasing = async () => (await import('./erasing.ts')).createErasing(parts.transport)
  return {
    erase: async (name) => (await erasing()).erase(name),
    eraseCase: async (found) => (await erasing()).eraseCase(found),
    placeHold: async (name, reason) => (await erasing()).placeHold(name, reason),
    liftHold: async (name) => (await erasing()).liftHold(name),
    holds: async () => (await erasing()).holds(),
    exportCase: async (name) =>
      (await import('./exporting.ts')).createExporting(parts).exportCase(name),
  }
}
