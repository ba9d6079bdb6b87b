/**
 * Reading messages: whether each is what it says, and whether all are there. They are described in
 * docs/PROTOCOL.md, "Messages".
 */

import * as Type from 'typebox'
import { required } from '../../errors.ts'
import { Bytes32 } from '../../referral/format.ts'
import { type Problem, schemaProblems } from '../../referral/problems.ts'
import { base64urlBytes, decodeBase64url, encodeBase64url } from '../bytes.ts'
import { sealedText } from '../envelope/compartment.ts'
import { hashesOf, headerHash, Signature, Wrap } from '../envelope/envelope.ts'
import { type OpeningStep, StepFailure } from '../envelope/step.ts'
import { openKeys } from '../envelope/unwrap.ts'
import {
  checkKind,
  checkSigned,
  frameProperties,
  headerBytes,
  keysetOf,
  openContent,
  type SignedBy,
} from '../envelope/verify.ts'
import type { SecretKey } from '../keys.ts'
import { type Directory, signerOf } from '../trust/directory.ts'
import { type Keyset, type Recipient, recipientThatSigns } from '../trust/keyset.ts'
import { revokedProblems, revokedSigner } from '../trust/revoked.ts'
import {
  type Answered,
  lowers,
  MessageContent,
  type MessageEnvelope,
  MessageHeader,
} from './message.ts'

/** What a reader of messages brings. */
export type ThreadInput = {
  /** The referral that is answered, as the reader opened or sealed it. */
  referral: Answered & { signedBy: SignedBy }
  /** The reader's X-Wing key: a recipient's, or the reply key. */
  reader: SecretKey
  keysets: ReadonlyMap<string, Keyset>
  /** `undefined` for a referrer, who is not shown it and reads only what recipients sign. */
  directory: Pick<Directory, 'referrers'> | undefined
  /** The logged time of receipt of the message. */
  receivedAt: Date
}

/** A message that is what it says. The form of `content` is not promised: see `problems`. */
export type OpenedMessage = {
  opened: true
  header: MessageHeader
  envelopeHash: Uint8Array
  content: unknown
  problems: Problem[]
}

/** A message that its signer sealed as it stands, whoever it is sealed to. */
export type VerifiedMessage = {
  header: MessageHeader
  headerHash: Uint8Array
  envelopeHash: Uint8Array
  /** Still sealed. */
  sealed: Uint8Array
  wraps: readonly Wrap[]
  /** The recipient of the keyset that wrote it; `undefined` for one by the referrer. */
  writer: Recipient | undefined
  /** Of keys that are revoked. */
  problems: Problem[]
}

/** A message that does not open, and the step at which it fails. */
export type UnopenableMessage = { opened: false; step: OpeningStep; detail: string }

const Frame = Type.Object({
  header: Type.Object({
    ...frameProperties,
    number: Type.Integer({ minimum: 1 }),
    previous: Bytes32,
    commitments: Type.Object({ message: Bytes32 }),
  }),
  compartments: Type.Object({ message: sealedText('message') }),
  wraps: Type.Array(Wrap),
  signature: Type.Optional(Signature),
})

/**
 * Checks and opens one message. Never throws for anything that a server or a sender wrote.
 *
 * @param kinds - what it may be
 */
export function openMessage(
  envelope: MessageEnvelope,
  input: ThreadInput,
  kinds: readonly MessageHeader['kind'][] = ['message', 'withdrawal', 'note'],
): OpenedMessage | UnopenableMessage {
  try {
    return openVerified(verifyMessage(envelope, input, kinds), input)
  } catch (failure) {
    if (!(failure instanceof StepFailure)) throw failure
    return { opened: false, step: failure.step, detail: failure.message }
  }
}

/**
 * What is missing from the messages of one referral, or stands in two versions: a server that holds
 * one back, or shows two people different ones, is found out by the next message. And which notes go back
 * to an older keyset: whoever has stolen a key that is in no new one can sign under the old for ever.
 *
 * @returns whole sentences, nothing if every thread is complete up to its newest message
 */
export function threadFaults(
  messages: readonly Pick<OpenedMessage, 'header' | 'envelopeHash'>[],
  { header: answered, envelopeHash }: Answered,
): string[] {
  const hashes = new Map<string, Set<string>>()
  for (const { header, envelopeHash } of messages) {
    const place = placeOf(header, header.number)
    hashes.set(place, (hashes.get(place) ?? new Set()).add(encodeBase64url(envelopeHash)))
  }
  const forks = [...hashes]
    .filter(([, versions]) => versions.size > 1)
    .map(([place]) => `There are two of ${place}.`)
  const breaks = messages.flatMap(({ header }) => {
    const { number, previous } = header
    const before = placeOf(header, number - 1)
    const known = number === 1 ? new Set([encodeBase64url(envelopeHash)]) : hashes.get(before)
    if (!known) return [`There is no ${before}.`]
    return known.has(previous) ? [] : [`${placeOf(header, number)} follows something else.`]
  })
  return [...forks, ...breaks, ...fallsOf(messages, answered)]
}

// The service takes none that goes back, so an honest writer's never does.
function fallsOf(
  messages: readonly Pick<OpenedMessage, 'header'>[],
  { keyset }: Answered['header'],
): string[] {
  let newest = keyset.version
  return messages
    .filter(({ header }) => header.kind === 'note')
    .toSorted((a, b) => a.header.number - b.header.number)
    .flatMap(({ header }) => {
      const { version } = header.keyset
      const place = placeOf(header, header.number)
      if (version < newest) return [`${place} names keyset ${version}, after keyset ${newest}.`]
      newest = version
      return []
    })
}

// A note has its own numbers, for a referrer never sees it and would miss it.
function placeOf({ kind, from }: MessageHeader, number: number): string {
  return kind === 'note' ? `note ${number}` : `${kind} ${number} by the ${from}`
}

/**
 * Checks all of a message but what is sealed in it: also by a reader that it is not sealed to.
 *
 * @param kinds - what it may be: a server could show a message to a referrer as a note
 * @throws StepFailure naming the first step that fails
 */
export function verifyMessage(
  envelope: MessageEnvelope,
  input: Omit<ThreadInput, 'reader'>,
  kinds: readonly MessageHeader['kind'][],
): VerifiedMessage {
  const [problem] = schemaProblems(Frame, envelope)
  if (problem) throw new StepFailure('shape', `${problem.pointer} ${problem.detail}`)
  const { header, wraps, signature } = envelope
  checkKind(header, ...kinds)
  if (header.referralId !== input.referral.header.referralId) {
    throw new StepFailure('id', 'the message answers another referral')
  }
  if (Number.isNaN(input.receivedAt.getTime())) {
    throw new StepFailure('shape', 'the time of receipt is not a time')
  }
  const keyset = keysetOf(header, input.keysets)
  const sealed = base64urlBytes(envelope.compartments.message)
  if (!sealed) throw new StepFailure('parts', 'message is not base64url')
  if (joined(wraps.map(({ kid }) => kid)) !== joined(header.sealedTo)) {
    throw new StepFailure('parts', 'there is not one wrap for each of header.sealedTo')
  }
  const bound = headerHash(headerBytes(header))
  // A message travels whole: the wraps of all its readers are there to be hashed, and so is whatever
  // stands beside its one compartment.
  const hashes = hashesOf({ compartments: envelope.compartments, wraps })
  const { publicKey, writer } = writerOf(header, keyset, input)
  const signed = checkSigned(signature, header.signer, publicKey, bound, hashes)
  const problems = [
    ...revokedProblems(header, input.keysets),
    ...(writer ? revokedSigner(header.signer, '/header/signer', input.keysets) : []),
  ]
  return { header, headerHash: bound, envelopeHash: signed, sealed, wraps, writer, problems }
}

/**
 * Opens a message that was verified.
 *
 * @throws StepFailure `grant` where it is not sealed to the reader, `wrap` and the steps behind it
 */
export function openVerified(
  { header, headerHash, envelopeHash, sealed, wraps, ...verified }: VerifiedMessage,
  { reader, referral }: Pick<ThreadInput, 'reader' | 'referral'>,
): OpenedMessage {
  const wrap = wraps.find(({ kid }) => kid === reader.kid)
  if (!wrap) throw new StepFailure('grant', 'it was not sealed to you')
  const names = { released: ['message'] as const, known: ['message'] as const }
  const unwrapped = openKeys(wrap, reader, headerHash, names, header.commitments)
  const [failed] = unwrapped.withheld
  if (failed) throw new StepFailure(failed.step, failed.detail)
  const key = required(unwrapped.keys.get('message'), 'a key is there or withheld')
  const { value, fields, problems } = openContent('message', sealed, key, headerHash)
  return {
    opened: true,
    header,
    envelopeHash,
    content: value,
    problems: [
      ...verified.problems,
      ...unwrapped.problems,
      ...problems,
      ...schemaProblems(MessageHeader, header, '/header'),
      ...schemaProblems(MessageContent, fields, '/message'),
      ...urgencyProblems(header, referral),
    ],
  }
}

const joined = (kids: readonly string[]) => [...kids].sort().join()

function writerOf(
  { from, kind, signer }: MessageHeader,
  keyset: Keyset,
  { referral, directory, receivedAt }: Omit<ThreadInput, 'reader'>,
): { publicKey?: Uint8Array | undefined; writer: Recipient | undefined } {
  if (from === 'recipient') {
    const writer = recipientThatSigns(keyset, signer)
    return { publicKey: writer && decodeBase64url(writer.signingKey, 32), writer }
  }
  if (kind === 'note') return { writer: undefined }
  const { signedBy, header } = referral
  const listed = directory && signerOf(directory.referrers, signer, receivedAt)
  if (signedBy !== 'receipt' && listed?.organisation === signedBy.organisation) {
    return { publicKey: listed.publicKey, writer: undefined }
  }
  const own = header.replyTo && decodeBase64url(header.replyTo.signingKey, 32)
  return { publicKey: own, writer: undefined }
}

function urgencyProblems({ urgency }: MessageHeader, referral: Answered): Problem[] {
  if (urgency === undefined || !lowers(urgency, referral)) return []
  return [
    { pointer: '/header/urgency', detail: 'is below that of the referral, and does not count.' },
  ]
}
