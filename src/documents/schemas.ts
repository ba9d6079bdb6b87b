import * as Type from 'typebox'
import { Kid, Uuid } from '../referral/format.ts'

export const DocumentParams = Type.Object({ documentId: Uuid }, { additionalProperties: false })

export const ReferralDocumentParams = Type.Object(
  { referralId: Uuid, documentId: Uuid },
  { additionalProperties: false },
)

export const RecipientQuery = Type.Object({ recipient: Kid }, { additionalProperties: false })

/** Of a new upload, as tus 1.0.0 has them. */
export const NewUploadHeaders = Type.Object({
  'upload-length': Type.String({
    pattern: '^[1-9][0-9]{0,14}$',
    description: 'How long the sealed file is.',
  }),
  'upload-metadata': Type.String({
    maxLength: 200,
    description: '`referral` and `document`, each with its id in base64, and nothing else.',
  }),
})

export const UploadHeaders = Type.Object({
  'upload-offset': Type.String({
    pattern: '^(0|[1-9][0-9]{0,14})$',
    description: 'Where the piece belongs: where the upload stands.',
  }),
})

/** A sealed file, or the part of it that was asked for. */
export const SealedFile = Type.Unsafe<Uint8Array>({
  type: 'string',
  format: 'binary',
  description: 'A sealed file, as it was uploaded.',
})

export const Nothing = Type.Null()
