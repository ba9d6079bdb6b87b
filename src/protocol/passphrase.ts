/**
 * Secrets at rest, sealed under a passphrase: Argon2id, then ChaCha20-Poly1305 over their canonical
 * JSON, with what stands in the open beside them as associated data. What every key file has in
 * common.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Refusal } from '../errors.ts'
import { base64urlOf } from '../referral/format.ts'
import { schemaProblems } from '../referral/problems.ts'
import { decodeBase64url, encodeBase64url, type Random } from './bytes.ts'
import { canonicalBytes, parseCanonical } from './canonical.ts'
import { randomBytes, sodium } from './sodium.ts'

/**
 * 3 passes over 256 MiB, libsodium's "moderate": about a second each time, for whoever must guess as
 * for the owner. Stored in the file, so that it can rise for new files.
 */
const passphraseCost = { passes: 3, memoryKiB: 256 * 1024 }

// The ceilings keep a file from someone else from using up the machine that opens it.
export const SealedSecrets = Type.Object(
  {
    argon2id: Type.Object(
      {
        passes: Type.Integer({ minimum: 1, maximum: 16 }),
        memoryKiB: Type.Integer({ minimum: 8, maximum: 1024 * 1024 }),
        salt: base64urlOf(16),
      },
      { additionalProperties: false },
    ),
    nonce: base64urlOf(12),
    secrets: Type.String({ pattern: '^[A-Za-z0-9_-]+$', minLength: 22, maxLength: 512 }),
  },
  { additionalProperties: false },
)
export type SealedSecrets = Static<typeof SealedSecrets>

type Cost = Pick<SealedSecrets['argon2id'], 'passes' | 'memoryKiB'>

/** Argon2id version 1.3 in one lane (RFC 9106), 32 bytes. */
export type PassphraseHash = (passphrase: string, salt: Uint8Array, cost: Cost) => Uint8Array

/** Seals `secrets`. @param shown - what stands beside them, and must be the same when opened */
export function sealSecrets(
  secrets: object,
  shown: object,
  passphrase: string,
  random: Random = randomBytes,
): SealedSecrets {
  const salt = random(16)
  const nonce = random(12)
  const ciphertext = sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
    canonicalBytes(secrets),
    canonicalBytes(shown),
    null,
    nonce,
    hash(passphrase.normalize('NFC'), salt, passphraseCost),
  )
  return {
    argon2id: { ...passphraseCost, salt: encodeBase64url(salt) },
    nonce: encodeBase64url(nonce),
    secrets: encodeBase64url(ciphertext),
  }
}

/**
 * What was sealed, unchecked.
 *
 * @param hashed - by libsodium if left out
 * @throws Refusal `passphrase-wrong` if the passphrase is missing or does not open it
 */
export function openSecrets(
  { argon2id, nonce, secrets }: SealedSecrets,
  shown: object,
  passphrase: string | undefined,
  hashed: PassphraseHash = hash,
): unknown {
  if (passphrase === undefined) {
    throw new Refusal('passphrase-wrong', 'the key file is sealed under a passphrase')
  }
  // NFC: the same passphrase typed on another keyboard opens the file too.
  const key = hashed(passphrase.normalize('NFC'), decodeBase64url(argon2id.salt, 16), argon2id)
  try {
    const plain = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
      null,
      decodeBase64url(secrets),
      canonicalBytes(shown),
      decodeBase64url(nonce, 12),
      key,
    )
    return parseCanonical(plain)
  } catch (cause) {
    throw new Refusal('passphrase-wrong', 'the passphrase does not open the key file', { cause })
  }
}

/**
 * The JSON of a key file that fits `schema`.
 *
 * @throws Refusal `key-file-invalid`, which names the place and quotes nothing
 */
export function readKeyFile<Schema extends Parameters<typeof schemaProblems>[0]>(
  schema: Schema,
  text: string,
): Static<Schema> {
  let stored: unknown
  try {
    stored = JSON.parse(text)
  } catch (cause) {
    throw new Refusal('key-file-invalid', 'the key file is not JSON', { cause })
  }
  const [problem] = schemaProblems(schema, stored)
  if (problem) throw new Refusal('key-file-invalid', `${problem.pointer} ${problem.detail}`)
  return stored as Static<Schema>
}

const hash: PassphraseHash = (passphrase, salt, { passes, memoryKiB }) =>
  sodium.crypto_pwhash(
    32,
    passphrase,
    salt,
    passes,
    memoryKiB * 1024,
    sodium.crypto_pwhash_ALG_ARGON2ID13,
  )
