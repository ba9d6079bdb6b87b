import { Type } from 'typebox'

const Jws = Type.String({ description: 'A compact JWS, to be verified before it is believed.' })

export const KeysetAnswer = Type.Object({
  keyset: Jws,
  directorySha256: Type.Optional(
    Type.String({ description: "SHA-256 of the newest directory's payload, base64url" }),
  ),
})

export const KeysetParams = Type.Object(
  { version: Type.Integer({ minimum: 1, maximum: 1_000_000 }) },
  { additionalProperties: false },
)

export const DirectoryAnswer = Type.Object({ directory: Jws })
