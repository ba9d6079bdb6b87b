/**
 * Access tokens made by hand, for trials: RFC 9068 JWTs (`typ: at+jwt`), signed with Ed25519. They count on the
 * loopback address only, where no PUBLIC_URL is set. The service needs the public half of their key; the
 * private half stays where tokens are made.
 */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createSigner } from 'fast-jwt'
import { Refusal } from '../errors.ts'
import { newId } from '../protocol/uuid.ts'

/** Longer, and a lost laptop keeps a working token for days; shorter needs a token service. */
export const tokenMinutesMax = 24 * 60

/** A person whom a client acts for: opaque, and never a name. */
export const personForm = /^[A-Za-z0-9_-]{1,64}$/

/** A token for one client. Its scopes are the directory's, asked again on each request. */
export function issueToken(
  privateKey: string,
  origin: string,
  clientId: string,
  minutes: number,
  person?: string,
): string {
  if (!(minutes >= 1 && minutes <= tokenMinutesMax)) {
    throw new Refusal('malformed-request', `minutes must be from 1 to ${tokenMinutesMax}`)
  }
  if (person !== undefined && !personForm.test(person)) {
    throw new Refusal('malformed-request', 'person is an opaque id of letters, digits, _ and -')
  }
  const sign = createSigner({
    key: privateKey,
    algorithm: 'EdDSA',
    header: { alg: 'EdDSA', typ: 'at+jwt' },
  })
  // One moment for both: a second may begin between two.
  const iat = Math.floor(Date.now() / 1000)
  return sign({
    iss: issuerOf(origin),
    aud: issuerOf(origin),
    sub: clientId,
    client_id: clientId,
    jti: newId(),
    iat,
    exp: iat + minutes * 60,
    ...(person && { act: { sub: person } }),
  })
}

/** The public half, in PEM, of a PEM file that holds either half. @throws Error if it holds none */
export async function readPublicKey(file: string): Promise<string> {
  const key = createPublicKey(await readFile(file, 'utf8'))
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

/** Writes a new private key to `file`, readable by its owner only; fails if there is one. */
export async function generateTokenKey(file: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  await writeFile(file, pem, { mode: 0o600, flag: 'wx' })
}

function issuerOf(origin: string): string {
  return `https://${origin}`
}
