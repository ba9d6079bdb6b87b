/**
 * The header: all that the server may read of a referral (docs/PROTOCOL.md, "Header"). It is bound
 * into every ciphertext and signature of its envelope.
 */
import type { Static, TSchema } from 'typebox'
import * as Type from 'typebox'
import { channels, regions, urgencies } from './codes/clear.ts'
import { type CompartmentName, compartmentNames } from './compartment.ts'
import { Bytes32, Day, Kid, Origin, UuidV7, XWingPublicKey } from './format.ts'

/** The name of this protocol, in every header and at the start of every label. */
export const protocol = 'sealed-referral/1'

/**
 * The most keys one envelope is sealed to. A deployment has a handful; 32 wraps are under 80 KB of
 * an envelope.
 */
export const recipientsMax = 32

/** Which keyset the sealer used, by version and by the SHA-256 of its payload. */
export const KeysetReference = Type.Object(
  { version: Type.Integer({ minimum: 1, maximum: 1_000_000 }), sha256: Bytes32 },
  { additionalProperties: false },
)

/** Where a reader seals its answers to, and the key that proves it is the referrer who writes. */
export const ReplyTo = Type.Object(
  { kid: Kid, publicKey: XWingPublicKey, signingKey: Bytes32 },
  { additionalProperties: false },
)
export type ReplyTo = Static<typeof ReplyTo>

/** Every recipient wrapped to at sealing, ascending, so that the order says nothing. */
export const SealedTo = Type.Array(Kid, { minItems: 1, maxItems: recipientsMax, uniqueItems: true })

/** Some of the compartments: what a recipient opens, or is given. */
export const Compartments = Type.Array(Type.Enum([...compartmentNames]), {
  minItems: 1,
  maxItems: compartmentNames.length,
  uniqueItems: true,
})

export const Header = Type.Object(
  {
    protocol: Type.Enum([protocol]),
    kind: Type.Enum(['referral']),
    origin: Origin,
    referralId: UuidV7,
    keyset: KeysetReference,
    staleKeyset: Type.Boolean({ description: 'Sealed after the keyset expired' }),
    signer: Kid,
    sealedTo: SealedTo,
    channel: Type.Enum(codesOf(channels)),
    urgency: Type.Enum(codesOf(urgencies)),
    region: Type.Enum(codesOf(regions)),
    respondBy: Type.Optional(Day),
    replyTo: Type.Optional(ReplyTo),
    supersedes: Type.Optional(UuidV7),
    commitments: Type.Object(
      everyCompartment(() => Bytes32),
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
)
export type Header = Static<typeof Header>

/** An object schema's ten properties, one for each compartment. */
export function everyCompartment<Schema extends TSchema>(
  schemaOf: (name: CompartmentName) => Schema,
) {
  return Object.fromEntries(compartmentNames.map((name) => [name, schemaOf(name)])) as Record<
    CompartmentName,
    Schema
  >
}

function codesOf<Code extends string>(table: Record<Code, string>): Code[] {
  return Object.keys(table) as Code[]
}
