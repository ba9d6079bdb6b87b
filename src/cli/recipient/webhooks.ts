/** The servers of one's own that are told what becomes of items: docs/WEBHOOKS.md. */
import { createWebhooks, type Endpoint, shown, type Webhooks } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { isThere, writeSecret } from '../../disk.ts'
import { required } from '../../errors.ts'
import {
  type Command,
  fitted,
  type Input,
  type Option,
  type Report,
  UsageError,
} from '../command.ts'
import { addressOf, connectionDetails, credentialsOf, signingIn } from '../settings.ts'
import { isId } from './naming.ts'
import { instantOf } from './wording.ts'

const scopes = `The client needs the scopes webhooks:manage and triage:work.

${connectionDetails}`

const secretFile: Readonly<Record<string, Option>> = {
  'secret-file': { value: 'FILE', help: 'Write the secret there, for you alone to read.' },
}
const secretDetails = `The secret is shown this once, and by no other command: with --secret-file it is written to a
new file instead.`

/** `intake webhooks list`. */
export const webhooksList: Command = {
  operands: '',
  summary: 'List the servers of yours that are told what becomes of items.',
  details: `Each with when it last took a message, and with its newest failures. Times are of London.

${scopes}`,
  options: signingIn,
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const endpoints = await (await webhooksOf(input)).list()
    const none = 'No server is told: intake webhooks add'
    const text = endpoints.length > 0 ? endpoints.map(wordsOf).join('\n\n') : none
    return { value: { endpoints }, text: fitted(text) }
  },
}

/** `intake webhooks add`. */
export const webhooksAdd: Command = {
  operands: 'URL [--secret-file FILE]',
  summary: 'Have a server of yours told what becomes of items from now on.',
  details: `By ids and type, signed as Standard Webhooks v1 says. ${secretDetails}

${scopes}`,
  options: { ...secretFile, ...signingIn },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const url = required(input.operands[0], 'operandsMin is 1')
    if (!URL.canParse(url)) throw new UsageError('URL is https:// and the name of your server')
    const file = await newFileOf(input)
    return withSecret(await (await webhooksOf(input)).add(url), file)
  },
}

/** `intake webhooks rotate`. */
export const webhooksRotate: Command = {
  operands: 'ENDPOINT [--overlap-hours N] [--secret-file FILE]',
  summary: 'Replace the secret of a server; for a while both sign.',
  details: `${secretDetails}

${scopes}`,
  options: {
    'overlap-hours': { value: 'N', help: 'For so long both sign: 0 to 168, else 24.' },
    ...secretFile,
    ...signingIn,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const id = endpointOf(input)
    const hours = input.whole('overlap-hours', 0, 168) ?? 24
    const file = await newFileOf(input)
    return withSecret(await (await webhooksOf(input)).rotate(id, hours), file)
  },
}

/** `intake webhooks enable`. */
export const webhooksEnable = activation(
  true,
  'Go on sending to a server, from where it was: nothing is lost for 7 days.',
)

/** `intake webhooks disable`. */
export const webhooksDisable = activation(false, 'Send nothing to a server until it is enabled.')

/** `intake webhooks replay`. */
export const webhooksReplay: Command = {
  operands: 'ENDPOINT --since TIME | --message ID',
  summary: 'Send messages of the last 7 days to a server again.',
  details: scopes,
  options: {
    since: { value: 'TIME', help: 'All from "2026-11-29 17:00" on, by the clock of London.' },
    message: { value: 'ID', help: 'This one, and those behind it.' },
    ...signingIn,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const id = endpointOf(input)
    const [since, messageId] = [input.text('since'), input.text('message')]
    if ((since === undefined) === (messageId === undefined)) {
      throw new UsageError('give --since or --message: from where on')
    }
    const from =
      since === undefined ? { messageId: messageId ?? '' } : { since: instantOf('since', since) }
    const value = await (await webhooksOf(input)).replay(id, from)
    return { value, text: fitted(wordsOf(value)) }
  },
}

/** `intake webhooks remove`. */
export const webhooksRemove: Command = {
  operands: 'ENDPOINT',
  summary: 'Tell a server nothing any more. What is under way may still arrive.',
  details: scopes,
  options: signingIn,
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const id = endpointOf(input)
    await (await webhooksOf(input)).remove(id)
    return { value: { removed: id }, text: `Removed ${shown(id)}` }
  },
}

function activation(active: boolean, summary: string): Command {
  return {
    operands: 'ENDPOINT',
    summary,
    details: scopes,
    options: signingIn,
    operandsMin: 1,
    operandsMax: 1,
    async run(input) {
      const id = endpointOf(input)
      const value = await (await webhooksOf(input)).setActive(id, active)
      return { value, text: fitted(wordsOf(value)) }
    },
  }
}

async function webhooksOf(input: Input): Promise<Webhooks> {
  const { token } = await credentialsOf(input)
  return createWebhooks({ url: addressOf(input), token })
}

function endpointOf(input: Input): string {
  const id = required(input.operands[0], 'operandsMin is 1')
  if (isId(id)) return id
  throw new UsageError('ENDPOINT is an id: intake webhooks list shows them')
}

/** Where a secret goes. Looked at before there is one: what could not be written would be lost. */
async function newFileOf(input: Input): Promise<string | undefined> {
  const file = input.text('secret-file')
  if (file !== undefined && (await isThere(file))) {
    throw new UsageError(`${file} is there already, and is not overwritten: name another`)
  }
  return file
}

async function withSecret(endpoint: Endpoint, file: string | undefined): Promise<Report> {
  const { secret = '', ...rest } = endpoint
  if (file === undefined) {
    const text = `${wordsOf(endpoint)}\n  Secret, shown this once: ${shown(secret)}`
    return { value: endpoint, text: fitted(text) }
  }
  await writeSecret(file, `${secret}\n`)
  const text = `${wordsOf(endpoint)}\n  Its secret is in ${shown(file)}`
  return { value: { ...rest, file }, text: fitted(text) }
}

function wordsOf(endpoint: Endpoint): string {
  const { endpointId, url, disabledAt, disabledFor, deliveredAt, tries, nextTryAt, failures } =
    endpoint
  const why = Object.hasOwn(disabledWords, disabledFor ?? '') && disabledWords[disabledFor ?? '']
  const state = disabledAt
    ? `disabled since ${londonTime(disabledAt)}, ${why || shown(disabledFor)}`
    : 'enabled'
  return [
    `Endpoint ${shown(endpointId)}`,
    `  ${shown(url)}`,
    `  ${state}`,
    `  ${deliveredAt ? `Last took a message ${londonTime(deliveredAt)}` : 'Took no message yet'}`,
    ...(tries > 0 && !disabledAt
      ? [`  Its next message failed ${tries} times; tried again ${londonTime(nextTryAt)}`]
      : []),
    ...failures.map(({ at, status, fault, messageId }) => {
      const what = status === undefined ? shown(fault ?? 'no answer') : `status ${status}`
      return `  Failed ${londonTime(at)}  ${what}  ${shown(messageId)}`
    }),
  ].join('\n')
}

const disabledWords: Readonly<Record<string, string>> = {
  asked: 'as you asked',
  gone: 'because it answered 410',
  failed: 'because a message failed at each try',
  secret: 'because the service cannot open its secret: rotate it',
}
