/** What an endpoint is told: ids and types, and nothing else. Pure. */
import type { WebhookMessage } from '../protocol/webhook.ts'
import type { ChangeType } from '../triage/change.ts'

/** Where an endpoint stands among the changes: all up to there was delivered. */
export type EndpointPlace = {
  readonly epoch: string
  readonly position: string
  readonly number: string
}

/** One of the changes, at its place. */
type Change = {
  readonly id: string
  readonly type: ChangeType
  readonly itemId: string
  readonly caseId: string
  readonly at: string
}

/** What became of an item. Its id is the same whenever and by whomever it is sent. */
export function changeMessage(epoch: string, change: Change): WebhookMessage {
  const { id, type, itemId, caseId, at } = change
  const data = { changeId: id, itemId, caseId }
  const body = JSON.stringify({ type: `item.${type}`, timestamp: at, data })
  return { id: `msg_${epoch}_${id}`, body }
}

/**
 * Some of what came before may never be told: it was forgotten, or the database was set back. Whoever gets this lists
 * the queue; what comes after is whole.
 */
export function gapMessage({ epoch, position }: EndpointPlace, at: string): WebhookMessage {
  const body = JSON.stringify({ type: 'queue.gap', timestamp: at, data: {} })
  return { id: `msg_${epoch}_gap_${position}`, body }
}

const messageId = /^msg_([0-9a-f]{1,16})_(\d{1,18})$/

/** The change that a message told of. `undefined` for an id that no such message has. */
export function changeOf(
  id: string,
): { readonly epoch: string; readonly number: string } | undefined {
  const [, epoch, number] = messageId.exec(id) ?? []
  return epoch === undefined || number === undefined ? undefined : { epoch, number }
}

/** Why nothing is delivered: its client asked for it, 410, all tries failed, or its secret does not open. */
export type DisabledFor = 'asked' | 'gone' | 'failed' | 'secret'

/** What came instead of an answer. */
export type Fault = 'address' | 'name' | 'timeout' | 'certificate' | 'connection'

/** A try that failed. */
export type Failure = {
  readonly at: string
  readonly messageId: string
  /** Of which the first is 1. */
  readonly tries: number
  readonly status?: number
  readonly fault?: Fault
}

/** What a receiver said: its status, and when to come back; or why there is none. */
export type Answer =
  | { readonly status: number; readonly retryAfter: string | undefined }
  | { readonly fault: Fault }

/** Posts a message. It ends in time, whatever the receiver does. @throws what `signal` was aborted with */
export type Send = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
) => Promise<Answer>
