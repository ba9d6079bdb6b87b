import { setTimeout } from 'node:timers/promises'
import { baseOf } from '../../client/address.ts'
import { problemBytesMax, problemIn, readText } from '../../client/answer.ts'
import { NoAnswer, ServiceProblem } from '../../client/index.ts'
import type { Input, Option } from '../command.ts'
import { addressOf, connection, credentialsOf } from '../settings.ts'

const names = ['url', 'client', 'issuer', 'client-key']

/** The flags of a command that reads the log and opens nothing. */
export const signInOptions: Record<string, Option> = Object.fromEntries(
  Object.entries(connection).filter(([name]) => names.includes(name)),
)

/**
 * Returns the answer of the service at a path, whose body is still to be read. Where the service asks for
 * a pause it waits: a long log is more requests than a minute allows.
 *
 * @param timeoutMs - how long it may take with its body; as long as it likes if left out
 * @throws ServiceProblem, NoAnswer
 */
export type Get = (path: string, limits?: { readonly timeoutMs?: number }) => Promise<Response>

const pauseMsMax = 60_000

/** Signs in as flags and environment say. */
export async function getterOf(input: Input): Promise<Get> {
  const { token } = await credentialsOf(input)
  return getter(input, async (url, init) => {
    if (typeof token !== 'function')
      return token.fetch(url, { method: 'GET', headers: {}, ...init })
    return fetch(url, { headers: { authorization: `Bearer ${await token()}` }, ...init })
  })
}

/** The same of what anybody may read, without signing in. */
export function openGetterOf(input: Input): Get {
  return getter(input, (url, init) => fetch(url, init))
}

type Ask = (
  url: string,
  init: { readonly redirect: 'error'; readonly signal?: AbortSignal },
) => Promise<Response>

function getter(input: Input, send: Ask): Get {
  const base = baseOf(addressOf(input))

  async function ask(path: string, timeoutMs: number | undefined): Promise<Response> {
    const signal = timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(timeoutMs) }
    try {
      return await send(base + path, { redirect: 'error', ...signal })
    } catch (cause) {
      if (!isBroken(cause)) throw cause
      throw new NoAnswer(`${base} could not be reached, or broke off`, { cause })
    }
  }

  return async (path, { timeoutMs } = {}) => {
    for (;;) {
      const response = await ask(path, timeoutMs)
      if (response.ok) return response
      const problem = problemIn(await readText(response, problemBytesMax), response.status)
      if (response.status !== 429) throw new ServiceProblem(problem)
      await setTimeout(pauseMs(response))
    }
  }
}

/** As long as it asks for, and at least a second. */
function pauseMs({ headers }: Response): number {
  const seconds = Number(headers.get('retry-after')) || 1
  return Math.min(Math.max(seconds, 1) * 1000, pauseMsMax)
}

/** Whether the network, or the patience with it, ended what `fetch` had begun. */
export function isBroken(cause: unknown): boolean {
  return cause instanceof TypeError || (cause instanceof Error && cause.name === 'TimeoutError')
}
