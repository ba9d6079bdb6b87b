/**
 * To whom a recipient may grant: readers of the verified keyset or directory, and nobody whom only the service names
 * (docs/PROTOCOL.md, "Grants").
 */
import { Refusal } from '../errors.ts'
import type { NewReader } from '../protocol/messages/rewrap.ts'
import type { Directory } from '../protocol/trust/directory.ts'
import type { Keyset } from '../protocol/trust/keyset.ts'

/** A reader as a root, or the directory key, has signed that it is. */
export type ListedReader = NewReader & {
  readonly label: string
  /** Until when it is listed at all, if that ends. */
  readonly until?: string | undefined
}

/** All of them: the recipients first, and after them the grantees that are none, as far as they have not ended. */
export function listedReaders(keyset: Keyset, directory: Directory, now: Date): ListedReader[] {
  const grantees = directory.grantees.filter(({ kid, until }) => {
    const hasEnded = until !== undefined && !(now.getTime() < Date.parse(until))
    return !hasEnded && !keyset.recipients.some((recipient) => recipient.kid === kid)
  })
  return [...keyset.recipients, ...grantees]
}

/**
 * The reader of a kid, or of a label that no other has.
 *
 * @throws Refusal `unknown-recipient-key`
 */
export function readerNamed(readers: readonly ListedReader[], name: string): ListedReader {
  const byKid = readers.find(({ kid }) => kid === name)
  const byLabel = readers.filter(({ label }) => label === name)
  const reader = byKid ?? (byLabel.length === 1 ? byLabel[0] : undefined)
  if (reader) return reader
  const among = 'in the newest keyset and directory, which are verified'
  throw new Refusal(
    'unknown-recipient-key',
    byLabel.length > 1
      ? `several readers have that label ${among}: name one by its kid`
      : `no reader has that kid or label ${among}`,
  )
}
