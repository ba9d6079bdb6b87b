import type { Static } from 'typebox'
import * as Type from 'typebox'
import { Compile } from 'typebox/schema'
import { base64urlBytes } from '../protocol/bytes.ts'
import { Bytes32, Instant } from '../referral/format.ts'

const ProofAction = Type.Enum(['submit'], {
  description: 'What the proof is to be shown with: for another act it does not count.',
})

export const ChallengeRequest = Type.Object(
  {
    action: ProofAction,
    bodySha256: Type.Unsafe<string>({
      ...Bytes32,
      description: 'SHA-256 of the bytes of the body that will be sent with the proof.',
    }),
  },
  { additionalProperties: false },
)

/** What comes after has no date of four digits for the year, and later none at all. */
const endOf9999 = 253_402_300_799

const Hex = Type.String({ pattern: '^([0-9a-f]{2})+$', maxLength: 128 })

/** As ALTCHA writes it: the counter is sought whose key begins with `keyPrefix`. */
export const Challenge = Type.Object(
  {
    parameters: Type.Object(
      {
        algorithm: Type.Enum(['PBKDF2/SHA-256']),
        cost: Type.Integer({ minimum: 1 }),
        data: Type.Object(
          { action: ProofAction, bodySha256: Bytes32 },
          { additionalProperties: false },
        ),
        expiresAt: Type.Integer({
          minimum: 0,
          maximum: endOf9999,
          description: 'In seconds since 1970.',
        }),
        keyLength: Type.Integer({ minimum: 1 }),
        keyPrefix: Hex,
        keySignature: Hex,
        nonce: Hex,
        salt: Hex,
      },
      { additionalProperties: false },
    ),
    signature: Hex,
  },
  { additionalProperties: false },
)

export const ChallengeAnswer = Type.Object({ challenge: Challenge, expiresAt: Instant })
export type ChallengeAnswer = Static<typeof ChallengeAnswer>

const Proof = Type.Object(
  {
    challenge: Challenge,
    solution: Type.Object(
      {
        counter: Type.Integer({ minimum: 0 }),
        derivedKey: Hex,
        time: Type.Optional(Type.Number()),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)

export type Proof = Static<typeof Proof>

const proofShape = Compile(Proof)

/** The proof in a header, if it has the form of one: base64url of JSON. */
export function readProof(header: unknown): Proof | undefined {
  const bytes = typeof header === 'string' ? base64urlBytes(header) : undefined
  if (!bytes) return undefined
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return proofShape.Check(value) ? (value as Proof) : undefined
  } catch {
    return undefined
  }
}
