/**
 * Secret key files: JSON that a person can keep, with the secret keys sealed under a passphrase
 * (Argon2id, then ChaCha20-Poly1305), or in the open where a machine must start alone and the disk
 * is what guards them.
 *
 * A recipient's file holds the X-Wing key it opens with and the Ed25519 key it signs with; that of a
 * referrer, a root or the directory only the latter.
 */
import { type Static, Type } from 'typebox'
import { Refusal } from '../errors.ts'
import { Bytes32, base64urlOf, Kid, XWingPublicKey } from '../referral/format.ts'
import { schemaProblems } from '../referral/problems.ts'
import { decodeBase64url, encodeBase64url, equalBytes } from './bytes.ts'
import { canonicalBytes, parseCanonical } from './canonical.ts'
import { type KeyPair, recipientKeyFrom, signingKeyFrom } from './keys.ts'
import { randomBytes, sodium } from './sodium.ts'

/** The keys of one file. `receiving` is a recipient's X-Wing key. */
export type KeyFile = { signing: KeyPair; receiving?: KeyPair }

/**
 * 3 passes over 256 MiB, libsodium's "moderate": about a second each time, for whoever must guess as
 * for the owner. Stored in the file, so that it can rise for new files.
 */
const passphraseCost = { passes: 3, memoryKiB: 256 * 1024 }

const Secrets = Type.Object(
  { signing: Bytes32, receiving: Type.Optional(Bytes32) },
  { additionalProperties: false },
)
type Secrets = Static<typeof Secrets>

const publicProperties = {
  v: Type.Enum([1]),
  signing: Type.Object({ kid: Kid, publicKey: Bytes32 }, { additionalProperties: false }),
  receiving: Type.Optional(
    Type.Object({ kid: Kid, publicKey: XWingPublicKey }, { additionalProperties: false }),
  ),
}

// The ceilings keep a file from someone else from using up the machine that opens it.
const Sealed = Type.Object(
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
type Sealed = Static<typeof Sealed>

const StoredKeyFile = Type.Object(
  { ...publicProperties, sealed: Type.Optional(Sealed), secrets: Type.Optional(Secrets) },
  { additionalProperties: false },
)
type StoredKeyFile = Static<typeof StoredKeyFile>
type PublicPart = Pick<StoredKeyFile, 'v' | 'signing' | 'receiving'>

/**
 * Writes a key file.
 *
 * @param passphrase - `undefined` only where the user said that none is wanted
 */
export function sealKeyFile(keys: KeyFile, passphrase: string | undefined): string {
  const { signing, receiving } = keys
  const shown: PublicPart = {
    v: 1,
    signing: publicHalf(signing),
    ...(receiving && { receiving: publicHalf(receiving) }),
  }
  const secrets: Secrets = {
    signing: encodeBase64url(signing.secretKey),
    ...(receiving && { receiving: encodeBase64url(receiving.secretKey) }),
  }
  const stored: StoredKeyFile =
    passphrase === undefined
      ? { ...shown, secrets }
      : { ...shown, sealed: sealSecrets(secrets, shown, passphrase) }
  return `${JSON.stringify(stored, null, 2)}\n`
}

/** Whether a key file asks for a passphrase. @throws Refusal `key-file-invalid` */
export function needsPassphrase(text: string): boolean {
  return readStored(text).sealed !== undefined
}

/**
 * Reads a key file, and checks that each public key is that of its secret.
 *
 * @throws Refusal `passphrase-wrong` if it is missing or does not open the file, `key-file-invalid`
 *   if the text is not a key file or its halves do not belong together
 */
export function openKeyFile(text: string, passphrase?: string): KeyFile {
  const { sealed, secrets, ...shown } = readStored(text)
  const opened = sealed ? openSecrets(sealed, shown, passphrase) : secrets
  if (!opened) throw new Refusal('key-file-invalid', 'the key file holds no secret keys')
  const keys: KeyFile = { signing: signingKeyFrom(decodeBase64url(opened.signing, 32)) }
  if (opened.receiving !== undefined) {
    keys.receiving = recipientKeyFrom(decodeBase64url(opened.receiving, 32))
  }
  const found = canonicalBytes({
    v: 1,
    signing: publicHalf(keys.signing),
    ...(keys.receiving && { receiving: publicHalf(keys.receiving) }),
  })
  if (!equalBytes(found, canonicalBytes(shown))) {
    throw new Refusal('key-file-invalid', 'a public key in the file is not that of its secret key')
  }
  return keys
}

function readStored(text: string): StoredKeyFile {
  let stored: unknown
  try {
    stored = JSON.parse(text)
  } catch (cause) {
    throw new Refusal('key-file-invalid', 'the key file is not JSON', { cause })
  }
  const [problem] = schemaProblems(StoredKeyFile, stored)
  if (problem) throw new Refusal('key-file-invalid', `${problem.pointer} ${problem.detail}`)
  return stored as StoredKeyFile
}

function sealSecrets(secrets: Secrets, shown: PublicPart, passphrase: string): Sealed {
  const salt = randomBytes(16)
  const nonce = randomBytes(12)
  const ciphertext = sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
    canonicalBytes(secrets),
    canonicalBytes(shown),
    null,
    nonce,
    passphraseKey(passphrase, salt, passphraseCost),
  )
  return {
    argon2id: { ...passphraseCost, salt: encodeBase64url(salt) },
    nonce: encodeBase64url(nonce),
    secrets: encodeBase64url(ciphertext),
  }
}

function openSecrets(
  { argon2id, nonce, secrets }: Sealed,
  shown: PublicPart,
  passphrase: string | undefined,
): Secrets {
  if (passphrase === undefined) {
    throw new Refusal('passphrase-wrong', 'the key file is sealed under a passphrase')
  }
  const key = passphraseKey(passphrase, decodeBase64url(argon2id.salt, 16), argon2id)
  let plain: Uint8Array
  try {
    plain = sodium.crypto_aead_chacha20poly1305_ietf_decrypt(
      null,
      decodeBase64url(secrets),
      canonicalBytes(shown),
      decodeBase64url(nonce, 12),
      key,
    )
  } catch (cause) {
    throw new Refusal('passphrase-wrong', 'the passphrase does not open the key file', { cause })
  }
  const opened = parseCanonical(plain)
  const [problem] = schemaProblems(Secrets, opened)
  if (problem) throw new Refusal('key-file-invalid', `secrets${problem.pointer} ${problem.detail}`)
  return opened as Secrets
}

// NFC: the same passphrase typed on another keyboard opens the file too.
function passphraseKey(
  passphrase: string,
  salt: Uint8Array,
  { passes, memoryKiB }: { passes: number; memoryKiB: number },
): Uint8Array {
  return sodium.crypto_pwhash(
    32,
    passphrase.normalize('NFC'),
    salt,
    passes,
    memoryKiB * 1024,
    sodium.crypto_pwhash_ALG_ARGON2ID13,
  )
}

function publicHalf({ kid, publicKey }: KeyPair): { kid: string; publicKey: string } {
  return { kid, publicKey: encodeBase64url(publicKey) }
}
