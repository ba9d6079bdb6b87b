/** The recipient's side of messages: what it writes is sealed to who sent the referral, and to the other recipients. */
import type { MessageAcknowledgement } from '../messages/schemas.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import type { Opened } from '../protocol/envelope/open.ts'
import type { KeyPair } from '../protocol/keys.ts'
import type { Way } from '../referral/codes/delivery.ts'
import { BadAnswer } from './failure.ts'
import {
  type Correspondent,
  createCorrespondence,
  type Fetching,
  type Message,
  type Thread,
} from './messages.ts'
import { signable } from './notes.ts'
import type { Transport } from './transport.ts'
import type { createDirectories, createKeysets } from './trust.ts'

/** That somebody who reads no messages is to be read to, or written to on paper. */
export type Delivery = {
  readonly way: Way
  /** A code of ISO 639-3, such as `amh`. */
  readonly language: string
}

/** @see createReplying */
export type Replying = {
  /**
   * The messages about a referral, of both sides: who wrote each, what it says where it is sealed to this reader, and in
   * `faults` what is missing or was changed. What its referrer wrote counts as opened from then on. What a message
   * says is its writer's: escape it before it is shown.
   */
  messages(about: Opened, fetching?: Fetching): Promise<Thread>
  /**
   * Answers who sent a referral, in words that only they and the recipients open.
   *
   * @param deliver - where it is to be read aloud, or sent as a letter: the service and all of its staff see this
   * @throws Refusal `reply-key-missing` where the referral names no key to answer to; ServiceProblem, NoAnswer, BadAnswer
   */
  reply(about: Opened, message: Message, deliver?: Delivery): Promise<MessageAcknowledgement>
  /** Says that a reply was read aloud, or handed over. Safe to repeat: the first time stands. */
  delivered(referralId: string, messageId: string, delivery: Delivery): Promise<void>
}

/** The part of a recipient's client that writes to referrers. */
export function createReplying(
  transport: Transport,
  keysets: ReturnType<typeof createKeysets>,
  newestDirectory: ReturnType<typeof createDirectories>,
  { receiving, signing }: { readonly receiving: KeyPair; readonly signing: KeyPair },
): Replying {
  const { read, send } = createCorrespondence(transport, keysets)

  const correspondent = (about: Opened): Correspondent => ({
    side: 'recipient',
    signer: signing,
    reader: receiving,
    call: {},
    pathOf: (referral, query) => pathOf(referral, '', { recipient: receiving.kid, ...query }),
    answeredIn({ referralId }) {
      if (referralId !== about.referralId) {
        throw new BadAnswer(`the messages about ${about.referralId} were asked for, not these`)
      }
      const { header, envelopeHash, signedBy } = about
      return { header, signedBy, envelopeHash: decodeBase64url(envelopeHash, 32) }
    },
    directory: async () => (await newestDirectory()).directory,
    keyset: () => signable(keysets, signing),
  })

  return {
    messages: (about, fetching) => read(correspondent(about), about.referralId, fetching),
    reply: (about, message, deliver) => {
      const marks = deliver && { deliver: deliver.way, language: deliver.language }
      return send(correspondent(about), about.referralId, message, marks)
    },
    async delivered(referralId, messageId, delivery) {
      const query = { recipient: receiving.kid, ...delivery }
      const path = pathOf(referralId, `/${encodeURIComponent(messageId)}/delivery`, query)
      await transport.send({ method: 'POST', path, repeatable: true })
    },
  }
}

function pathOf(referral: string, rest: string, query: Readonly<Record<string, string>>): string {
  return `/v1/referrals/${encodeURIComponent(referral)}/messages${rest}?${new URLSearchParams(query)}`
}
