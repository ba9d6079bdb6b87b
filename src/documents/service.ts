/**
 * Sealed files of referrals: uploaded piece by piece, handed out, and removed. What a file is, how it is called and which message
 * names it, nobody here knows.
 *
 * An upload is a row first. Its file is made after the row is committed, so a file without a row is nobody's (sweeping.ts). That it
 * is whole is written into the row from the file itself, by whoever next looks: after the last piece, and where a kill came
 * between, before it is handed out.
 */
import type { Readable } from 'node:stream'
import type { Act } from '../audit/entry.ts'
import { append } from '../audit/service.ts'
import type { SendingCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { takeTurn } from '../database/lock.ts'
import { Refusal } from '../errors.ts'
import { isSealedLength } from '../protocol/documents/format.ts'
import {
  type Asked,
  clientOf,
  requireOwnUpload,
  requireReadable,
  requireReferral,
  type UnknownReceipt,
} from './admitting.ts'
import { createFiles, type Files, type TusRequest } from './files.ts'
import { type DocumentLimits, ofBearer, requireRoom } from './limits.ts'
import {
  type DocumentRow,
  deleteOf,
  insertDocument,
  selectDocument,
  selectServedSince,
  selectUsed,
  selectWhole,
  updateStored,
} from './store.ts'

export { createSweeping } from './sweeping.ts'

export type DocumentsOptions = UnknownReceipt & {
  readonly database: Database
  /** Where sealed files stand, and how much is taken. */
  readonly documents: { readonly folder: string; readonly limits: DocumentLimits }
  readonly appendRepetition: (tx: Tx, act: Act) => Promise<void>
}

export type NewUpload = Pick<DocumentRow, 'id' | 'referralId' | 'bytes'>

/** A part of a file: from `first` to `last`, both counted in. */
export type Part = { readonly first: number; readonly last: number; readonly bytes: number }

export function createDocuments(options: DocumentsOptions) {
  const { database } = options
  const files = createFiles(options.documents.folder)

  /**
   * Begins an upload; the same again is answered as the first time.
   *
   * @throws Refusal `document-too-large`, `documents-full`, `document-budget-spent`, `document-id-taken`, `not-found`,
   *   `not-ready` where the disk is nearly full
   */
  async function begin(caller: SendingCaller, upload: NewUpload): Promise<void> {
    await database.inTransaction(caller, (tx) => beginIn(tx, options, files, upload))
    await files.make(upload.id)
  }

  /**
   * Answers a request of tus about an upload of the caller's own.
   *
   * @returns how far it is by now, and how long it is to be
   * @throws Refusal `not-found` for any other, `upload-offset-differs`, `request-incomplete`
   */
  async function proceed(caller: SendingCaller, id: string, request: TusRequest) {
    const { bytes, isStored } = await database.inTransaction(caller, async (tx) => {
      const row = await requireOwnUpload(tx, options, id)
      await options.appendRepetition(tx, entryOf('document.continued', row))
      return row
    })
    // A kill between row and file: the row is what counts.
    if (!isStored) await files.make(id)
    const offset = await files.answer(id, bytes, request)
    if (offset === bytes && !isStored && !(await settle(caller, id, bytes))) {
      throw new Refusal('not-found', 'there is no such document any more')
    }
    return { offset, bytes }
  }

  /** Notes that a file is whole, if it is, from the file and not from what was said of it. @returns whether it is */
  async function settle(caller: SendingCaller, id: string, bytes: number): Promise<boolean> {
    if ((await files.flushed(id)) !== bytes) return false
    return database.inTransaction(caller, async (tx) => {
      const row = await selectDocument(tx, id)
      if (row && (await updateStored(tx, id))) await append(tx, entryOf('document.stored', row))
      return row !== undefined
    })
  }

  /**
   * Hands a file out, or a part: its entry is committed before the first byte is read.
   *
   * @param from - where to begin; at its beginning, if left out
   * @throws Refusal `not-found` for any that is not the caller's, `document-incomplete`, `malformed-request` for a
   *   beginning behind its end
   */
  async function fetch(
    caller: SendingCaller,
    asked: Asked,
    from = 0,
  ): Promise<Part & { readonly file: Readable }> {
    const { id } = asked
    const look = () => database.inTransaction(caller, (tx) => openIn(tx, options, asked, from))
    const found = await look()
    const isWhole = found.isStored || (await settle(caller, id, found.bytes))
    const { bytes } = isWhole && !found.isStored ? await look() : found
    // After a restore a row may know of a file that is not there.
    if (!isWhole || (await files.bytesOf(id)) !== bytes) {
      throw new Refusal('document-incomplete', 'not all of its bytes are here')
    }
    const part = { first: from, last: bytes - 1, bytes }
    return { ...part, file: files.read(id, part.first, part.last) }
  }

  return { begin, proceed, fetch, bytesMax: options.documents.limits.bytesMax }
}

/**
 * Which documents of a referral are there, for who reads what names them. One whose last piece came just before a kill is
 * among them once somebody has asked for it.
 */
export function uploadedOf(tx: Tx, referralId: string): Promise<string[]> {
  return selectWhole(tx, referralId)
}

/**
 * Removes all documents of these referrals with the transaction. Their files follow within a minute of its commit, whatever is
 * killed meanwhile (sweeping.ts).
 *
 * @returns how many there were
 */
export function removeDocumentsOf(tx: Tx, referralIds: readonly string[]): Promise<number> {
  return deleteOf(tx, referralIds)
}

async function beginIn(
  tx: Tx<SendingCaller>,
  options: DocumentsOptions,
  files: Files,
  upload: NewUpload,
): Promise<void> {
  const { limits } = options.documents
  const { id, referralId, bytes } = upload
  await requireReferral(tx, options, referralId)
  if (!isSealedLength(bytes)) {
    throw new Refusal('malformed-request', 'Upload-Length is not that of a sealed file')
  }
  if (bytes > limits.bytesMax) {
    throw new Refusal('document-too-large', `a sealed file has at most ${limits.bytesMax} bytes`)
  }
  // One after the other: two at once would each find room for one.
  await takeTurn(tx, `documents of ${referralId}`)
  const clientId = clientOf(tx.caller)
  if (await selectDocument(tx, id)) return beginAgain(tx, options, upload)
  // Of several referrals the day of a client is still one. After the other lock, as everywhere.
  if (clientId !== null) await takeTurn(tx, `documents by ${clientId}`)
  const used = await selectUsed(tx, referralId, clientId)
  requireRoom(used, bytes, clientId === null ? ofBearer(limits) : limits)
  await files.requireRoomFor(bytes)
  const row = { ...upload, clientId }
  if (!(await insertDocument(tx, row))) return beginAgain(tx, options, upload)
  await removeErased(tx, files, id)
  // Asked again once it stands: who erases the referral waits for it, or was waited for.
  await requireReferral(tx, options, referralId)
  await append(tx, entryOf('document.begun', { ...row, isStored: false }))
}

/**
 * A file that is there before its row is of an erased referral, and nobody removed it yet: it must not live on under another. One
 * from before this database was served may have been lost by a restore, and its sender goes on with it.
 */
async function removeErased(tx: Tx, files: Files, id: string): Promise<void> {
  const changedAt = await files.changedAt(id)
  if (changedAt === undefined) return
  const since = await selectServedSince(tx)
  if (since === undefined || changedAt >= since) await files.remove(id)
}

/** Of an id that is known: by the same hand, of the same referral and length, it was begun already. */
async function beginAgain(
  tx: Tx<SendingCaller>,
  { appendRepetition }: DocumentsOptions,
  { id, referralId, bytes }: NewUpload,
): Promise<void> {
  const row = await selectDocument(tx, id)
  const isSame =
    row?.referralId === referralId && row.bytes === bytes && row.clientId === clientOf(tx.caller)
  if (!row || !isSame) throw new Refusal('document-id-taken', 'there is another of this id')
  const { details, ...act } = entryOf('document.begun', row)
  await appendRepetition(tx, { ...act, details: { ...details, repeated: true } })
}

/** Adds the entry of what is handed out; of a file that is not known to be whole there is none. */
async function openIn(
  tx: Tx<SendingCaller>,
  options: DocumentsOptions,
  asked: Asked,
  from: number,
): Promise<DocumentRow> {
  const row = await requireReadable(tx, options, asked)
  if (from >= row.bytes) throw new Refusal('malformed-request', 'range begins behind the end')
  if (row.isStored) {
    const act = { ...entryOf('document.opened', row, from), ...ofRecipient(asked) }
    // What it uploaded itself shows it nothing new, and it may ask for that without end.
    const isOwn = asked.kid === undefined && row.clientId === clientOf(tx.caller)
    await (isOwn ? options.appendRepetition(tx, act) : append(tx, act))
  }
  return row
}

function ofRecipient({ kid }: Asked): Pick<Act, 'recipient'> {
  return kid === undefined ? {} : { recipient: kid }
}

type DocumentAction = Extract<Act['action'], `document.${string}`>

/** It stands with its referral: whoever traces that one finds it there. */
function entryOf(action: DocumentAction, row: Omit<DocumentRow, 'clientId'>, from?: number): Act {
  const details = { document: row.id, bytes: row.bytes, ...(from ? { from } : {}) }
  return { action, object: { kind: 'referral', id: row.referralId }, details }
}
