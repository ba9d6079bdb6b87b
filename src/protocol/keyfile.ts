/**
 * Secret key files (docs/PROTOCOL.md, "Key files"): JSON that a person can keep, with the secret keys sealed under a passphrase
 * (Argon2id, then ChaCha20-Poly1305), or in the open where a machine must start alone and the disk
 * is what guards them.
 *
 * A recipient's file holds the X-Wing key it opens with and the Ed25519 key it signs with, and so does that of a
 * referrer who takes answers; that of a root, the directory or the log only the latter.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Refusal } from '../errors.ts'
import { Bytes32, Kid, XWingPublicKey } from '../referral/format.ts'
import { schemaProblems } from '../referral/problems.ts'
import { decodeBase64url, encodeBase64url, equalBytes, type Random } from './bytes.ts'
import { canonicalBytes } from './canonical.ts'
import { type KeyPair, recipientKeyFrom, signingKeyFrom } from './keys.ts'
import { openSecrets, readKeyFile, SealedSecrets, sealSecrets } from './passphrase.ts'
import { randomBytes } from './sodium.ts'

/** The keys of one file. `receiving` is a recipient's X-Wing key, or what a referrer's answers are sealed to. */
export type KeyFile = { signing: KeyPair; receiving?: KeyPair }

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

const StoredKeyFile = Type.Object(
  { ...publicProperties, sealed: Type.Optional(SealedSecrets), secrets: Type.Optional(Secrets) },
  { additionalProperties: false },
)
type StoredKeyFile = Static<typeof StoredKeyFile>
type PublicPart = Pick<StoredKeyFile, 'v' | 'signing' | 'receiving'>

/**
 * Writes a key file.
 *
 * @param passphrase - `undefined` only where the user said that none is wanted
 */
export function sealKeyFile(
  keys: KeyFile,
  passphrase: string | undefined,
  random: Random = randomBytes,
): string {
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
      : { ...shown, sealed: sealSecrets(secrets, shown, passphrase, random) }
  return `${JSON.stringify(stored, null, 2)}\n`
}

/** Whether a key file asks for a passphrase. @throws Refusal `key-file-invalid` */
export function needsPassphrase(text: string): boolean {
  return readKeyFile(StoredKeyFile, text).sealed !== undefined
}

/**
 * Reads a key file, and checks that each public key is that of its secret.
 *
 * @throws Refusal `passphrase-wrong` if it is missing or does not open the file, `key-file-invalid`
 *   if the text is not a key file or its halves do not belong together
 */
export function openKeyFile(text: string, passphrase?: string): KeyFile {
  const { sealed, secrets, ...shown } = readKeyFile(StoredKeyFile, text)
  const opened = sealed ? openedSecrets(sealed, shown, passphrase) : secrets
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

function openedSecrets(
  sealed: SealedSecrets,
  shown: PublicPart,
  passphrase: string | undefined,
): Secrets {
  const opened = openSecrets(sealed, shown, passphrase)
  const [problem] = schemaProblems(Secrets, opened)
  if (problem) throw new Refusal('key-file-invalid', `secrets${problem.pointer} ${problem.detail}`)
  return opened as Secrets
}

function publicHalf({ kid, publicKey }: KeyPair): { kid: string; publicKey: string } {
  return { kid, publicKey: encodeBase64url(publicKey) }
}
