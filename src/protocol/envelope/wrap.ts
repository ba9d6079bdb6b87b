/**
 * Wraps: the compartment keys that one reader may have, sealed to it (docs/PROTOCOL.md, "Sealing",
 * step 4). Bound to the header and the reader, so that a wrap opens nothing beside another
 * envelope.
 */
import type { Problem } from '../../referral/problems.ts'
import {
  base64urlBytes,
  concat,
  decodeBase64url,
  encodeBase64url,
  label,
  type Random,
  utf8,
} from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import type { SecretKey } from '../keys.ts'
import type { SealedName } from './compartment.ts'
import type { Wrap } from './envelope.ts'
import { openBase, sealBase } from './hpke.ts'
import { readPlaintext } from './plaintext.ts'

/** Compartment keys by the name of their compartment, 32 bytes each. */
export type CompartmentKeys = ReadonlyMap<SealedName, Uint8Array>

/** Somebody to wrap to. `publicKey` is X-Wing, in base64url as documents hold it. */
export type Reader = { kid: string; publicKey: string }

/** Seals `keys` to a reader. */
export function wrapKeys(
  keys: CompartmentKeys,
  to: Reader,
  headerHash: Uint8Array,
  random: Random,
): Wrap {
  const plain = canonicalBytes(
    Object.fromEntries([...keys].map(([name, key]) => [name, encodeBase64url(key)])),
  )
  const publicKey = decodeBase64url(to.publicKey, 1216)
  const sealed = sealBase(publicKey, wrapInfo(headerHash, to.kid), plain, random(64))
  return {
    kid: to.kid,
    encapsulated: encodeBase64url(sealed.encapsulated),
    sealedKeys: encodeBase64url(sealed.ciphertext),
  }
}

/** What stands in a wrap: names and keys are the sealer's word, unchecked. */
type OpenedWrap = { named: ReadonlyMap<string, unknown>; problems: Problem[] }

/**
 * Opens a wrap. The names are the sealer's word: whoever calls compares them with what it expects.
 *
 * @returns `undefined` if it is not a wrap for this reader and header, or is not an object of keys
 */
export function openWrap(
  wrap: Wrap,
  reader: SecretKey,
  headerHash: Uint8Array,
): OpenedWrap | undefined {
  const encapsulated = base64urlBytes(wrap.encapsulated)
  const ciphertext = base64urlBytes(wrap.sealedKeys)
  if (!encapsulated || !ciphertext) return undefined
  const info = wrapInfo(headerHash, reader.kid)
  const plain = openBase(reader.secretKey, info, { encapsulated, ciphertext })
  return plain && keysIn(plain)
}

function keysIn(plain: Uint8Array): OpenedWrap | undefined {
  try {
    const { value, problems } = readPlaintext(plain, '/wrap')
    return { named: new Map(Object.entries(value as object)), problems }
  } catch {
    return undefined
  }
}

function wrapInfo(headerHash: Uint8Array, kid: string): Uint8Array {
  return concat(label('wrap'), headerHash, utf8(kid))
}
