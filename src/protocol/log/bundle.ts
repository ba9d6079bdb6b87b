/**
 * Entry bundles: C2SP tlog-tiles (c2sp.org/tlog-tiles), "Log entries". Each entry stands behind its
 * length in two bytes, the greater first.
 */
import { LogFault } from './fault.ts'

/** As long as an entry may be: what two bytes can state. */
export const entryBytesMax = 0xffff

/**
 * Writes a bundle.
 *
 * @throws RangeError for an entry that is longer than 65,535 bytes
 */
export function writeBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(entries.reduce((length, entry) => length + 2 + entry.length, 0))
  let offset = 0
  for (const entry of entries) {
    if (entry.length > entryBytesMax) throw new RangeError('an entry is longer than 65,535 bytes')
    bytes[offset] = entry.length >> 8
    bytes[offset + 1] = entry.length & 0xff
    bytes.set(entry, offset + 2)
    offset += 2 + entry.length
  }
  return bytes
}

/**
 * The entries of a bundle, as views of its bytes.
 *
 * @param width - how many there must be; those after them are left out
 * @param path - where the bundle stands, for the fault
 * @throws LogFault `entries-malformed` for fewer entries, and for bytes that end within one
 */
export function parseBundle(bytes: Uint8Array, width: number, path: string): Uint8Array[] {
  const entries: Uint8Array[] = []
  let offset = 0
  while (offset < bytes.length) {
    const start = offset + 2
    offset = start + (((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0))
    if (start > bytes.length || offset > bytes.length) {
      throw new LogFault('entries-malformed', `${path} ends within an entry`, { path })
    }
    // A megabyte may hold half a million empty ones: they cost a view each.
    if (entries.length < width) entries.push(bytes.subarray(start, offset))
  }
  if (entries.length < width) {
    const detail = `${path} has ${entries.length} entries of ${width}`
    throw new LogFault('entries-malformed', detail, { path })
  }
  return entries
}
