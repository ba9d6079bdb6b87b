/** An issuer of access tokens that is not ours: a second oidc-provider, on a port of its own. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK } from 'jose'
import { type ClientMetadata, Provider } from 'oidc-provider'
import type { Test } from 'tap'
import { createSigner } from './signer.ts'

const scope = 'referrals:submit matching:evaluate triage:work audit:read'

/** Starts it, for tokens with this audience; it is closed when `t` ends. */
export async function startOutside(
  t: Pick<Test, 'teardown'>,
  audience: string,
  registered?: { readonly key: object; readonly kid: string },
) {
  const server = createServer((request, response) => callback(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const key = await createSigner()
  const client = await createSigner()
  const resourceServer = {
    ...{ scope, audience, accessTokenTTL: 300, accessTokenFormat: 'jwt' as const },
    jwt: { sign: { alg: 'ES256' as const } },
  }
  const server_: ClientMetadata = {
    ...{ client_id: 'their-server', scope, redirect_uris: [], response_types: [] },
    ...{ grant_types: ['client_credentials'], token_endpoint_auth_method: 'private_key_jwt' },
    jwks: {
      keys: [
        { ...client.publicJwk, kid: client.thumbprint },
        ...(registered ? [{ ...registered.key, kid: registered.kid }] : []),
      ],
    } as never,
  }
  const provider = new Provider(url, {
    jwks: { keys: [{ ...(await exportJWK(key.privateKey)), kid: key.thumbprint }] } as never,
    clients: [server_],
    scopes: scope.split(' '),
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: { clientAuthSigningAlgValues: ['ES256', 'Ed25519'] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    responseTypes: [],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 1), requireNonce: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: () => resourceServer,
        useGrantedResource: () => true,
      },
    },
  })
  const callback = provider.callback()

  return {
    ...{ url, provider, key, client },
    /** A token that a person got by means of an app of theirs, as the provider makes one. */
    async personsToken(accountId: string): Promise<string> {
      const app = await provider.Client.find('their-server')
      const token = new provider.AccessToken({
        ...{ accountId, scope, gty: 'authorization_code' },
        client: app!,
      } as never)
      token.resourceServer = new provider.ResourceServer(audience, resourceServer)
      return token.save()
    },
  }
}
