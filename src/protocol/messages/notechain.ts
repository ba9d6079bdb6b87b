/**
 * Reading the notes about one referral: who wrote each, what it says where it is sealed to the reader, and
 * whether all are there (docs/PROTOCOL.md, "Notes"). The server that shows them is believed in
 * nothing but the time of each.
 */
import type { Problem } from '../../referral/problems.ts'
import { encodeBase64url } from '../bytes.ts'
import { type OpeningStep, StepFailure } from '../envelope/step.ts'
import { keysetOf, requireTime } from '../envelope/verify.ts'
import { requiredKids } from '../trust/keyset.ts'
import type { MessageEnvelope, MessageHeader } from './message.ts'
import {
  openVerified,
  type ThreadInput,
  threadFaults,
  type VerifiedMessage,
  verifyMessage,
} from './thread.ts'

/** A note as a service shows it. */
export type ShownNote = { readonly note: MessageEnvelope; readonly at: string }

/** Who wrote a note: a recipient of the keyset that it names. */
export type Writer = { readonly kid: string; readonly label: string }

/** A note that a recipient signed. Where it does not open to this reader it counts all the same. */
export type ReadNote = {
  readonly number: number
  readonly writer: Writer
  /** In base64url: what the next note names. */
  readonly envelopeHash: string
  /** When it was stored, by the word of the service. */
  readonly at: string
  /** What does not fit its form, and which of its keys are revoked. */
  readonly problems: readonly Problem[]
} & (
  | { readonly opened: true; readonly content: unknown }
  | { readonly opened: false; readonly step: OpeningStep; readonly detail: string }
)

/** What was shown as a note and is none: it counts for nothing, and its step says why. */
export type RefusedNote = {
  readonly at: string
  readonly step: OpeningStep
  readonly detail: string
}

/** The notes about one referral. */
export type NoteChain = {
  /** In the order of their numbers, each once. */
  readonly notes: readonly ReadNote[]
  readonly refused: readonly RefusedNote[]
  /** Whole sentences: what is missing, stands in two versions, goes back to an older keyset or is sealed to others. */
  readonly faults: readonly string[]
}

/** Checks and opens notes. Never throws for anything that a server or a writer wrote. */
export function readNotes(
  shown: readonly ShownNote[],
  input: Omit<ThreadInput, 'directory' | 'receivedAt'>,
): NoteChain {
  const verified = new Map<string, { message: VerifiedMessage; at: string }>()
  const refused: RefusedNote[] = []
  for (const { note, at } of shown) {
    const context = { ...input, directory: undefined, receivedAt: new Date(at) }
    try {
      requireTime(at)
      const message = verifyMessage(note, context, ['note'])
      verified.set(message.envelopeHash.join(), { message, at })
    } catch (failure) {
      if (!(failure instanceof StepFailure)) throw failure
      refused.push({ at, step: failure.step, detail: failure.message })
    }
  }
  const found = [...verified.values()].sort(
    (a, b) => a.message.header.number - b.message.header.number,
  )
  return {
    notes: found.map(({ message, at }) => readNote(message, at, input)),
    refused,
    faults: [
      ...threadFaults(
        found.map(({ message }) => message),
        input.referral,
      ),
      ...found.flatMap(({ message: { header } }) => sealedFaults(header, input.keysets)),
    ],
  }
}

// Sealed to more, somebody reads it whom its readers do not know of; to fewer, they are left out.
function sealedFaults(header: MessageHeader, keysets: ThreadInput['keysets']): string[] {
  const required = requiredKids(keysetOf(header, keysets))
  if (required.join() === [...header.sealedTo].sort().join()) return []
  return [`note ${header.number} is not sealed to exactly those who must read it.`]
}

function readNote(
  message: VerifiedMessage,
  at: string,
  input: Pick<ThreadInput, 'reader' | 'referral'>,
): ReadNote {
  const { header, writer } = message
  const { kid = header.signer, label = '' } = writer ?? {}
  const envelopeHash = encodeBase64url(message.envelopeHash)
  const written = { number: header.number, writer: { kid, label }, envelopeHash, at }
  try {
    const { content, problems } = openVerified(message, input)
    return { ...written, opened: true, content, problems }
  } catch (failure) {
    if (!(failure instanceof StepFailure)) throw failure
    const { problems } = message
    return { ...written, problems, opened: false, step: failure.step, detail: failure.message }
  }
}
