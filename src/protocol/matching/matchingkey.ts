/**
 * The key file of a holder of the matching key, and what the keyset says of an epoch.
 *
 * The file is like every other key file (`protocol/passphrase.ts`), and a kind of its own: a matching
 * key is a scalar of ristretto255, signs nothing, opens nothing, and is never kept beside a key that
 * does.
 */
import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Refusal } from '../../errors.ts'
import { Bytes32 } from '../../referral/format.ts'
import { schemaProblems } from '../../referral/problems.ts'
import { decodeBase64url, encodeBase64url } from '../bytes.ts'
import {
  openSecrets,
  type PassphraseHash,
  readKeyFile,
  SealedSecrets,
  sealSecrets,
} from '../passphrase.ts'
import { type MatchingEpoch, matchKeysRecipe } from '../trust/keyset.ts'
import { checkElement, checkScalar, multiplyBase } from './ristretto.ts'
import { addElements, type MatchingKey } from './voprf.ts'

const Secrets = Type.Object({ matching: Bytes32 }, { additionalProperties: false })

const StoredMatchingKey = Type.Object(
  {
    v: Type.Enum([1]),
    matching: Type.Object({ publicKey: Bytes32 }, { additionalProperties: false }),
    sealed: Type.Optional(SealedSecrets),
    secrets: Type.Optional(Secrets),
  },
  { additionalProperties: false },
)

/**
 * Writes the file of a matching key.
 *
 * @param passphrase - `undefined` only where the user said that none is wanted
 */
export function sealMatchingKey(key: MatchingKey, passphrase: string | undefined): string {
  const shown = { v: 1 as const, matching: { publicKey: encodeBase64url(key.publicKey) } }
  const secrets = { matching: encodeBase64url(key.secretKey) }
  const stored: Static<typeof StoredMatchingKey> =
    passphrase === undefined
      ? { ...shown, secrets }
      : { ...shown, sealed: sealSecrets(secrets, shown, passphrase) }
  return `${JSON.stringify(stored, null, 2)}\n`
}

/** What a key file shows without a passphrase. @throws Refusal `key-file-invalid` */
export function readMatchingKey(text: string): { publicKey: string; isSealed: boolean } {
  const { matching, sealed } = readKeyFile(StoredMatchingKey, text)
  return { publicKey: matching.publicKey, isSealed: sealed !== undefined }
}

/**
 * Opens the file of a matching key, and checks that its halves belong together.
 *
 * @param hashed - libsodium's if left out
 * @throws Refusal `passphrase-wrong`, `key-file-invalid`
 */
export function openMatchingKey(
  text: string,
  passphrase?: string,
  hashed?: PassphraseHash,
): MatchingKey {
  const { sealed, secrets, ...shown } = readKeyFile(StoredMatchingKey, text)
  const opened = sealed ? openSecrets(sealed, shown, passphrase, hashed) : secrets
  if (!opened || schemaProblems(Secrets, opened).length > 0) {
    throw new Refusal('key-file-invalid', 'the key file holds no matching key')
  }
  const secretKey = decodeBase64url((opened as Static<typeof Secrets>).matching, 32)
  checkScalar(secretKey, 'the matching key')
  const publicKey = multiplyBase(secretKey)
  if (encodeBase64url(publicKey) !== shown.matching.publicKey) {
    throw new Refusal(
      'key-file-invalid',
      'the public key in the file is not that of its secret key',
    )
  }
  return { secretKey, publicKey }
}

/**
 * What the keyset says of an epoch whose key these holders share: its public key is the sum of
 * theirs, so that neither alone can evaluate.
 *
 * @param holders - the public keys of one or two holders, in base64url
 * @throws Refusal `element-invalid` for a public key that is none, `malformed-request` for none or
 *   three
 */
export function matchingEpochOf(
  epoch: number,
  holders: readonly string[],
  { types, argon2id }: { types: readonly string[]; argon2id: MatchingEpoch['argon2id'] },
): MatchingEpoch {
  const [first, second, ...others] = holders.map((holder) => decodeBase64url(holder, 32))
  if (!first || others.length > 0) {
    throw new Refusal('malformed-request', 'an epoch has one holder or two')
  }
  checkElement(first, 'the public key of a holder')
  const publicKey = second ? addElements(first, second) : first
  return {
    epoch,
    suite: 'ristretto255-SHA512',
    mode: 'VOPRF',
    recipe: matchKeysRecipe,
    holders: [...holders],
    publicKey: encodeBase64url(publicKey),
    types: [...types],
    argon2id: { ...argon2id },
  }
}
