/** What becomes of one draft: sealed once, kept, sent until it is acknowledged or refused. */
import {
  type Acknowledgement,
  type Draft,
  type Envelope,
  type Referrer,
  ServiceProblem,
} from '../client/index.ts'
import { parseJson } from './json.ts'
import type { Outbox } from './outbox.ts'
import { type Fault, faultOf } from './report.ts'
import type { UnmatchedFault } from './unmatched.ts'

/**
 * A referral to be. `files` are those whose bytes it is, for the same draft may lie there twice;
 * `draft` is missing where only its sealed bytes are still at hand.
 */
export type Task = { readonly id: string; readonly files: string[]; readonly draft?: Uint8Array }

/**
 * `waiting`: sealed, kept and not acknowledged. `refused`: by the service, which stored nothing.
 * `failed`: not even sealed.
 */
export type Settled = {
  readonly referralId: string
  readonly status: 'stored' | 'stored-before' | 'waiting' | 'refused' | 'failed'
  readonly reference?: string
  readonly receivedAt?: string
  readonly problem?: Fault
}
/** The same, for one of the files named. */
export type Result = Settled & {
  readonly file: string
  /** Why this call sealed it without match keys. */
  readonly unmatched?: UnmatchedFault
}

/** Deals with one task after the other, or with several at once, for one call of `intake refer`. */
export function createSending(referrer: Referrer, outbox: Outbox) {
  /** Why nothing more is sent: a service that does not answer is not asked a hundred times. */
  let halt: Fault | undefined

  async function refer(task: Task): Promise<Settled> {
    const { id, draft } = task
    const kept = await outbox.sealed(id)
    const before = await outbox.acknowledgementOf(id)
    if (before) {
      await outbox.settle(before)
      return stored('stored-before', before)
    }
    if (kept) {
      const result = await send(kept)
      const outdated = result.status === 'refused' && result.problem?.retry === 'after-refresh'
      if (!outdated || !draft) return result
    }
    if (draft) return sealAndSend(task, draft)
    const problem = { title: 'Another call of intake has dealt with it meanwhile' }
    return { referralId: id, status: 'refused', problem }
  }

  async function sealAndSend({ id, files }: Task, draft: Uint8Array): Promise<Settled> {
    let envelope: Envelope
    try {
      const parsed = parseJson<Draft>(draft, files[0] ?? id)
      envelope = await outbox.keep(await referrer.seal(parsed, { referralId: id }))
    } catch (error) {
      return { referralId: id, status: 'failed', problem: faultOf(error) }
    }
    return send(envelope)
  }

  async function send(envelope: Envelope): Promise<Settled> {
    const { referralId } = envelope.header
    if (halt) return { referralId, status: 'waiting', problem: halt }
    try {
      const acknowledgement = await referrer.submit(envelope)
      await outbox.settle(acknowledgement)
      return stored('stored', acknowledgement)
    } catch (error) {
      const problem = faultOf(error)
      if (isRefusalOfBytes(error)) {
        await outbox.discard(referralId)
        return { referralId, status: 'refused', problem }
      }
      halt ??= problem
      return { referralId, status: 'waiting', problem }
    }
  }

  return { refer }
}

function stored(status: 'stored' | 'stored-before', acknowledgement: Acknowledgement): Settled {
  const { referralId, reference, receivedAt } = acknowledgement
  return { referralId, status, reference, receivedAt }
}

/**
 * Whether the service judged these very bytes, and stored nothing. A missing token, a wrong path, a
 * proxy or an overload judges the call, and the bytes are kept for another.
 */
function isRefusalOfBytes(error: unknown): boolean {
  if (!(error instanceof ServiceProblem)) return false
  const { code, stored, status } = error.problem
  return code !== undefined && stored === false && [400, 409, 413, 415, 422].includes(status)
}
