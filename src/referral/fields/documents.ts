import { type Static, Type } from 'typebox'
import { documentTypes } from '../codes/documents.ts'
import { Bytes32 } from '../format.ts'
import { group } from './answer.ts'
import { code } from './code.ts'
import { name, note } from './text.ts'

const Document = group(
  {
    type: code(documentTypes, 'What it is.'),
    blobId: Type.Optional(name('Where the sealed document is stored.')),
    sha256: Type.Optional(Bytes32),
    key: Type.Optional(Bytes32),
    missingReason: Type.Optional(note('Why it is not there.')),
  },
  'One document, or the want of it. `sha256` is of the stored ciphertext; `key` opens it alone.',
)

export const Documents = group(
  {
    list: Type.Optional(
      Type.Array(Document, { maxItems: 50, description: 'A whole file is one document.' }),
    ),
  },
  'The documents that belong to the referral, each sealed with a key of its own.',
)

export type Documents = Static<typeof Documents>
