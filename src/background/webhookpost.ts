/**
 * Posts a message to an endpoint. The name is asked for here, each address of the answer is judged, and to those and no
 * others the socket connects: a name that is answered otherwise a moment later leads nowhere. A redirect is an answer
 * like any other. Nothing of what a receiver says but its status is read, and nothing is logged.
 */
import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import type { Answer, Fault, Send } from '../webhooks/message.ts'
import { type AddressRule, createAddressRule } from './addresses.ts'
import { type AskName, createAskName } from './names.ts'

/** With the name, the connection and the answer. The specification has 15 to 30 seconds. */
const answerMsMax = 15_000

/** Interim answers (RFC 9110, section 15.2) before the answer: each costs as much as one. */
const interimMax = 10

/**
 * What `send` is given as an address is judged again there: rules may have changed since.
 *
 * @param ask - another is for tests, and so is another `msMax`
 */
export function createWebhookPost(
  allowedNetworks: readonly string[],
  ask: AskName = createAskName(),
  msMax = answerMsMax,
): Send {
  const rule = createAddressRule(allowedNetworks)
  return async (address, headers, body, signal) => {
    const url = new URL(address)
    if (faultOf(rule, url) !== undefined) return { fault: 'address' }
    const timeout = AbortSignal.timeout(msMax)
    try {
      const ending = AbortSignal.any([signal, timeout])
      return await post(url, { headers, body, rule, ask, signal: ending })
    } catch (error) {
      return { fault: timeout.aborted ? 'timeout' : kindOf(error) }
    }
  }
}

/** What is wrong with an address, before its name is asked for. */
export function createUrlRule(
  allowedNetworks: readonly string[],
): (address: string) => string | undefined {
  const rule = createAddressRule(allowedNetworks)
  return (address) => {
    if (!URL.canParse(address)) return 'url is not an address'
    return faultOf(rule, new URL(address), allowedNetworks.length > 0)
  }
}

function faultOf(rule: AddressRule, url: URL, isPlainAllowed = true): string | undefined {
  const { protocol, username, password, hash } = url
  const isPlain = protocol === 'http:'
  if (protocol !== 'https:' && !(isPlain && isPlainAllowed)) return 'url must begin with https://'
  if (username !== '' || password !== '') return 'url must not hold a user or a password'
  if (hash !== '') return 'url must not hold a fragment'
  const host = hostOf(url)
  // The socket asks nobody for an address that is one already.
  if (isIP(host) !== 0 && !rule(host, isPlain)) return 'url leads to an address that is not called'
  return undefined
}

type Post = {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly rule: AddressRule
  readonly ask: AskName
  readonly signal: AbortSignal
}

function post(url: URL, { headers, body, rule, ask, signal }: Post): Promise<Answer> {
  const isPlain = url.protocol === 'http:'
  const lookup: LookupFunction = (name, options, answer) => {
    ask(name, { ...options, all: true }).then(
      (found) => {
        // One that is not to be called condemns the name: who answers with such a one is not to be chosen from.
        if (!found.every(({ address }) => rule(address, isPlain))) return answer(new Refused(), [])
        const [first] = found
        if (options.all) answer(null, found)
        else answer(null, first?.address ?? '', first?.family)
      },
      (error) => answer(error, []),
    )
  }
  return new Promise((resolve, reject) => {
    const request = (isPlain ? http : https).request(url, {
      ...{ method: 'POST', agent: false, lookup, signal },
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    })
    request.on('response', (response) => {
      const { statusCode = 0, headers: said } = response
      resolve({ status: statusCode, retryAfter: said['retry-after'] })
      // However long its body is.
      response.destroy()
    })
    let interim = 0
    request.on('information', () => {
      interim += 1
      if (interim > interimMax) request.destroy(new Error('interim answers without end'))
    })
    request.on('error', reject)
    // A receiver that goes on by another protocol gives neither an answer nor an error.
    request.on('close', () => reject(new Error('the connection was closed without an answer')))
    request.end(body)
  })
}

/** The name led to an address that is not called. */
class Refused extends Error {}

function kindOf(error: unknown): Fault {
  if (error instanceof Refused) return 'address'
  const { code = '', syscall } = error as NodeJS.ErrnoException
  if (syscall === 'getaddrinfo') return 'name'
  return /CERT|SIGNATURE|ISSUER|ALTNAME|SSL|TLS/.test(code) ? 'certificate' : 'connection'
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}
