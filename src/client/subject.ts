/** How referrals end, and the copy that their person may ask for, loaded with the first call: few readers do any of it. */
import type { Erasing } from './erasing.ts'
import type { Exporting, ExportingParts } from './exporting.ts'

/** The part of a reader that hands out, closes and erases. @param parts - with the id of the key that it opens with */
export function createSubject(
  parts: ExportingParts & { readonly kid: string },
): Erasing & Exporting {
  const { transport, kid } = parts
  const erasing = async () => (await import('./erasing.ts')).createErasing(transport, kid)
  return {
    close: async (name) => (await erasing()).close(name),
    erase: async (name) => (await erasing()).erase(name),
    eraseCase: async (found) => (await erasing()).eraseCase(found),
    placeHold: async (name, reason) => (await erasing()).placeHold(name, reason),
    liftHold: async (name) => (await erasing()).liftHold(name),
    holds: async () => (await erasing()).holds(),
    exportCase: async (name) =>
      (await import('./exporting.ts')).createExporting(parts).exportCase(name),
  }
}
