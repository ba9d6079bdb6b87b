import * as Type from 'typebox'
import { ProvenEntry } from '../audit/provenschemas.ts'
import { Bytes32 } from '../referral/format.ts'

const Jws = Type.String({
  minLength: 5,
  maxLength: 8 * 1024 * 1024,
  description: 'A compact JWS, to be verified before it is believed.',
})

export const KeysetAnswer = Type.Object({
  keyset: Jws,
  directorySha256: Type.Optional({
    ...Bytes32,
    description: "SHA-256 of the newest directory's payload, base64url",
  }),
  published: Type.Optional(ProvenEntry),
})

export const KeysetParams = Type.Object(
  { version: Type.Integer({ minimum: 1, maximum: 1_000_000 }) },
  { additionalProperties: false },
)

export const DirectoryAnswer = Type.Object({ directory: Jws })
