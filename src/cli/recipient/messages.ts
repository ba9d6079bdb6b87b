/** Messages about one referral, from whichever side the key file is of: reading them, answering, and saying that one was read aloud. */
import {
  type Delivery,
  jsonText,
  type Opened,
  quoted,
  type Reader,
  shown,
  type Thread,
  type ThreadMessage,
} from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { required } from '../../errors.ts'
import { requireReplyTo } from '../../protocol/messages/message.ts'
import { type Urgency, urgencies } from '../../referral/codes/clear.ts'
import { deliveryWays, type Way } from '../../referral/codes/delivery.ts'
import { type Command, fitted, type Input, type Option, UsageError } from '../command.ts'
import { connection, connectionDetails, eitherOf, readByEither, readerOf } from '../settings.ts'
import { isId, oneOf, referralNamed } from './naming.ts'
import { askedFor } from './noting.ts'
import { urgencyWord } from './wording.ts'

const ways: Readonly<Record<string, Option>> = {
  'read-aloud': { value: 'LANG', help: 'To be read aloud, in this language: such as amh.' },
  letter: { value: 'LANG', help: 'To be handed over as a letter, in this language.' },
}

/** `intake messages`. */
export const messages: Command = {
  operands: 'REFERENCE',
  summary: 'Read the messages about a referral: to its recipients, and to who sent it.',
  details: `What the other side wrote counts as read from then on. What you wrote as a referrer is sealed to recipients, so only
its times are shown; when it was read, by the day, from the next day on. Times are of London. Exit code 1 if a message
is missing or was changed: what is wrong is said.

${connectionDetails}`,
  options: connection,
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const name = referralOf(input)
    const value = await readByEither(
      input,
      async (reader) => reader.messages(await openedBy(reader, name)),
      (referrer) => referrer.messages(name),
    )
    return { value, text: fitted(wordsOfThread(name, value)), failed: !isSound(value) }
  },
}

/** `intake reply`. */
export const reply: Command = {
  operands: 'REFERENCE [--file FILE]',
  summary: 'Write to who sent a referral; or, as who sent it, to its recipients.',
  details: `The message is sealed to them, and signed by you. It comes from a file, for others on this machine see the arguments
of a command; without --file it is asked for. A referrer's --urgency moves the referral up on the queue, never down.

With --read-aloud or --letter a colleague is to bring the answer to somebody who reads none here. That, and the language, the
service sees.

${connectionDetails}`,
  options: {
    file: { value: 'FILE', help: 'What to say, in a text file (- is standard input).' },
    urgency: { value: 'URGENCY', help: `As a referrer: ${Object.keys(urgencies).join(', ')}.` },
    ...ways,
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const name = referralOf(input)
    const delivery = deliveryOf(input)
    const code = input.text('urgency')
    const urgency =
      code === undefined
        ? {}
        : { urgency: oneOf('urgency', code, Object.keys(urgencies) as Urgency[]) }
    const side = await eitherOf(input)
    if ('referrer' in side && delivery) {
      throw new UsageError('--read-aloud and --letter are for a recipient that answers')
    }
    // Who cannot be answered is known before a word is typed.
    const about = 'reader' in side ? await answerableBy(side.reader, name) : undefined
    const text = await askedFor(input, 'file', 'What do you want to say? In one line.')
    const message = { text, ...urgency }
    const value =
      'reader' in side
        ? await side.reader.reply(required(about, 'it is opened'), message, delivery)
        : await side.referrer.send(name, message)
    const lines = [
      `Message ${value.number} about ${shown(name)} was sent ${londonTime(value.storedAt)}`,
      ...(delivery
        ? // Several lines to a reader, and one command to a shell.
          [`When done: intake delivered ${name} ${value.messageId} \\`, `    ${flagsOf(delivery)}`]
        : []),
    ]
    return { value, text: fitted(lines.join('\n')) }
  },
}

/** `intake delivered`. */
export const delivered: Command = {
  operands: 'REFERENCE MESSAGE',
  summary: 'Say that an answer was read aloud, or handed over as a letter.',
  details: `MESSAGE is the id that \`intake reply\` and \`intake messages\` print. Then it counts as read.

${connectionDetails}`,
  options: { ...ways, ...connection },
  operandsMin: 2,
  operandsMax: 2,
  async run(input) {
    const name = referralOf(input)
    const messageId = input.operands[1]?.toLowerCase() ?? ''
    if (!isId(messageId)) throw new UsageError('MESSAGE is the id of a message')
    const delivery = deliveryOf(input)
    if (!delivery) throw new UsageError('--read-aloud LANG or --letter LANG is missing')
    const reader = await readerOf(input)
    await reader.delivered(name, messageId, delivery)
    const value = { referral: name, messageId, ...delivery }
    return { value, text: `${deliveryWays[delivery.way]} in ${delivery.language}.` }
  },
}

function referralOf({ operands }: Input): string {
  return referralNamed(required(operands[0], 'operandsMin is 1'))
}

/** How an answer is brought to somebody. @throws UsageError for two ways, or for what is no code of a language */
function deliveryOf(input: Input): Delivery | undefined {
  const given = (
    [
      ['read_aloud', input.text('read-aloud')],
      ['letter', input.text('letter')],
    ] as const
  ).flatMap(([way, language]) => (language === undefined ? [] : [{ way, language }]))
  const [delivery, other] = given
  if (other) throw new UsageError('--read-aloud and --letter are two ways: give one')
  if (delivery && !/^[a-z]{3}$/.test(delivery.language)) {
    throw new UsageError('LANG is a code of ISO 639-3, such as amh for Amharic')
  }
  return delivery
}

function flagsOf({ way, language }: Delivery): string {
  return `--${way === 'letter' ? 'letter' : 'read-aloud'} ${language}`
}

/** The referral, opened: its messages are bound to it. @throws Error where it does not open */
export async function openedBy(reader: Reader, name: string): Promise<Opened> {
  const about = await reader.open(await reader.fetch(name))
  if (about.opened) return about
  throw new Error(`${shown(name)} does not open, at ${about.step}: its messages are not read`)
}

/** A referral that is to be answered, opened. @throws Refusal `reply-key-missing`, and as `openedBy` */
export async function answerableBy(reader: Reader, name: string): Promise<Opened> {
  const about = await openedBy(reader, name)
  requireReplyTo(about.header)
  return about
}

/** Whether all are there and are what they say. One's own that are sealed to the other side are. */
function isSound({ messages, refused, faults }: Thread): boolean {
  const isRead = (one: ThreadMessage) => one.opened || one.step === 'grant' || one.step === 'signer'
  return refused.length + faults.length === 0 && messages.every(isRead)
}

/** The messages about a referral as lines: who wrote each, when, and what it says. */
export function wordsOfThread(
  name: string,
  { messages, refused, faults }: Omit<Thread, 'referralId' | 'uploaded'>,
): string {
  const lines = [
    ...faults.map((fault) => `Not as it was written: ${shown(fault)}`),
    ...refused.map(({ at, step, detail }) => {
      return `What is shown as a message of ${shown(at)} is not one: it fails at the step ${step}: ${shown(detail)}`
    }),
    ...messages.flatMap(wordsOfOne),
  ]
  return lines.length === 0 ? `No message about ${shown(name)}.` : lines.join('\n')
}

function wordsOfOne(message: ThreadMessage): string[] {
  const { from, number, at, writer, urgency, messageId } = message
  const by = from === 'referrer' ? 'Who sent the referral' : shown(writer?.label ?? 'A recipient')
  const raised = urgency === undefined ? '' : `, ${urgencyWord(urgency)}`
  return [
    `${by}, message ${number}, ${londonTime(at)}${raised}`,
    ...textOf(message).map((line) => `  ${line}`),
    ...message.problems.map(({ pointer, detail }) => {
      return `  Does not fit: ${shown(pointer)} ${shown(detail)}`
    }),
    ...becameOf(message).map((line) => `  ${line}`),
    ...(message.deliver === undefined || message.deliveredAt !== undefined
      ? []
      : [`  Its id: ${shown(messageId)}`]),
  ]
}

function textOf(message: ThreadMessage): string[] {
  if (!message.opened) {
    if (message.step === 'grant' || message.step === 'signer') return ['Sealed to the recipients']
    return [`Does not open, at the step ${message.step}: ${shown(message.detail)}`]
  }
  const { text } = (message.content ?? {}) as { text?: unknown }
  return quoted(typeof text === 'string' ? text : jsonText(message.content))
}

function becameOf({ openedAt, openedOn, deliver, language, ...rest }: ThreadMessage): string[] {
  const { deliveredAt, deliveredBy, deliveredIn } = rest
  const isToBe = deliver !== undefined && deliveredAt === undefined
  const planned = deliver === 'letter' ? 'To be handed over as a letter' : 'To be read aloud'
  return [
    ...(openedAt === undefined ? [] : [`Read ${londonTime(openedAt)}`]),
    ...(openedOn === undefined ? [] : [`Read on ${shown(openedOn)}`]),
    ...(isToBe ? [`${planned}, in ${shown(language ?? '')}`] : []),
    ...(deliveredAt === undefined
      ? []
      : [`${wayOf(deliveredBy)} in ${shown(deliveredIn ?? '')}, ${londonTime(deliveredAt)}`]),
  ]
}

function wayOf(way: string | undefined): string {
  return way && Object.hasOwn(deliveryWays, way) ? deliveryWays[way as Way] : shown(way ?? '')
}
