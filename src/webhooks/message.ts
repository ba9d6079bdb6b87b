/** What an endpoint is told: ids and types, and nothing else. Pure. */
/** Where an endpoint stands among the changes: all up to there was delivered. */
export type EndpointPlace = {
  readonly epoch: string
  readonly position: string
  readonly number: string
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

/** How many failures of an endpoint are kept, for its client to read. */
export const failuresMax = 10

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
