/**
 * Asks for the addresses of names, with an end and one at a time.
 *
 * `getaddrinfo` has no end of its own, and nothing ends it: a name whose servers are silent holds a thread of libuv's
 * pool for as long as the system's resolver tries. Two at once may do that in a process with the pool's usual size, and the service's
 * own names (its database's, the mail server's) need one of them.
 */
import dns, { type LookupAddress, type LookupAllOptions } from 'node:dns'

/** For its turn and its answer. */
const askMsMax = 5_000

export type AskName = (name: string, options: LookupAllOptions) => Promise<LookupAddress[]>

/**
 * @param msMax - another is for tests
 * @returns what rejects with an error whose `syscall` is `getaddrinfo`, also where that came to no end in time
 */
export function createAskName(msMax = askMsMax): AskName {
  /** Resolves when the question under way, and those that wait, are answered or given up. */
  let free: Promise<void> = Promise.resolve()

  return (name, options) =>
    new Promise((resolve, reject) => {
      let isOver = false
      const timer = setTimeout(() => {
        isOver = true
        reject(new Unanswered(`no answer within ${msMax} ms`))
      }, msMax)
      free = free.then(async () => {
        if (isOver) return
        await lookup(name, options).then(resolve, reject)
        clearTimeout(timer)
      })
    })
}

function lookup(name: string, options: LookupAllOptions): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    dns.lookup(name, options, (error, found) => (error ? reject(error) : resolve(found)))
  })
}

class Unanswered extends Error {
  readonly syscall = 'getaddrinfo'
}
