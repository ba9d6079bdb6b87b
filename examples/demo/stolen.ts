/** Act 11: a token is read off the wire, and is good for nothing without its key. */
import { encodeBase64url, utf8 } from '../../src/protocol/bytes.ts'
import { clientJwkOf, generateClientKey } from '../../src/protocol/partner/clientkey.ts'
import { sign } from '../../src/protocol/signature.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { act, show } from './screen.ts'

/** A request of the newcomer's, as somebody in a proxy between sees it. */
export type Overheard = {
  readonly url: string
  readonly method: string
  readonly token: string
  readonly proof: string
}

/** What was sent by `fetch` while `act` ran: the last request that had a token. */
export async function overhearing<Result>(
  act: () => Promise<Result>,
): Promise<{ result: Result; overheard: Overheard }> {
  const { fetch } = globalThis
  let overheard: Overheard | undefined
  globalThis.fetch = (to, init = {}) => {
    const headers = new Headers(init.headers)
    const [, token] = /^DPoP (.+)$/.exec(headers.get('authorization') ?? '') ?? []
    const { method = 'GET' } = init
    if (token) overheard = { url: String(to), method, token, proof: headers.get('dpop') ?? '' }
    return fetch(to, init)
  }
  try {
    const result = await act()
    if (!overheard) throw new Error('nothing was overheard')
    return { result, overheard }
  } finally {
    globalThis.fetch = fetch
  }
}

/** Tries the stolen token in three ways. */
export async function thiefOfToken(overheard: Overheard): Promise<void> {
  act(11, 'A token is read off the wire, and is good for nothing without its key')
  const { token, proof } = overheard
  show('stolen', `${token.slice(0, 20)}…, and the proof beside it`)
  const tries = {
    'as a bearer token': { authorization: `Bearer ${token}` },
    'with the stolen proof': { authorization: `DPoP ${token}`, dpop: proof },
    'with a proof of his': { authorization: `DPoP ${token}`, dpop: ownProof(overheard) },
  }
  for (const [name, headers] of Object.entries(tries)) {
    const answer = await fetch(overheard.url, {
      method: overheard.method,
      headers: { ...headers, 'content-type': 'application/json' },
      body: '{}',
    })
    const { code } = (await answer.json()) as { code?: string }
    if (answer.status !== 401) throw new Error('a stolen token is good for something')
    show(name, `${answer.status} ${code}`)
  }
}

/** RFC 9449, section 4.2, right in all but the key. */
function ownProof({ url, method, token }: Overheard): string {
  const key = generateClientKey()
  const header = { typ: 'dpop+jwt', alg: 'Ed25519', jwk: clientJwkOf(key) }
  const ath = encodeBase64url(sha256(utf8(token)))
  const iat = Math.floor(Date.now() / 1000)
  const claims = { jti: newId(), htm: method, htu: url, iat, ath }
  const parts = [header, claims].map((part) => encodeBase64url(utf8(JSON.stringify(part))))
  const signed = parts.join('.')
  return `${signed}.${encodeBase64url(sign(key.secretKey, utf8(signed)))}`
}
