/**
 * The service's side of keyholders in processes of their own. All keyholders of an epoch are asked at
 * once, over connections that are kept open, and have two seconds. Their answers are verified here
 * too: a client refuses a wrong answer by itself, but nobody who can repair it would learn of it.
 */
import { Agent } from 'node:https'
import { Refusal } from '../errors.ts'
import {
  type Evaluation,
  type Keyholders,
  NotEvaluated,
  totalSpent,
} from '../matching/keyholders.ts'
import { decodeBase64url } from '../protocol/bytes.ts'
import type { Log } from './keyholder.ts'
import { KeyholderFault, postEvaluation } from './post.ts'
import type { Certificates } from './serve.ts'
import { createThread } from './thread.ts'

export type RemoteOptions = {
  /** `https://host:port` of each process. Which of them holds which key is found by asking. */
  readonly urls: readonly string[]
  readonly certificates: Certificates
  readonly log: Log
}

/** More would only wait at the keyholder, which evaluates one batch at a time. */
const connectionsMax = 8

export function createRemoteKeyholders({ urls, certificates, log }: RemoteOptions) {
  const agent = new Agent({
    ...certificates,
    keepAlive: true,
    maxSockets: connectionsMax,
    minVersion: 'TLSv1.3',
  })
  const thread = createThread([])
  /** Where a key was found last, by its public half. */
  const places = new Map<string, string>()

  async function askAt(url: string, holder: string, elements: readonly string[]) {
    try {
      const answer = await postEvaluation(agent, url, { holder, elements: [...elements] })
      await verify(holder, elements, answer)
      places.set(holder, url)
      return answer
    } catch (error) {
      if (places.get(holder) === url) places.delete(holder)
      const { code, reason } = KeyholderFault.of(error)
      if (code !== 'not-found') log.warn({ holder: url, reason }, 'a keyholder did not evaluate')
      throw error
    }
  }

  async function verify(holder: string, elements: readonly string[], answer: Evaluation) {
    if (answer.holder !== holder) throw new KeyholderFault('wrong', 'another key', true)
    const bytes = (texts: readonly string[]) => texts.map((text) => decodeBase64url(text, 32))
    try {
      await thread.verify({
        holder: decodeBase64url(holder, 32),
        blinded: bytes(elements),
        elements: bytes(answer.elements),
        proof: decodeBase64url(answer.proof, 64),
      })
    } catch (error) {
      if (error instanceof Refusal) throw new KeyholderFault('wrong', 'a wrong evaluation', true)
      throw new KeyholderFault('down', 'its answer could not be verified on this side', true)
    }
  }

  async function ask(holder: string, elements: readonly string[]): Promise<Evaluation> {
    const place = places.get(holder)
    try {
      return await Promise.any((place ? [place] : urls).map((url) => askAt(url, holder, elements)))
    } catch (error) {
      const faults = (error as AggregateError).errors.map(KeyholderFault.of)
      const moved = place && faults.every(({ code }) => code === 'not-found')
      if (moved) return ask(holder, elements)
      throw KeyholderFault.worst(faults)
    }
  }

  return {
    place: 'apart' as const,
    async evaluate(holders, elements) {
      const outcomes = await Promise.allSettled(holders.map((holder) => ask(holder, elements)))
      const answers: Evaluation[] = []
      const faults: KeyholderFault[] = []
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') answers.push(outcome.value)
        else faults.push(KeyholderFault.of(outcome.reason))
      }
      if (faults.length > 0) throw notEvaluated(KeyholderFault.worst(faults), answers.length > 0)
      return answers
    },
    /** Starts the thread that verifies, so that the first request does not wait for it. */
    async open() {
      await thread.publicKeys()
    },
    async close() {
      agent.destroy()
      await thread.close()
    },
  } satisfies Keyholders & Record<'open' | 'close', () => Promise<void>>
}

function notEvaluated(fault: KeyholderFault, othersCounted: boolean): NotEvaluated {
  const counted = othersCounted || fault.counted
  if (fault.code === 'spent') {
    return totalSpent(new Date(), 'a key holder has evaluated as much as a day allows', counted)
  }
  const detail = 'a holder of the matching key is down, slow or wrong'
  return new NotEvaluated('matching-unavailable', detail, { counted, cause: fault })
}
