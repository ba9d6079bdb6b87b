/** `intake documents list` and `get`: what a recipient may open of a referral, and what its referrer was sent. */
import {
  type Attachment,
  attachmentsIn,
  type Documents,
  type Opened,
  type Reader,
  Refusal,
  ServiceProblem,
  shown,
  type Thread,
  type ThreadMessage,
} from '../../client/index.ts'
import { documentTypes } from '../../referral/codes/documents.ts'
import { fileTypes } from '../../referral/codes/files.ts'
import { type Command, fitted, type Input, type Report, UsageError } from '../command.ts'
import { openedBy } from '../recipient/messages.ts'
import { referralNamed } from '../recipient/naming.ts'
import { connection, connectionDetails, readByEither, warnOfDates } from '../settings.ts'
import { openInto } from './opening.ts'

type Listed = {
  readonly by: Pick<Documents, 'document'>
  readonly referralId: string
  readonly documents: readonly Attachment[]
  /** The ids of those that are there; not known to who may read no messages. */
  readonly uploaded: readonly string[] | undefined
  /** Whole sentences: of what is missing or was changed, and may have named more. */
  readonly faults: readonly string[]
  /** What else to say of them, in whole sentences. */
  readonly notes: readonly string[]
}

/** `intake documents list`. */
export const documentsList: Command = {
  operands: 'ID|REFERENCE',
  summary: 'List the documents of a referral, and of the messages about it.',
  details: `As who sent it: those of the answers alone, because what you sent is sealed to recipients. No message counts as read
by this: see \`intake messages\`.

Exit code 1 if a message is missing, or it or the compartment was changed, which may have named more: what is
wrong is said.

${connectionDetails}`,
  options: connection,
  operandsMin: 1,
  operandsMax: 1,
  async run(input): Promise<Report> {
    const { referralId, documents, uploaded, faults, notes } = await listed(input)
    const isThere = ({ documentId }: Attachment) => uploaded?.includes(documentId)
    const value = {
      ...{ referralId, faults, notes },
      documents: documents.map((document) => {
        const { key: _, ...rest } = document
        return { ...rest, uploaded: isThere(document) }
      }),
    }
    const lines = documents.map((document, at) => {
      return `${at + 1}  ${isThere(document) === false ? `${notUploaded}: ` : ''}${lineOf(document)}`
    })
    return { value, text: textOf(faults, [...orNone(lines), ...notes]), failed: faults.length > 0 }
  },
}

/** `intake documents get`. */
export const documentsGet: Command = {
  operands: 'ID|REFERENCE',
  summary: 'Fetch and open the documents of a referral, into a folder.',
  details: `They are called document-1 and so on, in the order of \`intake documents list\`, with an ending by what they
are. What is of another type than its sender states, or may do something when it is opened, is refused. No file takes the
place of another: give each referral a folder of its own.

Exit code 1 if some of them were not written: each is named, with what is wrong. The same where a message that may have
named more is missing or was changed. Where a call broke off, the same again writes what is left.

${connectionDetails}`,
  options: {
    out: { value: 'DIR', help: 'The folder, made if it is not there; this one, if left out.' },
    only: { value: 'NUMBER', help: 'This one alone.' },
    'allow-active': { help: 'Write also what is refused otherwise.' },
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input): Promise<Report> {
    const { by, referralId, documents, faults, notes } = await listed(input)
    const only = input.whole('only', 1, 10_000)
    if (only !== undefined && only > documents.length) {
      throw new UsageError(`there are ${documents.length} documents`)
    }
    const place = { folder: input.text('out') ?? '.', allowsActive: input.given('allow-active') }
    const outcomes = []
    for (const [at, document] of documents.entries()) {
      const number = at + 1
      if (only !== undefined && only !== number) continue
      try {
        const file = await openInto(by, referralId, document, { ...place, number })
        outcomes.push({ number, file })
      } catch (error) {
        outcomes.push({ number, ...faultOf(error) })
      }
    }
    const lines = outcomes.map((outcome) =>
      'file' in outcome
        ? `${shown(outcome.file)}  ${lineOf(documents[outcome.number - 1])}`
        : `document-${outcome.number} was not written: ${shown(outcome.detail)} (${outcome.code})`,
    )
    const failed = outcomes.some((outcome) => !('file' in outcome))
    return {
      value: { referralId, faults, notes, documents: outcomes },
      text: textOf(faults, [...orNone(lines), ...notes]),
      failed: failed || faults.length > 0,
    }
  },
}

/** Of a document that is named, and whose bytes are not all there. */
export const notUploaded = 'not uploaded yet'

function textOf(faults: readonly string[], lines: readonly string[]): string {
  const said = faults.map((fault) => `Not as it was written: ${shown(fault)}`)
  return fitted([...said, ...lines].join('\n'))
}

function orNone(lines: readonly string[]): readonly string[] {
  return lines.length > 0 ? lines : ['None.']
}

function listed(input: Input): Promise<Listed> {
  const name = referralNamed(input.operands[0] ?? '')
  return readByEither<Listed>(
    input,
    (by) => listedTo(by, name),
    async (by) => {
      await warnOfDates(by)
      return { by, ...namedIn(await by.messages(name, { leaveUnread: true })) }
    },
  )
}

/** What a recipient, or who reads for a while, may open. */
async function listedTo(by: Reader, name: string): Promise<Listed> {
  await warnOfDates(by)
  const opened = await openedBy(by, name)
  const { documents, faults, notes, ...named } = await namedTo(by, opened)
  const [damaged] = opened.withheld.filter(({ compartment }) => compartment === 'documents')
  const isHeld = damaged !== undefined || opened.compartments.documents !== undefined
  return {
    ...{ ...named, by },
    documents: eachOnce([...attachmentsIn(listIn(opened)), ...documents]),
    faults: damaged ? [`The compartment documents fails at ${damaged.step}.`, ...faults] : faults,
    notes: isHeld ? notes : [notHeld, ...notes],
  }
}

/** What the messages name to a reader. None is sealed to one for a while, whose client needs no scope to fetch any. */
async function namedTo(reader: Reader, opened: Opened): Promise<Omit<Listed, 'by'>> {
  try {
    return namedIn(await reader.messages(opened, { leaveUnread: true }))
  } catch (error) {
    const isLeftOut = error instanceof ServiceProblem && error.problem.code === 'insufficient-scope'
    if (!isLeftOut) throw error
    const { referralId } = opened
    return { referralId, uploaded: undefined, documents: [], faults: [], notes: [leftOut] }
  }
}

const notHeld =
  'Your key does not open the compartment documents: what came with the referral is not shown.'

const leftOut = 'Your client may not read messages: documents of messages are not shown.'

/** What the messages name. */
function namedIn({ referralId, uploaded, messages, refused, faults }: Thread): Omit<Listed, 'by'> {
  return {
    ...{ referralId, uploaded, notes: [] },
    documents: eachOnce(messages.flatMap(attachmentsTold)),
    faults: [...faults, ...refused.map(({ at, step }) => `A message of ${at} fails at ${step}.`)],
  }
}

/**
 * Each file where it is named first: a sender who names one of 100 MB a thousand times, which costs him one upload, would
 * fill the disk of whoever fetches them.
 */
export function eachOnce(attachments: readonly Attachment[]): Attachment[] {
  const files = new Map<string, Attachment>()
  for (const attachment of attachments) {
    const { documentId, key, sha256, size } = attachment
    const file = [documentId, key, sha256, size].join(' ')
    if (!files.has(file)) files.set(file, attachment)
  }
  return [...files.values()]
}

/** What a message names. Its content is whatever its writer sealed, also nothing. */
export function attachmentsTold(message: ThreadMessage): Attachment[] {
  const content = message.opened ? (message.content as { documents?: unknown } | null) : null
  return attachmentsIn(content?.documents)
}

function listIn({ compartments }: Opened): unknown {
  return (compartments.documents as { list?: unknown } | undefined)?.list
}

/** Why one file was not written. @throws what is no fault of that file */
export function faultOf(error: unknown): { code: string; detail: string } {
  if (error instanceof Refusal) return { code: error.code, detail: error.message }
  if (error instanceof ServiceProblem) {
    const { code = 'none' } = error.problem
    const isAbsent = code === 'not-found' || code === 'document-incomplete'
    return { code, detail: isAbsent ? notUploaded : error.message }
  }
  throw error
}

/** What is known of it. Its name is its sender's words, and stands in no path. */
export function lineOf(document: Attachment | undefined): string {
  if (!document) return ''
  const { type, fileType, size, name } = document
  const words: Readonly<Record<string, string>> = { ...documentTypes, ...fileTypes }
  const wordOf = (code: string) => shown(Object.hasOwn(words, code) ? words[code] : code)
  const long = size < 1e6 ? `${Math.ceil(size / 1e3)} kB` : `${(size / 1e6).toFixed(1)} MB`
  return `${wordOf(type)}, ${wordOf(fileType)}, ${long}: "${shown(name)}"`
}
