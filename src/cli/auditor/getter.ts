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
 * @throws ServiceProblem, NoAnswer
 */
export type Get = (path: string) => Promise<Response>

const pauseMsMax = 60_000

/** Signs in as flags and environment say. */
export async function getterOf(input: Input): Promise<Get> {
  const { token } = await credentialsOf(input)
  const base = baseOf(addressOf(input))

  async function ask(path: string): Promise<Response> {
    try {
      if (typeof token !== 'function')
        return await token.fetch(base + path, { method: 'GET', headers: {}, redirect: 'error' })
      const headers = { authorization: `Bearer ${await token()}` }
      return await fetch(base + path, { headers, redirect: 'error' })
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause
      throw new NoAnswer(`${base} could not be reached, or broke off`, { cause })
    }
  }

  return async (path) => {
    for (;;) {
      const response = await ask(path)
      if (response.ok) return response
      const problem = problemIn(await readText(response, problemBytesMax), response.status)
      if (response.status !== 429) throw new ServiceProblem(problem)
      const seconds = Number(response.headers.get('retry-after')) || 1
      await setTimeout(Math.min(seconds * 1000, pauseMsMax))
    }
  }
}
