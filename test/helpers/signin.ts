/** Signing in by hand, as a partner without our SDK would: an assertion, a proof, a form. */
import type { Built } from './build.ts'
import { onHost } from './publish.ts'
import { createSigner, type Signer } from './signer.ts'

export type OauthAnswer = {
  readonly status: number
  readonly challenge: string | null
  readonly body: {
    readonly access_token: string
    readonly token_type: string
    readonly expires_in: number
    readonly scope?: string
    readonly error?: string
    readonly error_description?: string
  }
}

/** What the token endpoint answers to a form; `assertion` stands where RFC 7523 has it. */
export async function askToken(
  url: string,
  assertion: string,
  {
    form = {},
    headers = {},
  }: { form?: Record<string, string>; headers?: Record<string, string> } = {},
): Promise<OauthAnswer> {
  const response = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      ...form,
    }),
  })
  const challenge = response.headers.get('www-authenticate')
  const body = (await response.json()) as OauthAnswer['body']
  return { status: response.status, challenge, body }
}

/** A new key, registered for the client. */
export async function registeredSigner(
  built: Pick<Built, 'databases'>,
  clientId: string,
  alg: 'ES256' | 'Ed25519' = 'ES256',
): Promise<Signer> {
  const signer = await createSigner(alg)
  await onHost(built, (host) => host.addClientKey({ clientId, jwk: signer.publicJwk }))
  return signer
}

/** A client that has signed in, with a token that is bound to its key unless `isBound` is false. */
export async function signIn(
  built: Pick<Built, 'databases' | 'url'>,
  clientId: string,
  { isBound = true, signer }: { isBound?: boolean; signer?: Signer } = {},
) {
  const { url } = built
  const by = signer ?? (await registeredSigner(built, clientId))
  const assertion = await by.assertion(clientId, `${url}/oauth`)
  const proof = isBound && { dpop: await by.proof('POST', `${url}/oauth/token`) }
  const { status, body } = await askToken(url, assertion, { headers: { ...proof } })
  if (status !== 200) throw new Error(`no token: ${JSON.stringify(body)}`)
  const token = body.access_token
  return {
    ...{ signer: by, token },
    /** The headers of one request: a proof counts once. */
    async headers(method: string, path: string): Promise<Record<string, string>> {
      if (!isBound) return { authorization: `Bearer ${token}` }
      const dpop = await by.proof(method, url + path.split('?')[0], token)
      return { authorization: `DPoP ${token}`, dpop }
    },
  }
}
