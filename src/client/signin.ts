/**
 * Signing in by a key (RFC 6749 section 4.4, RFC 7523), with tokens that are bound to a key of this process
 * (RFC 9449): nobody copies a token, and a copied one is useless. Runs in Node and in a browser. What the
 * standards ask for is done by `oauth4webapi`, which is loaded when it is first needed.
 */
import type * as OAuth from 'oauth4webapi'
import { Refusal } from '../errors.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import type { ClientKey } from '../protocol/partner/clientkey.ts'
import { ready } from '../protocol/sodium.ts'
import { baseOf } from './address.ts'
import { problemBytesMax, problemIn, readText } from './answer.ts'
import { fetchLong } from './body.ts'
import { BadAnswer, ServiceProblem } from './failure.ts'

export type SignInOptions = {
  /** The service, by the address that it calls itself: `https://intake.example.org`. */
  readonly url: string
  /** Another issuer of tokens than the service itself, one that the service trusts. */
  readonly issuer?: string
  /** The id that the administrator gave to the client. */
  readonly clientId: string
  /** What `openClientKey` returns. */
  readonly key: ClientKey
  /** Whom an app of several people acts for: an opaque id, never a name. */
  readonly person?: string
}

/** Sends requests with a token, which it gets, keeps and renews. */
export type SignIn = {
  /**
   * As `fetch`, of an address of the service.
   *
   * @throws Refusal `unauthenticated` if the issuer gives no token; whatever `fetch` throws
   */
  fetch(url: string, init: SignedInit): Promise<Response>
  /** Gets a token if there is none. @throws as `fetch` */
  ready(): Promise<void>
}

type SignedInit = {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
  /** Whether body or answer is long (body.ts). */
  readonly isLong?: boolean
} & Pick<RequestInit, 'redirect' | 'cache' | 'signal'>

/** A token is renewed before a request that could arrive after its end. */
const leftMsMin = 30_000
/** A nonce, a clock and an ended token: each may be mended once. */
const attemptsMax = 4
/** A clock is believed to be wrong where it differs by as much; the service allows half a minute. */
const skewSecondsMin = 10
const answerMsMax = 20_000

type Token = { readonly text: string; readonly until: number }

/** @throws Error if `url` or `issuer` would show what is sent to the network */
export function createSignIn(options: SignInOptions): SignIn {
  const issuer =
    options.issuer === undefined ? `${baseOf(options.url)}/oauth` : baseOf(options.issuer)
  let session: Promise<Session> | undefined
  let token: Promise<Token> | undefined

  function sessionOf(): Promise<Session> {
    session ??= openSession(issuer, options)
    session.catch(() => {
      session = undefined
    })
    return session
  }

  /** Of many requests at once, one signs in. */
  async function current(using: Session): Promise<Token> {
    const begun = token
    const kept = await begun
    if (kept && kept.until - leftMsMin > Date.now()) return kept
    // Another may have begun while this one waited.
    if (token && token !== begun) return token
    const asked = using.signIn()
    token = asked
    asked.catch(() => {
      if (token === asked) token = undefined
    })
    return asked
  }

  return {
    async ready() {
      await current(await sessionOf())
    },
    async fetch(url, init) {
      const using = await sessionOf()
      for (let attempt = 1; ; attempt += 1) {
        const { text } = await current(using)
        const answer = await using.send(text, url, init)
        if (!answer.mendable || attempt === attemptsMax) return answer.response
        // It may have been ended: its key, at the issuer.
        if (answer.mendable === 'token') token = undefined
      }
    },
  }
}

type Session = Awaited<ReturnType<typeof openSession>>

async function openSession(issuer: string, { clientId, key, person }: SignInOptions) {
  const oauth = await import('oauth4webapi')
  const place = new URL(issuer)
  const lines = {
    [oauth.allowInsecureRequests]: place.protocol === 'http:',
    [oauth.customFetch]: fetchBounded,
  }
  const server = await discovered(oauth, place, lines)
  const keyPair = await oauth.generateKeyPair('ES256')
  const auth = oauth.PrivateKeyJwt(
    { key: await importedKey(key), kid: key.kid },
    {
      [oauth.modifyAssertion](_header, payload) {
        if (person !== undefined) payload.act = { sub: person }
      },
    },
  )
  let client: OAuth.Client = { client_id: clientId }
  let proofs = oauth.DPoP(client, keyPair)
  /** How far the service's clock is ahead, in seconds, as far as it was noticed. */
  let skew = 0

  /** Whether a refused request may fare better, by what the answer says of nonce and clock. */
  function isMended(error: unknown, response: Response): boolean {
    if (oauth.isDPoPNonceError(error)) return true
    const ahead = Math.round((Date.parse(response.headers.get('date') ?? '') - Date.now()) / 1000)
    // Of a machine that wakes, or whose clock is set right, the difference is another one than before.
    if (!(Math.abs(ahead - skew) >= skewSecondsMin)) return false
    skew = ahead
    client = { ...client, [oauth.clockSkew]: ahead }
    proofs = oauth.DPoP(client, keyPair)
    return true
  }

  return {
    async signIn(): Promise<Token> {
      for (let attempt = 1; ; attempt += 1) {
        try {
          const begunAt = Date.now()
          const signal = AbortSignal.timeout(answerMsMax)
          const answer = await oauth.clientCredentialsGrantRequest(
            server,
            client,
            auth,
            {},
            {
              ...lines,
              ...{ DPoP: proofs, signal },
            },
          )
          const made = await oauth.processClientCredentialsResponse(server, client, answer)
          return { text: made.access_token, until: begunAt + (made.expires_in ?? 60) * 1000 }
        } catch (error) {
          const response = responseOf(error)
          if (!response) throw error
          if (attempt < attemptsMax && isMended(error, response)) continue
          throw refused(error)
        }
      }
    },

    /** `mendable`: sent again it may fare better, after signing in again or as it is. */
    async send(token: string, url: string, init: SignedInit) {
      const { method, headers, body, isLong, ...rest } = init
      const fetched = isLong ? fetchLong : fetch
      try {
        const response = await oauth.protectedResourceRequest(
          ...([token, method, new URL(url), new Headers(headers), body ?? null] as const),
          {
            ...lines,
            DPoP: proofs,
            [oauth.customFetch]: (to, given) =>
              fetched(to, {
                method,
                headers: given.headers,
                ...(body !== undefined && { body }),
                ...rest,
              }),
          },
        )
        return { response, mendable: undefined }
      } catch (error) {
        const response = responseOf(error)
        if (!response) throw error
        if (response.status !== 401) return { response, mendable: undefined }
        return { response, mendable: isMended(error, response) ? 'proof' : 'token' } as const
      }
    },
  }
}

/** What the issuer says of itself. @throws Refusal if it calls itself something else */
async function discovered(
  oauth: typeof OAuth,
  place: URL,
  lines: object,
): Promise<OAuth.AuthorizationServer> {
  const signal = AbortSignal.timeout(answerMsMax)
  const answer = await oauth.discoveryRequest(place, { ...lines, signal })
  try {
    return await oauth.processDiscoveryResponse(place, answer)
  } catch (cause) {
    const detail = `${place.href} is not the address of an issuer of tokens, as it calls itself`
    throw new Refusal('unauthenticated', detail, { cause })
  }
}

/**
 * As `fetch`, with the whole body read, to the length of a short answer.
 *
 * @throws BadAnswer for a longer one; ServiceProblem of an issuer that is away, which is no answer about the client
 */
async function fetchBounded(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, init)
  if (!answer.body) return answer
  const text = await readText(answer, problemBytesMax)
  if (text === undefined) throw new BadAnswer('the answer of the issuer is too long, or not UTF-8')
  const { status, statusText, headers } = answer
  if (status >= 500) throw new ServiceProblem(problemIn(text, status))
  return new Response(text, { status, statusText, headers })
}

async function importedKey({ publicKey, secretKey }: ClientKey): Promise<OAuth.CryptoKey> {
  await ready
  const x = encodeBase64url(publicKey)
  const d = encodeBase64url(secretKey)
  const jwk = { kty: 'OKP', crv: 'Ed25519', x, d }
  return crypto.subtle.importKey('jwk', jwk, 'Ed25519', false, ['sign'])
}

/** The answer that made `oauth4webapi` throw; `undefined` where there was none. */
function responseOf(error: unknown): Response | undefined {
  const { response } = (error ?? {}) as { response?: unknown }
  return response instanceof Response ? response : undefined
}

function refused(cause: unknown): Refusal {
  const { error } = cause as { error?: unknown }
  const code = typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? ` (${error})` : ''
  const detail = `the issuer gives this client no token for this key${code}`
  return new Refusal('unauthenticated', detail, { cause })
}
