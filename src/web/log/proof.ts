/** Whether what the page shows is what the log's checkpoint signed: worked out here, from the files. */

import { checkOpening, EntryFault, parseEntry } from '../../client/logentry.ts'
import type { PageAbout } from '../../client/logpage.ts'
import { readState } from '../../client/logstate.ts'
import { type SignedState, trustKeyset } from '../../client/logtrust.ts'
import { type LogFaultShown, shownFault } from '../../client/logwords.ts'
import { LogFault } from '../../protocol/log/fault.ts'
import { treeHasher } from '../../protocol/log/hash.ts'
import { treeReader } from '../../protocol/log/reader.ts'
import { verifyLog } from '../../protocol/log/verify.ts'
import { sha256 } from '../../protocol/sodium.ts'
import { readFile } from './files.ts'
import type { Rows } from './rows.ts'

/** What was found. */
export type Verdict =
  /** Each entry that is shown stands under the checkpoint, and what is shown of it is what it says. */
  | { readonly holds: true; readonly state: SignedState }
  | { readonly holds: false; readonly fault: LogFaultShown }

/** Works it out, in slices. @param onProgress - called with how many of the shown entries are done */
export async function prove(
  about: PageAbout,
  { rows }: Rows,
  onProgress: (done: number) => void,
): Promise<Verdict> {
  try {
    const state = await readState(readFile, trustKeyset(about.keyset))
    if (state.size !== about.size) {
      throw new LogFault('root-wrong', 'the page is of another checkpoint')
    }
    const hasher = treeHasher(sha256)
    // What stands before the shown entries is in the tree by its hashes: with other ones, or with other
    // entries, the root would be another than the signed one.
    const { first } = about
    const root = await treeReader(hasher, readFile, state.size).rootAt(first)
    const opened = openingsChecked(rows, first)
    await verifyLog(hasher, readFile, state, {
      ...(first > 0 && { from: { size: first, root } }),
      onEntries: (start, entries) => {
        entries.forEach((bytes, offset) => {
          opened(bytes, start + offset)
        })
        onProgress(start + entries.length - first)
      },
    })
    return { holds: true, state }
  } catch (error) {
    return { holds: false, fault: shownFault(error) }
  }
}

/** Checks what is shown of one entry after another. */
function openingsChecked(rows: Rows['rows'], first: number) {
  const places = new Map<string, number>()
  return (bytes: Uint8Array, index: number): void => {
    const row = rows[index - first]
    if (row?.index !== index) {
      // One that cannot be read says what is wrong with it.
      parseEntry(bytes, index)
      return
    }
    const { entry, opening, isShown } = row
    const other = places.get(entry.id)
    if (other !== undefined) {
      throw new EntryFault('entry-malformed', index, `it has the id of entry ${other}`)
    }
    places.set(entry.id, index)
    if (!isShown) throw new EntryFault('entry-unshown', index, 'nothing opens it')
    checkOpening({ actor: entry.actor, details: entry.details }, opening, index)
  }
}
