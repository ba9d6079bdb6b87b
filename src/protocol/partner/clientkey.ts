/**
 * The OAuth client key of a partner's server (RFC 7523, `private_key_jwt`): Ed25519, as a JWK
 * (RFC 8037), in a file like that of every other key. It proves to the authorization server who asks
 * for a token, and signs no referral.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Refusal } from '../../errors.ts'
import { Bytes32 } from '../../referral/format.ts'
import { decodeBase64url, encodeBase64url } from '../bytes.ts'
import { thumbprintOf } from '../jwk.ts'
import { generateSigningKey, type KeyPair, signingKeyFrom } from '../keys.ts'
import { openSecrets, readKeyFile, SealedSecrets, sealSecrets } from '../passphrase.ts'

/** The public half. */
export const ClientJwk = Type.Object(
  { crv: Type.Enum(['Ed25519']), kty: Type.Enum(['OKP']), x: Bytes32 },
  { additionalProperties: false },
)
export type ClientJwk = Static<typeof ClientJwk>

/** `kid` is the thumbprint of the JWK (RFC 7638), as client assertions name it. */
export type ClientKey = Pick<KeyPair, 'kid' | 'publicKey' | 'secretKey'>

const Secrets = Type.Object({ d: Bytes32 }, { additionalProperties: false })

const StoredClientKey = Type.Object(
  {
    v: Type.Enum([1]),
    client: Type.Object({ kid: Bytes32, jwk: ClientJwk }, { additionalProperties: false }),
    sealed: Type.Optional(SealedSecrets),
    secrets: Type.Optional(Secrets),
  },
  { additionalProperties: false },
)

/** A new client key. */
export function generateClientKey(): ClientKey {
  return clientKeyFrom(generateSigningKey().secretKey)
}

/** The public half of a client key, or of the 32 bytes of one. */
export function clientJwkOf({ publicKey }: Pick<ClientKey, 'publicKey'>): ClientJwk {
  return { crv: 'Ed25519', kty: 'OKP', x: encodeBase64url(publicKey) }
}

/** Writes a client key file. @param passphrase - `undefined` only where the user wants none */
export function sealClientKey(key: ClientKey, passphrase: string | undefined): string {
  const shown = shownOf(key)
  const secrets = { d: encodeBase64url(key.secretKey) }
  const stored =
    passphrase === undefined
      ? { ...shown, secrets }
      : { ...shown, sealed: sealSecrets(secrets, shown, passphrase) }
  return `${JSON.stringify(stored, null, 2)}\n`
}

/** Whether a client key file asks for a passphrase. @throws Refusal `key-file-invalid` */
export function clientKeyNeedsPassphrase(text: string): boolean {
  return readKeyFile(StoredClientKey, text).sealed !== undefined
}

/**
 * Reads a client key file.
 *
 * @throws Refusal `passphrase-wrong` or `key-file-invalid`, as `openKeyFile`
 */
export function openClientKey(text: string, passphrase?: string): ClientKey {
  const { sealed, secrets, ...shown } = readKeyFile(StoredClientKey, text)
  const opened = sealed ? (openSecrets(sealed, shown, passphrase) as typeof secrets) : secrets
  if (!opened) throw new Refusal('key-file-invalid', 'the client key file holds no secret key')
  const key = clientKeyFrom(decodeBase64url(opened.d, 32))
  if (key.kid !== shown.client.kid || thumbprintOf(shown.client.jwk) !== key.kid) {
    throw new Refusal('key-file-invalid', 'the public key in the file is not that of its secret')
  }
  return key
}

function clientKeyFrom(seed: Uint8Array): ClientKey {
  const { publicKey, secretKey } = signingKeyFrom(seed)
  return { kid: thumbprintOf(clientJwkOf({ publicKey })), publicKey, secretKey }
}

function shownOf(key: ClientKey) {
  return { v: 1 as const, client: { kid: key.kid, jwk: clientJwkOf(key) } }
}
