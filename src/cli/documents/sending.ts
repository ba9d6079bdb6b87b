/** Documents on their way: each piece is uploaded as soon as it is sealed, but for the last. */
import {
  type Attachment,
  type Documents,
  type SealedSource,
  ServiceProblem,
} from '../../client/index.ts'
import { createByteProgress } from '../progress.ts'
import { openForSealing, type Sealing } from './sealing.ts'

/** Files for one referral, by their paths. */
export type FilesToSend = {
  readonly home: string
  readonly referralId: string
  readonly files: readonly {
    readonly path: string
    readonly about: Pick<Attachment, 'type' | 'name'>
  }[]
}

/**
 * Seals files and uploads them meanwhile, one after the other. The last piece of each waits until `name` has named all of them to
 * the other side: what nobody was told of is never whole, and the service forgets it.
 *
 * `name` is called once all are sealed and wait here (waiting.ts), and the service has let each upload begin; so it is not called
 * where nothing can be uploaded. Unless they may be named by now, nothing of them stays here after an error.
 *
 * @returns what was named; and why not all is uploaded, if it is not: `uploadWaiting` goes on
 * @throws UsageError for a format that is not taken; ServiceProblem such as `documents-full`; and what `name` throws
 */
export async function sendDocuments(
  { home, referralId, files }: FilesToSend,
  by: Pick<Documents, 'beginUpload' | 'upload'>,
  name: (documents: readonly Attachment[]) => Promise<unknown>,
): Promise<{ readonly documents: readonly Attachment[]; readonly failure?: unknown }> {
  const sealings: Sealing[] = []
  const named = Promise.withResolvers<void>()
  // There may be nobody who waits for it.
  named.promise.catch(() => undefined)
  let uploaded: Promise<unknown> = Promise.resolve()
  let isNaming = false
  try {
    for (const { path, about } of files) {
      sealings.push(await openForSealing(home, referralId, path, about))
    }
    const begun = beginAll(sealings, by)
    uploaded = begun.then(
      () => uploadAll(sealings, by, named.promise),
      () => undefined,
    )
    const documents: Attachment[] = []
    for (const sealing of sealings) {
      documents.push(await sealing.seal())
      // The first is sealed meanwhile; where it is refused, no other is.
      await begun
    }
    for (const { keep } of sealings) await keep()
    isNaming = true
    await name(documents)
    named.resolve()
    const failure = await uploaded
    return { documents, ...(failure !== undefined && { failure }) }
  } catch (error) {
    // An error that no other try would mend: what failed was the naming, and not the upload.
    named.reject(new Error('it was not named', { cause: error }))
    await uploaded
    if (!isNaming || isNothingStored(error)) for (const { forget } of sealings) await forget()
    throw error
  } finally {
    for (const { close } of sealings) await close()
  }
}

async function beginAll(
  sealings: readonly Sealing[],
  by: Pick<Documents, 'beginUpload'>,
): Promise<void> {
  for (const { source } of sealings) await by.beginUpload(source)
}

/**
 * Uploads one after the other; the second waits until all are named, as the end of the first does.
 *
 * @returns the first failure; what failed stays, and holds up no other
 */
async function uploadAll(
  sealings: readonly Sealing[],
  by: Pick<Documents, 'upload'>,
  named: Promise<void>,
): Promise<unknown> {
  const failures: unknown[] = []
  for (const [index, { source, forget }] of sealings.entries()) {
    try {
      // What is not sealed yet may never be.
      if (index > 0) await named
      await by.upload(heldBack(source, named), createByteProgress(`Document ${index + 1}`))
      await forget()
    } catch (error) {
      failures.push(error)
    }
  }
  return failures[0]
}

function isNothingStored(error: unknown): boolean {
  return error instanceof ServiceProblem && error.problem.stored === false
}

/** The same file, whose last piece waits. */
function heldBack(source: SealedSource, named: Promise<void>): SealedSource {
  return {
    ...source,
    async read(at, length) {
      if (at + length >= source.bytes) await named
      return source.read(at, length)
    },
  }
}
