/** Sealing a draft, with the documents that go with it, for the outbox to keep. */
import type { Draft, Referrer } from '../../client/index.ts'
import { parseJson } from '../json.ts'
import type { Outbox, Sealed } from './outbox.ts'
import type { DraftBytes, Task } from './sending.ts'

/**
 * Seals a draft under the id of its task.
 *
 * @param before - what was sealed from it, and has to be sealed again
 * @returns what is to be sent: of two calls at once, what was kept first
 */
export async function seal(
  referrer: Referrer,
  outbox: Outbox,
  { id, files, places, ...task }: Task,
  { sha256, bytes }: DraftBytes,
  before: Sealed | undefined,
): Promise<Sealed> {
  const supersedes = before?.envelope.header.supersedes ?? task.supersedes
  const parsed = parseJson<Draft>(bytes, files[0] ?? id)
  const sealing = { referralId: id, ...(supersedes !== undefined && { supersedes }) }
  // On the disk before anything names them.
  const { attachments, documents } = await outbox.enclose(id, task.documents ?? [])
  let kept: Sealed | undefined
  try {
    const envelope = await referrer.seal(parsed, { ...sealing, documents: attachments })
    // Where the draft lies is known before there is anything that could be sent without looking there.
    await outbox.remember(id, places)
    kept = await outbox.keep(sha256, envelope, documents)
    return kept
  } finally {
    // Another call was first, or nothing was kept.
    kept ??= await outbox.sealed(id)
    const named = new Set(kept?.documents?.map(({ documentId }) => documentId))
    await outbox.forget(
      id,
      documents.filter(({ documentId }) => !named.has(documentId)),
    )
  }
}
