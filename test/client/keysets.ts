/** Keysets in a chain, and a server that shows one of them as the newest. */
import type { Test } from 'tap'
import { firstKeyset } from '../../examples/ceremony.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { generateRecipientKey, generateSigningKey, type KeyPair } from '../../src/protocol/keys.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { type Keyset, signKeyset, type Trust } from '../../src/protocol/trust/keyset.ts'
import { serve } from './between.ts'

export const roots = [generateSigningKey(), generateSigningKey(), generateSigningKey()] as const

export const trust: Trust = {
  origin: 'intake.test',
  rootKeys: [rootKey(roots[0]), rootKey(roots[1])],
  minimumVersion: 1,
}

export function rootKey({ publicKey }: KeyPair): string {
  return encodeBase64url(publicKey)
}

const reader = () => ({ signing: generateSigningKey(), receiving: generateRecipientKey() })

/** Version 1 of a keyset that nobody has published. */
export function firstOfMany(): Keyset {
  const readers = { casework: reader(), clinic: reader(), recovery: reader() }
  const [directoryKey, logKey] = [generateSigningKey(), generateSigningKey()]
  return firstKeyset(trust, { directoryKey, logKey }, readers)
}

/** The version after `previous`, with `changes`. */
export function nextAfter(previous: Keyset, changes: Partial<Keyset> = {}): Keyset {
  const hash = encodeBase64url(sha256(canonicalBytes(previous)))
  return { ...previous, version: previous.version + 1, previous: hash, ...changes }
}

/** Serves `documents` by their version, and of them `newest()` as the newest. */
export async function serveKeysets(
  t: Pick<Test, 'teardown'>,
  documents: Record<number, string>,
  newest: () => number,
): Promise<string> {
  const { url } = await serve(t, ({ path }) => {
    const version = Number(path.split('/v1/keyset/')[1] ?? newest())
    return { status: 200, body: JSON.stringify({ keyset: documents[version] }) }
  })
  return url
}

export { signKeyset }
