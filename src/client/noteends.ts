/**
 * How far the notes about each referral were seen to go. A chain shows what is missing in between, and
 * never what is missing at its end: a server that holds the newest back is found out by whoever has
 * read or written them before, as long as that client remembers it.
 */
import type { ReadNote } from '../protocol/messages/notechain.ts'
import type { Memory } from './memory.ts'
import { readMemory, SeenNotes } from './schemas.ts'

/** What is remembered: under which name, and how one of them is called. */
type Kind = { readonly name: string; nameOf(number: number): string }
const ofNotes: Kind = { name: 'notes', nameOf: (number) => `note ${number}` }

/** What this client has seen of a kind of chain. @param origin - the service whose they are */
export function createNoteEnds(
  { memory, origin }: { memory: Memory; origin: string },
  kind: Kind = ofNotes,
) {
  const nameOf = (referralId: string) => `${kind.name} ${origin} ${referralId}`

  /** The newest that was seen of the notes about a referral, if any was. */
  async function seen(referralId: string): Promise<SeenNotes | undefined> {
    const remembered = await memory.load(nameOf(referralId))
    return remembered === undefined ? undefined : readMemory(SeenNotes, remembered)
  }

  /** Remembers `newest`, unless it is no further than what was seen before. */
  async function remember(referralId: string, { number, envelopeHash }: SeenNotes): Promise<void> {
    const before = await seen(referralId)
    if (before && before.number >= number) return
    const now: SeenNotes = { number, envelopeHash }
    await memory.save(nameOf(referralId), JSON.stringify(now))
  }

  /**
   * What is missing at the end of verified notes, or has been exchanged there, against what was seen; and
   * remembers how far they go.
   *
   * @param notes - in the order of their numbers
   * @returns whole sentences
   */
  async function check(
    referralId: string,
    notes: readonly Pick<ReadNote, 'number' | 'envelopeHash'>[],
  ): Promise<string[]> {
    const before = await seen(referralId)
    const newest = notes.at(-1)
    if (newest) await remember(referralId, newest)
    if (!before) return []
    const last = newest?.number ?? 0
    if (last < before.number) {
      const was = `${kind.nameOf(before.number)} was read or written here before`
      return [`The newest was ${before.number}, and now is ${last}: ${was}.`]
    }
    const same = notes.filter(({ number }) => number === before.number)
    // One that is not there at all is missed by the chain.
    if (same.length === 0) return []
    if (same.some(({ envelopeHash }) => envelopeHash === before.envelopeHash)) return []
    return [`${kind.nameOf(before.number)} is not the one that was read or written here before.`]
  }

  return { seen, remember, check }
}
