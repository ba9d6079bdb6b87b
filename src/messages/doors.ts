/** The doors of both sides of a referral. A message by a referrer is work for the background, at once. */
import type { KnownCaller, SendingCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { type ReceiptOptions, requireReceipt } from '../intake/service.ts'
import type { MessageEnvelope } from '../protocol/messages/message.ts'
import type { DeliveryQuery, SendingQuery } from './schemas.ts'
import { deliver, type MessageOptions, readMessages, sendMessage } from './service.ts'

type Options = MessageOptions &
  ReceiptOptions & {
    readonly database: Database
    /** Tells the background work that there is some. */
    readonly wake: () => void
  }

type Page = { readonly after?: number; readonly leaveUnread?: boolean }

export function createMessages(options: Options) {
  const { database, wake } = options

  /** One transaction; whatever it stores is work for the background. */
  async function send(
    caller: SendingCaller,
    name: string,
    message: MessageEnvelope,
    query: SendingQuery,
  ) {
    const sent = await database.inTransaction(caller, async (tx) => {
      await requireKnown(tx)
      return sendMessage(tx, options, name, message, query)
    })
    if (sent.created) wake()
    return sent
  }

  function read(caller: SendingCaller, name: string, query: Page & { recipient?: string }) {
    return database.inTransaction(caller, async (tx) => {
      await requireKnown(tx)
      return readMessages(tx, options, name, query)
    })
  }

  /** A receipt that nobody has is counted, at whichever door it is tried. */
  async function requireKnown(tx: Tx<SendingCaller>): Promise<void> {
    if (tx.caller.kind === 'bearer') await requireReceipt(tx, options)
  }

  return {
    send,
    read,
    deliver: (caller: KnownCaller, name: string, messageId: string, query: DeliveryQuery) =>
      database.inTransaction(caller, (tx) => deliver(tx, name, messageId, query)),
  }
}
