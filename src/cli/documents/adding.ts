/** `intake documents add` and `send`: what an organisation sends after its referral, and what a recipient sends back. */
import { basename } from 'node:path'
import { type Attachment, type Message, shown } from '../../client/index.ts'
import { documentTypes } from '../../referral/codes/documents.ts'
import { type Command, fitted, type Input, UsageError } from '../command.ts'
import { releaseAcknowledged } from '../partner/enclosing.ts'
import { createOutbox } from '../partner/outbox.ts'
import { answerableBy } from '../recipient/messages.ts'
import { referralNamed } from '../recipient/naming.ts'
import { textOf } from '../recipient/noting.ts'
import { connection, connectionDetails, eitherOf, homeOf } from '../settings.ts'
import { tell } from '../terminal.ts'
import { sendDocuments } from './sending.ts'
import { uploadWaiting } from './waiting.ts'

/** What `--type` may say, for the help of a command. */
export const typesListed = `Types: ${Object.entries(documentTypes)
  .map(([type, words]) => `${type} (${words})`)
  .join(', ')}.`

/** `intake documents add`. */
export const documentsAdd: Command = {
  operands: 'ID|REFERENCE FILE…',
  summary: 'Send documents about a referral: to its recipients, or to who sent it.',
  details: `Each file is sealed here, uploaded, and named in a message to the other side before it is whole there. The service
sees neither names nor types.

Cut off before the message is sent, nothing was: call this again. After it, \`intake documents send\` uploads the rest. Which
it is, \`intake messages\` shows.

${typesListed}

${connectionDetails}`,
  options: {
    type: { value: 'TYPE', help: 'What they are; other, if left out.' },
    text: { value: 'FILE', help: 'What the message says, in a text file (- is standard input).' },
    ...connection,
  },
  operandsMin: 2,
  operandsMax: 21,
  async run(input) {
    const [name = '', ...paths] = input.operands
    const type = typeIn(input.text('type'))
    const home = homeOf(input)
    const { by, referralId, send } = await correspondent(input, referralNamed(name))
    const files = paths.map((path) => ({ path, about: { type, name: basename(path) } }))
    const text = (await textOf(input, 'text')) ?? wordsFor(files.length)
    const { documents, failure } = await sendDocuments({ home, referralId, files }, by, (named) =>
      send({ text, documents: named }),
    )
    if (failure !== undefined) {
      tell(fitted(notUploaded))
      throw failure
    }
    const ids = documents.map(({ documentId }) => documentId)
    const value = { referralId, documents: ids }
    return { value, text: fitted(`Sent about ${shown(name)}: ${wordsFor(documents.length)}`) }
  },
}

/** `intake documents send`. */
export const documentsSend: Command = {
  operands: '',
  summary: 'Upload documents that were named, and whose upload was broken off.',
  details: connectionDetails,
  options: connection,
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const side = await eitherOf(input)
    const by = 'reader' in side ? side.reader : side.referrer
    const home = homeOf(input)
    const unacknowledged = await releaseAcknowledged(createOutbox(home))
    const sent = await uploadWaiting(home, by)
    const words = [
      ...(sent > 0 ? [wordsFor(sent)] : []),
      ...(unacknowledged > 0 ? [notReferred(unacknowledged)] : []),
    ]
    const text = words.length > 0 ? fitted(words.join('\n')) : 'Nothing waits.'
    return { value: { sent, unacknowledged }, text, failed: unacknowledged > 0 }
  },
}

/** Whoever the key file is of, as one side of a referral. */
async function correspondent(input: Input, name: string) {
  const side = await eitherOf(input)
  if ('referrer' in side) {
    const { referrer } = side
    const { referralId } = await referrer.state(name)
    return { by: referrer, referralId, send: (said: Message) => referrer.send(referralId, said) }
  }
  const { reader } = side
  const about = await answerableBy(reader, name)
  return {
    by: reader,
    referralId: about.referralId,
    send: (said: Message) => reader.reply(about, said),
  }
}

/** What `--type` says. @throws UsageError */
export function typeIn(text = 'other'): Attachment['type'] {
  if (Object.hasOwn(documentTypes, text)) return text as Attachment['type']
  throw new UsageError('--type is not a type of document: --help lists them')
}

/** The other side reads a message by now whose documents it cannot fetch. */
const notUploaded =
  'The message is sent, and its documents are not all uploaded. When what follows is mended: intake documents send'

function notReferred(count: number): string {
  const waiting = count === 1 ? 'One document waits' : `${count} documents wait`
  return `${waiting} for a referral that is not acknowledged: intake refer`
}

function wordsFor(count: number): string {
  return count === 1 ? 'One document.' : `${count} documents.`
}
