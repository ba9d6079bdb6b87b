/**
 * `intake case export`: a copy of a case in a folder, for the person whom it is about.
 *
 * While it is made there is a file `unfinished` in the folder: the id of the case, and a line for each file that is written, with the
 * id of its document. `case.json` comes last: where it is, the copy is whole. A call that finds `unfinished` goes on, and
 * fetches no document again that it names. A file that it does not name, because the call died in between, is compared.
 */
import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import {
  type Attachment,
  attachmentsIn,
  type ExportedReferral,
  type Gap,
  jsonText,
  type Reader,
  ServiceProblem,
  shown,
} from '../../client/index.ts'
import {
  appendLines,
  keepFirstOpened,
  makeFolder,
  removeFile,
  replaceOpened,
  requireOwn,
} from '../../disk.ts'
import type { ErrorCode } from '../../errors.ts'
import { type Command, fitted, type Report, UsageError } from '../command.ts'
import { attachmentsTold, eachOnce, faultOf } from '../documents/getting.ts'
import { openInto } from '../documents/opening.ts'
import { connection, connectionDetails, readerOf, warnOfDates } from '../settings.ts'
import { type CopiedFile, type CopiedReferral, pageOfCase, wordsOfGap } from './exportpage.ts'
import { named } from './naming.ts'

/** `intake case export`. */
export const caseExport: Command = {
  operands: 'CASE|REFERENCE --into FOLDER',
  summary: 'Copy all of a case into a folder, opened, for the person whom it is about.',
  details: `The folder holds case.json, the same as case.txt to be read, and the documents of each referral under its reference. Only you
may read them. No file is overwritten; interrupted, call it again with the same folder, and it goes on.

What your key does not open is named, and the exit code is 1. What may do something when it is opened, or is of another type
than stated, is named too, and written with --allow-active. Entries of the access log are without the persons who called.

Read it before you hand it over: it holds what colleagues wrote, and may name others. No message counts as read by it.

Your client needs the scope cases:export, which is granted by name only. Each part that is released is logged.

${connectionDetails}`,
  options: {
    into: { value: 'FOLDER', help: 'A new folder, or that of a copy that was interrupted.' },
    'allow-active': { help: 'Write also documents that are refused otherwise.' },
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input): Promise<Report> {
    const [name = ''] = input.operands.map(named)
    const folder = input.needed('into')
    await requireFree(folder)
    const reader = await readerOf(input)
    await warnOfDates(reader)
    const copy = await reader.exportCase(name)
    const { caseId } = copy.case
    const written = await begin(folder, caseId)
    const gaps: Gap[] = [...copy.gaps]
    const referrals: CopiedReferral[] = []
    for (const referral of copy.referrals) {
      const place = {
        folder: join(folder, referral.reference),
        allowsActive: input.given('allow-active'),
        ...{ written, note: (line: string) => appendLines(join(folder, marker), `${line}\n`) },
      }
      const files = await filesOf(reader, referral, place, gaps)
      referrals.push({ ...withoutKeys(referral), files })
    }
    const value = { format: 1, exportedAt: new Date().toISOString(), ...copy, referrals, gaps }
    await replaceOpened(join(folder, 'case.txt'), `${fitted(pageOfCase(value))}\n`)
    await finish(folder, `${jsonText(value, 2)}\n`)
    const files = referrals.flatMap((one) => one.files).filter((one) => 'file' in one).length
    const text = [
      `Case ${shown(caseId)}: ${counted(referrals.length, 'referral')} and ${counted(files, 'document')} in ${shown(folder)}`,
      ...gaps.map((gap) => wordsOfGap(gap, referrals)),
      'Read it before you hand it over: it may name others.',
    ]
    return {
      value: { caseId, folder, referrals: referrals.length, files, gaps },
      text: fitted(text.join('\n')),
      failed: gaps.length > 0,
    }
  },
}

function counted(count: number, what: string): string {
  return count === 1 ? `one ${what}` : `${count} ${what}s`
}

const marker = 'unfinished'

/** A new folder, an empty one, or one of a copy that is not whole: in which nobody else may exchange what is handed over. */
async function requireFree(folder: string): Promise<void> {
  await requireOwn(folder, 'a copy of a case')
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [] as string[]
    throw error
  })
  // Killed while it wrote the marker, a call has left a draft of that.
  const isEmpty = found.every((name) => name.startsWith(`${marker}.`))
  if (isEmpty || (found.includes(marker) && !found.includes(whole))) return
  const why = found.includes(whole) ? 'holds a copy already' : 'holds something else'
  throw new UsageError(`${folder} ${why}: name a new folder with --into`)
}

const whole = 'case.json'

/** @returns a line for each file that an earlier call has written */
async function begin(folder: string, caseId: string): Promise<ReadonlySet<string>> {
  await makeFolder(folder)
  const kept = await keepFirstOpened(join(folder, marker), `${caseId}\n`)
  const [of, ...lines] = kept.split('\n')
  if (of === caseId) return new Set(lines)
  throw new UsageError(`${folder} holds the beginning of a copy of another case: name a new folder`)
}

async function finish(folder: string, text: string): Promise<void> {
  const kept = await keepFirstOpened(join(folder, whole), text)
  if (kept !== text) throw new UsageError(`${folder} was filled by another call meanwhile`)
  await removeFile(join(folder, marker))
}

type Place = {
  readonly folder: string
  readonly allowsActive: boolean
  /** What `unfinished` says is written, and what adds to it. */
  readonly written: ReadonlySet<string>
  readonly note: (line: string) => Promise<void>
}

/** What a service says of one file, and says again however often it is asked for. */
const ofFile: ReadonlySet<string | undefined> = new Set([
  'not-found',
  'erased',
  'document-incomplete',
] satisfies ErrorCode[])

/** Fetches each file that what opened names; and says of which nothing does. */
async function filesOf(
  reader: Reader,
  referral: ExportedReferral,
  place: Place,
  gaps: Gap[],
): Promise<CopiedFile[]> {
  const { referralId } = referral
  const attachments = attachmentsOf(referral)
  const files: CopiedFile[] = []
  for (const [at, attachment] of attachments.entries()) {
    const { key: _, ...about } = attachment
    const here = { ...place, number: at + 1 }
    try {
      const file =
        (await fileThere(here, attachment)) ??
        (await fetchInto(reader, referralId, attachment, here))
      files.push({ ...about, number: here.number, file })
    } catch (error) {
      // Of the call and not of the file, such as a token that ended: the next call goes on from here.
      if (error instanceof ServiceProblem && !ofFile.has(error.problem.code)) throw error
      const { code, detail } = faultOf(error)
      files.push({ ...about, number: here.number, code })
      const name = attachment.documentId
      gaps.push({ referralId, part: 'document', name, why: code as Gap['why'], detail })
    }
  }
  for (const { documentId, bytes } of referral.documents) {
    if (attachments.some((one) => one.documentId === documentId)) continue
    const detail = `nothing that opened names this sealed file of ${bytes} bytes`
    gaps.push({ referralId, part: 'document', name: documentId, why: 'document-unnamed', detail })
  }
  return files
}

/** In the order of `intake documents list`. */
function attachmentsOf({ opened, messages }: ExportedReferral): Attachment[] {
  const own = opened?.compartments.documents as { list?: unknown } | undefined
  return eachOnce([...attachmentsIn(own?.list), ...messages.flatMap(attachmentsTold)])
}

type Here = Place & { readonly number: number }

/** The file of that document which an interrupted call has written: it gets its name once it is whole. */
async function fileThere(
  { folder, number, written }: Here,
  { documentId, size }: Attachment,
): Promise<string | undefined> {
  const found = await readdir(folder).catch(() => [] as string[])
  const name = found.find((file) => file.startsWith(`document-${number}.`) && !/\.part$/.test(file))
  if (name === undefined || !written.has(lineOf(join(folder, name), documentId))) return undefined
  const path = join(folder, name)
  return (await stat(path)).size === size ? path : undefined
}

async function fetchInto(
  reader: Reader,
  referralId: string,
  attachment: Attachment,
  here: Here,
): Promise<string> {
  const path = await openInto(reader, referralId, attachment, here)
  await here.note(lineOf(path, attachment.documentId))
  return path
}

/** `REFERENCE/document-1.pdf`, and which document that is. */
function lineOf(path: string, documentId: string): string {
  return `${basename(dirname(path))}/${basename(path)} ${documentId}`
}

/** Without what opens the files that are stored: whoever is given the copy has the files. */
function withoutKeys(referral: ExportedReferral): ExportedReferral {
  return JSON.parse(JSON.stringify(referral), (name, value) => {
    const isAttachment = name !== '' && typeof value?.documentId === 'string' && 'sha256' in value
    if (!isAttachment) return value
    const { key: _, ...rest } = value
    return rest
  })
}
