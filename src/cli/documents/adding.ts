/** `intake documents add` and `send`: what an organisation sends after its referral. */
import { basename } from 'node:path'
import { type Attachment, shown } from '../../client/index.ts'
import { documentTypes } from '../../referral/codes/documents.ts'
import { type Command, fitted, UsageError } from '../command.ts'
import { referralNamed } from '../recipient/naming.ts'
import { connection, connectionDetails, homeOf, referrerOf } from '../settings.ts'
import { sealFile, uploadWaiting } from './waiting.ts'

const silent = { onUnmatched() {}, onWarnings() {} }

/** `intake documents add`. */
export const documentsAdd: Command = {
  operands: 'ID|REFERENCE FILE…',
  summary: 'Send documents about a referral that your organisation sent.',
  details: `Each file is sealed here, named in a message to the recipients, and uploaded then. The service sees neither
names nor types. Where the line breaks, \`intake documents send\` goes on from there.

Types: ${Object.entries(documentTypes)
    .map(([type, words]) => `${type} (${words})`)
    .join(', ')}.

${connectionDetails}`,
  options: {
    type: { value: 'TYPE', help: 'What they are; other, if left out.' },
    text: { value: 'WORDS', help: 'What the message says beside.' },
    ...connection,
  },
  operandsMin: 2,
  operandsMax: 21,
  async run(input) {
    const [name = '', ...paths] = input.operands
    const type = typeIn(input.text('type'))
    const referrer = await referrerOf(input, silent)
    const home = homeOf(input)
    const { referralId, reference } = await referrer.state(referralNamed(name))
    const sealed = []
    for (const path of paths) {
      sealed.push(await sealFile(home, referralId, path, { type, name: basename(path) }))
    }
    // From here on they are uploaded, whatever is killed: an upload that no message names harms nobody.
    for (const { keep } of sealed) await keep()
    const documents = sealed.map(({ attachment }) => attachment)
    const text = input.text('text') ?? wordsFor(documents.length)
    await referrer.send(referralId, { text, documents })
    const ids = documents.map(({ documentId }) => documentId)
    await uploadWaiting(home, referrer, ids)
    const value = { referralId, documents: ids }
    return { value, text: fitted(`Sent to ${shown(reference)}: ${wordsFor(documents.length)}`) }
  },
}

/** `intake documents send`. */
export const documentsSend: Command = {
  operands: '',
  summary: 'Upload documents whose upload was broken off.',
  details: connectionDetails,
  options: connection,
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const referrer = await referrerOf(input, silent)
    const sent = await uploadWaiting(homeOf(input), referrer)
    return { value: { sent }, text: sent === 0 ? 'Nothing waits.' : wordsFor(sent) }
  },
}

function typeIn(text = 'other'): Attachment['type'] {
  if (Object.hasOwn(documentTypes, text)) return text as Attachment['type']
  throw new UsageError('--type is not a type of document: --help lists them')
}

function wordsFor(count: number): string {
  return count === 1 ? 'One document.' : `${count} documents.`
}
