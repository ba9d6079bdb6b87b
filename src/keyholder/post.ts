/** One request to a keyholder in another process, and all its possible outcomes. */
import { once } from 'node:events'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { schemaProblems } from '../referral/problems.ts'
import { KeyholderAnswer, type KeyholderRequest } from './schemas.ts'

/** A referral waits this long, and is then stored without match keys. */
const answerMsMax = 2_000

/** Forty elements and a proof are under 2 KiB of JSON. */
const answerBytesMax = 8 * 1024

/** What went wrong with one keyholder. Of several faults, `worst` is the one to report. */
export class KeyholderFault extends Error {
  readonly code: 'not-found' | 'spent' | 'down' | 'wrong'
  readonly reason: string
  /** Whether the keyholder may have counted the elements. */
  readonly counted: boolean

  constructor(code: KeyholderFault['code'], reason: string, counted: boolean) {
    super(reason)
    this.name = 'KeyholderFault'
    this.code = code
    this.reason = reason
    this.counted = counted
  }

  static of(this: void, error: unknown): KeyholderFault {
    return error instanceof KeyholderFault ? error : new KeyholderFault('wrong', 'unforeseen', true)
  }

  /** The fault whose cause is known best, and counted if any of them was. */
  static worst(faults: readonly KeyholderFault[]): KeyholderFault {
    const order = ['spent', 'wrong', 'down', 'not-found'] as const
    const code = order.find((candidate) => faults.some((fault) => fault.code === candidate))
    const told = faults.find((fault) => fault.code === code)
    const counted = faults.some((fault) => fault.counted)
    return new KeyholderFault(code ?? 'wrong', told?.reason ?? 'unforeseen', counted)
  }
}

/**
 * Has a batch evaluated by the process at `url`. The answer has the right form; nothing else about it
 * has been checked.
 *
 * @throws KeyholderFault
 */
export async function postEvaluation(
  agent: Agent,
  url: string,
  body: KeyholderRequest,
): Promise<KeyholderAnswer> {
  const text = JSON.stringify(body)
  const signal = AbortSignal.timeout(answerMsMax)
  const asked = request(new URL('/evaluations', url), {
    agent,
    signal,
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
  })
  const isConnected = watchConnection(asked)
  asked.end(text)
  try {
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    return readAnswer(response.statusCode ?? 0, await readBody(response), body)
  } catch (error) {
    if (error instanceof KeyholderFault) throw error
    const { code = 'no answer' } = error as NodeJS.ErrnoException
    // The keyholder was restarted since the last request, so the kept connection is dead.
    if (asked.reusedSocket && code === 'ECONNRESET') return postEvaluation(agent, url, body)
    throw new KeyholderFault('down', signal.aborted ? 'too slow' : String(code), isConnected())
  }
}

/** Whether the request may have reached the keyholder: it is sent once the connection is secure. */
function watchConnection(asked: ClientRequest): () => boolean {
  let connected = false
  asked.once('socket', (socket) => {
    if (asked.reusedSocket) connected = true
    else socket.once('secureConnect', () => (connected = true))
  })
  return () => connected
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response) {
    length += chunk.length
    if (length > answerBytesMax) throw new KeyholderFault('wrong', 'an answer too long', true)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function readAnswer(status: number, text: string, { elements }: KeyholderRequest): KeyholderAnswer {
  if (status === 404) throw new KeyholderFault('not-found', 'no such key there', false)
  if (status === 429) throw new KeyholderFault('spent', 'its total of the day is spent', false)
  if (status === 503) throw new KeyholderFault('down', 'too busy', false)
  const answer = status === 200 ? parsed(text) : undefined
  if (!answer || answer.elements.length !== elements.length) {
    throw new KeyholderFault('wrong', `an answer of another form (${status})`, true)
  }
  return answer
}

function parsed(text: string): KeyholderAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return schemaProblems(KeyholderAnswer, value).length === 0
      ? (value as KeyholderAnswer)
      : undefined
  } catch {
    return undefined
  }
}
