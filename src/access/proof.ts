/**
 * DPoP proofs (RFC 9449): whoever shows an access token also shows the key that it was issued to. The checks
 * are those of section 4.3; the number of each stands beside it.
 */
import { createHash } from 'node:crypto'
import { Refusal } from '../errors.ts'

/** What proofs may be signed with. */
export const proofAlgorithms = ['ES256', 'EdDSA', 'Ed25519']

/** How old a proof may be. It counts once, so that a longer time is for slow lines and not for thieves. */
const ageSecondsMax = 60
/** A clock that is ahead of ours by more than this makes no proofs. */
const aheadSecondsMax = 30
const proofCharactersMax = 4_096
const idCharactersMax = 256

export type Shown = {
  /** The value of the header; all of them, if there were several. */
  readonly proof: string | undefined
  readonly method: string
  /** The address that the caller used, by our configuration, without a query. */
  readonly url: string
  readonly token: string
  /** The thumbprint that the token is bound to. */
  readonly thumbprint: string
}

/**
 * Checks what a proof says. `id` must then be spent, until `until`, for it counts once; that waits for a database,
 * and may be done while `signature` is checked: without both nothing is served. Whoever has a token and not
 * its key can so spend ids of his own making, as many as he can send requests, and none that anybody will use.
 *
 * @returns `signature`, which rejects as this does
 * @throws Refusal `dpop-proof-invalid`
 */
export async function checkProof({ proof, method, url, token, thumbprint }: Shown) {
  if (proof === undefined) throw invalid('there is no DPoP proof')
  if (proof.length > proofCharactersMax) throw invalid('the DPoP proof is too long')
  const { decodeJwt, decodeProtectedHeader, jwtVerify } = await library()
  const { header, claims } = parsed(() => ({
    header: decodeProtectedHeader(proof),
    claims: decodeJwt(proof),
  }))
  const { jti, htm, htu, iat, ath } = claims
  if (typeof jti !== 'string' || jti === '' || jti.length > idCharactersMax) {
    throw invalid('the jti of the DPoP proof is not an id')
  }
  // 8 and 9: this request. `Host` is whatever the caller wrote, and is not asked.
  if (htm !== method) throw invalid('the DPoP proof is for another method')
  if (!isSamePlace(htu, url)) throw invalid('the DPoP proof is for another address')
  // 11: now. A nonce (10) is not asked for: a proof counts once and for a minute.
  const seconds = Date.now() / 1000
  if (typeof iat !== 'number' || iat > seconds + aheadSecondsMax) {
    throw invalid('the DPoP proof is of a time to come')
  }
  if (iat < seconds - ageSecondsMax) throw invalid('the DPoP proof is too old')
  // 12: this token, and the key that it was issued to.
  const hash = createHash('sha256').update(token).digest('base64url')
  if (ath !== hash) throw invalid('the DPoP proof is for another token')
  const key = await keyIn(header)
  if (key?.thumbprint !== thumbprint)
    throw invalid('the DPoP proof is by another key than the token')
  // 1 to 7: one header, a JWT, its type and algorithm, a public key in it, its signature.
  const signature = jwtVerify(proof, key.key, {
    typ: 'dpop+jwt',
    algorithms: proofAlgorithms,
    clockTolerance: aheadSecondsMax,
  }).catch((cause) => {
    throw invalid('the DPoP proof is not one, or not signed by its key', cause)
  })
  const untilSeconds = iat + ageSecondsMax + aheadSecondsMax
  return { id: `${thumbprint} ${jti}`, until: new Date(untilSeconds * 1000), signature }
}

type Key = { readonly thumbprint: string; readonly key: Awaited<ReturnType<typeof importKey>> }

/** By the header that brings it. A client shows one key for years, and to read it costs half of a check. */
const keys = new Map<string, Promise<Key | undefined>>()
const keysMax = 1_000

/** The public key that a proof brings; `undefined` for anything else. */
function keyIn(header: Header): Promise<Key | undefined> {
  const shown = JSON.stringify(header)
  const known = keys.get(shown)
  if (known) return known
  const read = readKey(header).catch(() => undefined)
  if (keys.size >= keysMax) keys.clear()
  keys.set(shown, read)
  return read
}

async function readKey(header: Header): Promise<Key> {
  const { calculateJwkThumbprint } = await library()
  return {
    thumbprint: await calculateJwkThumbprint(header.jwk ?? {}),
    key: await importKey(header),
  }
}

/** @throws Error for what is no public key of the algorithm that the header names */
async function importKey(header: Header) {
  const { EmbeddedJWK } = await library()
  return EmbeddedJWK(header as Parameters<typeof EmbeddedJWK>[0])
}

/** Loaded when somebody first shows a proof. */
let jose: Promise<typeof import('jose')> | undefined

function library() {
  jose ??= import('jose')
  return jose
}

type Header = ReturnType<typeof import('jose')['decodeProtectedHeader']>

function parsed<Parsed>(read: () => Parsed): Parsed {
  try {
    return read()
  } catch (cause) {
    throw invalid('the DPoP proof is not one', cause)
  }
}

/** Without query and fragment, and after the normalization of URLs. */
function isSamePlace(htu: unknown, url: string): boolean {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return false
  const [said, used] = [new URL(htu), new URL(url)]
  return said.origin === used.origin && said.pathname === used.pathname && said.username === ''
}

function invalid(detail: string, cause?: unknown): Refusal {
  return new Refusal('dpop-proof-invalid', detail, { cause })
}
