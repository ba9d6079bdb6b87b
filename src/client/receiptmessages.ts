/** Messages of whoever holds a receipt: keys and address are made from it, and nothing else is kept. */
import type { MessageAcknowledgement } from '../messages/schemas.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { type ReceiptKeys, replyToOf } from '../protocol/messages/receipt.ts'
import type { Trust } from '../protocol/trust/keyset.ts'
import {
  type Correspondent,
  createCorrespondence,
  type Fetching,
  type Message,
  type Thread,
} from './messages.ts'
import { knownAgain } from './ownreferral.ts'
import type { Transport } from './transport.ts'
import type { createKeysets } from './trust.ts'

/** @see createReceiptMessages */
export type ReceiptMessages = {
  /**
   * The messages about a referral that was sent under a receipt. What recipients wrote counts as opened from then on; of one's
   * own it is shown on which day they were opened, and not what they say. `faults` names what is missing or was
   * changed. Escape what a message says.
   *
   * @throws Refusal `receipt-mistyped`; ServiceProblem `not-found`; BadAnswer if another's is shown
   */
  messages(receipt: string, referralId: string, fetching?: Fetching): Promise<Thread>
  /** Writes to the recipients about a referral that was sent under a receipt. @throws as `messages`, and NoAnswer */
  send(receipt: string, referralId: string, message: Message): Promise<MessageAcknowledgement>
}

type Options = {
  readonly trust: Trust
  /** @throws Refusal `receipt-mistyped` */
  keysOf(receipt: string): Promise<ReceiptKeys>
}

/** The part of the client of a referrer without an account that reads and writes messages. */
export function createReceiptMessages(
  transport: Transport,
  keysets: ReturnType<typeof createKeysets>,
  { trust, keysOf }: Options,
): ReceiptMessages {
  const { read, send } = createCorrespondence(transport, keysets)
  const correspondent = async (receipt: string, referralId: string): Promise<Correspondent> => {
    const keys = await keysOf(receipt)
    const { signing, reply } = keys
    const own = { origin: trust.origin, signing, replyTo: replyToOf(keys) }
    return {
      ...{ side: 'referrer', signer: signing, reader: reply, keyset: keysets.newest },
      call: { open: true, headers: bearingOf(keys) },
      pathOf: (referral, query) =>
        `/v1/receipt/messages?${new URLSearchParams({ referral, ...query })}`,
      answeredIn({ signed }) {
        return { ...knownAgain(signed, own, referralId), signedBy: 'receipt' }
      },
      directory: async () => undefined,
    }
  }
  return {
    async messages(receipt, referralId, fetching) {
      return read(await correspondent(receipt, referralId), referralId, fetching)
    },
    async send(receipt, referralId, message) {
      return send(await correspondent(receipt, referralId), referralId, message)
    },
  }
}

/** The code itself is never sent: only what is derived from it. */
export function bearingOf({ accessTag }: Pick<ReceiptKeys, 'accessTag'>) {
  return { authorization: `Receipt ${encodeBase64url(accessTag)}` }
}
