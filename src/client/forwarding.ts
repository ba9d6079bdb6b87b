/** What becomes of items, posted as webhooks from here: for a server that the service cannot reach. */
import {
  changeMessage,
  gapMessage,
  type WebhookMessage,
  webhookHeaders,
} from '../protocol/webhook.ts'
import { backoffMs, pause } from './pacing.ts'
import { createTransport, type TransportOptions } from './transport.ts'
import { createWatching } from './watching.ts'

/** A message that was posted, and the status of the answer; 0 where there was none. */
export type Forwarded = {
  readonly messageId: string
  readonly type: string
  readonly itemId?: string
  readonly status: number
}

export type ForwardOptions = TransportOptions & {
  /** Where messages are posted. */
  readonly to: string
  /** 24 to 64 bytes. */
  readonly secret: Uint8Array
  /** Told once it follows: what happens from then on is posted. */
  readonly onFollowing: () => void
  /** Told of each try. */
  readonly onTried: (tried: Forwarded) => void
  /** Told what failed between here and the service, and is tried again. */
  readonly onTrouble: (error: unknown) => void
  /** Ends it. */
  readonly signal: AbortSignal
}

/** A receiver that is worked on is back soon. */
const faultMs = [500, 5_000] as const
const answerMsMax = 15_000

/**
 * Follows the queue from now on until it is ended, and posts each change as the service would: in order, signed, and
 * again until it is taken. What happened before, or while it does not run, is not posted.
 *
 * @throws ServiceProblem for what neither time nor another try mends
 */
export async function forwardChanges(options: ForwardOptions): Promise<void> {
  const { signal, onTrouble, onFollowing } = options
  const watching = createWatching(createTransport(options))
  let isFollowing = false
  for await (const { changes, isBeginning } of watching.changes({ signal, onTrouble })) {
    if (!isFollowing) onFollowing()
    else if (isBeginning) await postGap(options)
    isFollowing = true
    for (const change of changes) {
      await postUntilTaken(options, changeMessage('local', change), change.itemId)
    }
  }
}

function postGap(options: ForwardOptions): Promise<void> {
  const now = new Date().toISOString()
  return postUntilTaken(options, gapMessage('local', now.replace(/\D/g, ''), now))
}

async function postUntilTaken(
  options: ForwardOptions,
  message: WebhookMessage,
  itemId?: string,
): Promise<void> {
  const { onTried, signal } = options
  const { type }: { type: string } = JSON.parse(message.body)
  for (let faults = 0; !signal.aborted; faults += 1) {
    if (faults > 0) await pause(backoffMs(faults, ...faultMs), signal)
    const status = await post(options, message)
    if (status === 0 && signal.aborted) return
    onTried({ messageId: message.id, type, ...(itemId !== undefined && { itemId }), status })
    if (status >= 200 && status < 300) return
  }
}

/** Returns the status of the answer, of which nothing else is read; 0 for none. */
async function post(
  { to, secret, signal }: ForwardOptions,
  message: WebhookMessage,
): Promise<number> {
  const headers = webhookHeaders(message, [secret], Math.floor(Date.now() / 1000))
  const ending = AbortSignal.any([signal, AbortSignal.timeout(answerMsMax)])
  const sent = { method: 'POST', headers, body: message.body }
  try {
    const answer = await fetch(to, { ...sent, redirect: 'manual', signal: ending })
    await answer.body?.cancel()
    return answer.status
  } catch {
    return 0
  }
}
