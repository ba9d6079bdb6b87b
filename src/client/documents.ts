/**
 * Sealed files: up in pieces that go on where a broken line left off, and down, opened as they come. They are sealed by
 * `createDocumentSealer`, and named in a referral or a message before their last piece goes up (docs/PROTOCOL.md, "Documents").
 */
import type { ErrorCode } from '../errors.ts'
import { decodeBase64url, encodeBase64url, giveBack } from '../protocol/bytes.ts'
import { largestPerReferral } from '../protocol/documents/format.ts'
import { createDocumentOpener } from '../protocol/documents/open.ts'
import type { Sealed } from '../protocol/documents/seal.ts'
import { Attachment } from '../referral/fields/documents.ts'
import { schemaProblems } from '../referral/problems.ts'
import { BadAnswer, NoAnswer, ServiceProblem } from './failure.ts'
import { jittered, pause } from './pacing.ts'
import type { Call, Exchange, Transport } from './transport.ts'

/** A sealed file, wherever it is kept. */
export type SealedSource = {
  readonly referralId: string
  readonly documentId: string
  /** How long it is. */
  readonly bytes: number
  /** At most `length` bytes from a place on. */
  read(from: number, length: number): Promise<Uint8Array<ArrayBuffer>>
}

/** Told how many bytes are done, of how many. */
export type Progress = (done: number, bytes: number) => void

/** What either side does with files. */
export type Documents = {
  /**
   * Begins an upload, which `upload` goes on with: what the service would refuse is refused before anybody is told of the file.
   * What is begun and not finished, it forgets after a day. Safe to repeat.
   *
   * @throws ServiceProblem such as `documents-full`, NoAnswer
   */
  beginUpload(source: Pick<SealedSource, 'referralId' | 'documentId' | 'bytes'>): Promise<void>
  /**
   * Uploads a sealed file to a referral, from where an earlier try ended. Safe to repeat.
   *
   * @throws ServiceProblem such as `documents-full`, NoAnswer where no piece went through for a minute
   */
  upload(source: SealedSource, onProgress?: Progress): Promise<void>
  /**
   * Fetches and opens a file, piece by piece. What comes is to be kept apart, and used for nothing before the last piece
   * came without an error.
   *
   * @throws Refusal `document-exchanged`, `document-altered`, `document-truncated`; ServiceProblem
   *   `document-incomplete` for one that is not there yet; NoAnswer
   */
  document(
    referralId: string,
    attachment: Attachment,
    onProgress?: Progress,
  ): AsyncGenerator<Uint8Array>
}

/** What whoever names files in a referral asks first. */
export type UploadLimits = {
  /**
   * How long a sealed file may be, and all of one referral. Ask before a referral is sent that names files: what is refused after
   * that is named and never there. Without bounds where the service tells none.
   *
   * @throws ServiceProblem `insufficient-scope` where you may upload none; NoAnswer, BadAnswer
   */
  uploadLimits(): Promise<{ readonly bytesMax: number; readonly referralBytesMax: number }>
}

const tus = { 'tus-resumable': '1.0.0' }

/** Each piece costs the service two transactions. */
const pieceBytesMax = 4 * 1024 * 1024
/** Once something failed: a slow line has a minute for each. */
const pieceBytesMin = 512 * 1024
/** Without a byte in between. */
const triesMax = 6
const waitMs = 500
const waitMsMax = 20_000

const passing: readonly ErrorCode[] = [
  ...(['request-incomplete', 'upload-offset-differs', 'too-many-requests', 'not-ready'] as const),
  'outcome-unknown',
]

/** The paths of one side. */
export type DocumentPaths = {
  readonly call: Pick<Call, 'open' | 'headers'>
  readonly uploads: string
  pathOf(referralId: string, documentId: string): string
}

/** The part of a client that sends and fetches files. */
export function createDocuments(
  { exchange }: Pick<Transport, 'exchange'>,
  paths: DocumentPaths,
): Documents {
  function ask(request: Exchange): Promise<Response> {
    const headers = { ...paths.call.headers, ...request.headers }
    return exchange({ ...paths.call, ...request, headers })
  }

  const beginUpload: Documents['beginUpload'] = async ({ referralId, documentId, bytes }) => {
    const metadata = `referral ${btoa(referralId)},document ${btoa(documentId)}`
    const headers = { ...tus, 'upload-length': String(bytes), 'upload-metadata': metadata }
    await ask({ method: 'POST', path: paths.uploads, headers })
  }

  async function placeOf({ documentId }: SealedSource): Promise<number> {
    const path = `${paths.uploads}/${documentId}`
    return offsetOf(await ask({ method: 'HEAD', path, headers: tus }))
  }

  async function upload(source: SealedSource, onProgress: Progress = () => {}): Promise<void> {
    const { documentId, bytes } = source
    const path = `${paths.uploads}/${documentId}`
    const tries = createTries()
    let pieceBytes = pieceBytesMax
    for (let offset: number | undefined; ; ) {
      try {
        // Where it stands is asked for at first, and whenever an answer was lost.
        if (offset === undefined) {
          await beginUpload(source)
          offset = within(await placeOf(source), 0, bytes)
        }
        // Of a piece that broke off what came is kept.
        tries.reach(offset)
        onProgress(offset, bytes)
        if (offset === bytes) return
        const piece = await source.read(offset, pieceBytes)
        const headers = {
          ...{ ...tus, 'upload-offset': String(offset) },
          'content-type': 'application/offset+octet-stream',
        }
        const next = offsetOf(await ask({ method: 'PATCH', path, headers, bytes: piece }))
        offset = within(next, offset + 1, offset + piece.length)
      } catch (error) {
        offset = undefined
        pieceBytes = pieceBytesMin
        await tries.spend(error)
      }
    }
  }

  async function* document(
    referralId: string,
    attachment: Attachment,
    onProgress: Progress = () => {},
  ): AsyncGenerator<Uint8Array> {
    const { documentId, key, sha256, size } = attachment
    const keys = { key: decodeBase64url(key, 32), sha256: decodeBase64url(sha256, 32) }
    const opener = createDocumentOpener({ referralId, documentId, size, ...keys })
    for await (const bytes of sealedBytes(paths.pathOf(referralId, documentId), onProgress)) {
      yield* opener.push(bytes)
      giveBack(bytes)
    }
    opener.end()
  }

  /** The file as it is stored, asked for again from where a line broke. */
  async function* sealedBytes(path: string, onProgress: Progress): AsyncGenerator<Uint8Array> {
    const tries = createTries()
    for (let done = 0; ; ) {
      try {
        const range = { range: `bytes=${done}-` }
        const answer = await ask({ method: 'GET', path, ...(done > 0 && { headers: range }) })
        const whole = done + Number(answer.headers.get('content-length') ?? Number.NaN)
        if (done > 0 && answer.status !== 206) throw new BadAnswer('a part was asked for, not all')
        for await (const bytes of answer.body ?? []) {
          done += bytes.length
          onProgress(done, whole)
          tries.reach(done)
          yield bytes
        }
        return
      } catch (error) {
        await tries.spend(error instanceof TypeError || isTimeout(error) ? lost(error) : error)
      }
    }
  }

  return { beginUpload, upload, document }
}

/** The part of a client that asks how much is taken. */
export function createUploadLimits(
  { exchange }: Pick<Transport, 'exchange'>,
  path: string,
): UploadLimits {
  return {
    async uploadLimits() {
      const { headers } = await exchange({ method: 'OPTIONS', path })
      const text = headers.get('tus-max-size') ?? 'Infinity'
      const bytesMax = Number(text)
      if (!(bytesMax > 0)) throw new BadAnswer('the answer says no size of documents')
      return { bytesMax, referralBytesMax: largestPerReferral * bytesMax }
    },
  }
}

/** What opens a file that was sealed here, for the referral or message that names it. */
export function attachmentOf(
  about: Pick<Attachment, 'type' | 'fileType' | 'name' | 'documentId'>,
  key: Uint8Array,
  { size, sha256 }: Sealed,
): Attachment {
  const keys = { key: encodeBase64url(key), sha256: encodeBase64url(sha256) }
  return { ...about, name: about.name.normalize('NFC'), size, ...keys }
}

/** Tries that begin anew with each byte that goes through. */
function createTries() {
  let failed = 0
  let farthest = 0
  return {
    /** What goes back and forth gets nowhere. */
    reach(offset: number): void {
      if (offset > farthest) failed = 0
      farthest = Math.max(farthest, offset)
    },
    /** @throws what was thrown, where another try would not help, or came too often */
    async spend(error: unknown): Promise<void> {
      failed += 1
      if (!mayPass(error) || failed === triesMax) throw error
      await pause(jittered(Math.min(waitMs * 2 ** failed, waitMsMax)))
    },
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof NoAnswer) return true
  if (!(error instanceof ServiceProblem)) return false
  const { code, status } = error.problem
  // A proxy's own page: no replica answers it now, or the piece is larger than it lets through.
  if (code === undefined) return status === 413 || status >= 500
  return passing.includes(code)
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

/** A body that breaks off is told by the network's own errors. */
function lost(cause: unknown): NoAnswer {
  return new NoAnswer('the line broke off', { cause })
}

function offsetOf(response: Response): number {
  const offset = response.headers.get('upload-offset') ?? ''
  if (!/^[0-9]{1,15}$/.test(offset)) throw new BadAnswer('the answer says no place of the upload')
  return Number(offset)
}

/** @throws BadAnswer for a place where the upload cannot stand */
function within(offset: number, least: number, most: number): number {
  if (offset >= least && offset <= most) return offset
  throw new BadAnswer(`the upload is said to stand at ${offset}, where it cannot be`)
}

/** Those files of a list that was opened which this client can fetch; others name none, or are of another form. */
export function attachmentsIn(list: unknown): Attachment[] {
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown) => {
    const named = { fileType: 'text/plain', name: '?', ...(item as Partial<Attachment>) }
    // A format that a newer client knows is shown as such, and is not opened as one of ours.
    const known = schemaProblems(Attachment, named).every(({ pointer }) => pointer === '/fileType')
    return known && typeof named.fileType === 'string' ? [named as Attachment] : []
  })
}
