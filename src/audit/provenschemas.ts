import * as Type from 'typebox'

/** An entry with the proof that it is in the log. */
export const ProvenEntry = Type.Object({
  leaf: Type.String({ description: 'base64url of the bytes that the log hashes (RFC 8785 JSON)' }),
  proof: Type.String({
    description: 'A C2SP tlog-proof file: index, hashes and the signed checkpoint',
  }),
})
