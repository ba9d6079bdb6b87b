/**
 * From plain match keys to blinded values (docs/PROTOCOL.md, "Blinding"): what the server may compare
 * and can read nothing from. The inputs are stretched, blinded, evaluated by the holders of the
 * matching key, and finalized here; nothing plain leaves this side.
 *
 * Stretching slows whoever must guess names. It does nothing against one who has the list of those
 * detained: against that one only the matching key stands, which is why its holders count.
 */
import { Refusal } from '../../errors.ts'
import { base64urlBytes, concat, encodeBase64url, label, type Random, utf8 } from '../bytes.ts'
import { canonicalBytes } from '../canonical.ts'
import {
  type Matching,
  type MatchValue,
  matchValuesMax,
  type Signature,
} from '../envelope/envelope.ts'
import type { SecretKey } from '../keys.ts'
import { signatureOf, signatureVerifies } from '../signature.ts'
import { hash, randomBytes, sodium } from '../sodium.ts'
import type { MatchingEpoch } from '../trust/keyset.ts'
import type { MatchKey } from './matchkeys.ts'
import { addElements, blind, finalize, verifyEvaluation } from './voprf.ts'

/**
 * Match keys on their way to the holders. `elements` are to be sent, in base64url and in this order;
 * `keys` are secret, and die with the process.
 */
export type Blinding = {
  readonly epoch: MatchingEpoch
  readonly elements: readonly string[]
  readonly keys: readonly BlindedKey[]
}

type BlindedKey = {
  readonly type: string
  readonly input: Uint8Array
  readonly blind: Uint8Array
  readonly blindedElement: Uint8Array
}

/** What one holder of the matching key answers, in base64url: elements in the order of the asked. */
export type EvaluationAnswer = {
  readonly holder: string
  readonly elements: readonly string[]
  readonly proof: string
}

/** The values of one epoch, as an envelope or a recipient states them. */
export type MatchKeysStatement = Pick<Matching, 'epoch' | 'values'>

/**
 * Stretches and blinds the keys of one person. Synchronous, and as long as the epoch's parameters ask
 * for each key: about 40 ms with 2 passes over 19 MiB.
 *
 * Keys of a type that the epoch does not list are left out: a deployment leaves out types which
 * frequency analysis could touch. Without a key that is left there is nothing to ask, and the values
 * are none.
 *
 * @throws Refusal `batch-mismatch` for more than 40 keys
 */
export function blindMatchKeys(
  keys: readonly MatchKey[],
  origin: string,
  epoch: MatchingEpoch,
  random: Random = randomBytes,
): Blinding {
  const listed = keys.filter(({ type }) => epoch.types.includes(type))
  if (listed.length > matchValuesMax) {
    throw new Refusal('batch-mismatch', `a person has at most ${matchValuesMax} match keys`)
  }
  const salt = stretchingSalt(origin, epoch)
  const blinded = listed.map((key) => {
    const input = stretched(key, salt, epoch)
    return { type: key.type, input, ...blind(input, random) }
  })
  return {
    epoch,
    elements: blinded.map(({ blindedElement }) => encodeBase64url(blindedElement)),
    keys: blinded,
  }
}

/**
 * The values of the blinded keys, by type and then value, without repeats: one set of keys has one
 * form. Every holder of the epoch must have answered, once, with a proof that verifies under the key
 * the keyset gives for it.
 *
 * @throws Refusal `batch-mismatch` for other holders than the epoch's or another number of elements,
 *   `element-invalid`, `scalar-invalid`, `proof-invalid`
 */
export function finalizeMatchKeys(
  blinding: Blinding,
  answers: readonly EvaluationAnswer[],
): MatchValue[] {
  const { epoch, keys } = blinding
  if (keys.length === 0) return []
  if (answers.length !== epoch.holders.length) {
    throw new Refusal('batch-mismatch', 'not each holder of the matching key answered once')
  }
  const evaluated = epoch.holders.map((holder) => verifiedElements(keys, holder, answers))
  const values = keys.map(({ type, input, blind }, index) => {
    const element = evaluated.flatMap((elements) => elements[index] ?? []).reduce(addElements)
    const value = encodeBase64url(finalize(input, blind, element).subarray(0, 16))
    return { type, value }
  })
  return inOrder(values)
}

/**
 * What a recipient signs who checked or supplied the match keys of a referral: bound to its header,
 * so that the values of one cannot be shown for another.
 */
export function matchKeysSignedBytes(
  headerHash: Uint8Array,
  { epoch, values }: MatchKeysStatement,
): Uint8Array {
  return concat(label('match keys'), headerHash, hash(canonicalBytes({ epoch, values })))
}

/** Signs the match keys of the referral with that header, with a recipient's Ed25519 key. */
export function signMatchKeys(
  headerHash: Uint8Array,
  statement: MatchKeysStatement,
  signer: SecretKey,
): Signature {
  return signatureOf(matchKeysSignedBytes(headerHash, statement), signer)
}

/**
 * Whether the holder of `publicKey` stated exactly these match keys of the referral with that header.
 * Whose key it is, and what that one may state, is for the caller to know.
 */
export function matchKeysVerify(
  headerHash: Uint8Array,
  statement: MatchKeysStatement,
  signature: Signature,
  publicKey: Uint8Array,
): boolean {
  return signatureVerifies(publicKey, matchKeysSignedBytes(headerHash, statement), signature)
}

// Another salt for every service, recipe and epoch: what was stretched for one serves no other.
function stretchingSalt(origin: string, { recipe, epoch }: MatchingEpoch): Uint8Array {
  const zero = Uint8Array.of(0)
  const parts = [utf8(origin), zero, utf8(recipe), zero, utf8(String(epoch))]
  return hash(label('match salt'), ...parts).subarray(0, 16)
}

function stretched(
  { type, value }: MatchKey,
  salt: Uint8Array,
  { argon2id: { passes, memoryKiB } }: MatchingEpoch,
): Uint8Array {
  return sodium.crypto_pwhash(
    32,
    concat(utf8(type), Uint8Array.of(0), utf8(value)),
    salt,
    passes,
    memoryKiB * 1024,
    sodium.crypto_pwhash_ALG_ARGON2ID13,
  )
}

function verifiedElements(
  keys: readonly BlindedKey[],
  holder: string,
  answers: readonly EvaluationAnswer[],
): Uint8Array[] {
  const answer = answers.find((candidate) => candidate.holder === holder)
  if (!answer) throw new Refusal('batch-mismatch', 'a holder of the matching key did not answer')
  const elements = answer.elements.map(bytesOrNone)
  const asked = keys.map(({ blindedElement }) => blindedElement)
  verifyEvaluation(bytesOrNone(holder), asked, elements, bytesOrNone(answer.proof))
  return elements
}

// What is not base64url at all is refused as an element or a scalar of no bytes: by the same name.
function bytesOrNone(text: string): Uint8Array {
  return base64urlBytes(text) ?? new Uint8Array()
}

function inOrder(values: readonly MatchValue[]): MatchValue[] {
  const unique = new Map(values.map((entry) => [`${entry.type}\0${entry.value}`, entry]))
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
}
