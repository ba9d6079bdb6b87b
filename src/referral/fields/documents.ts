import type { Static } from 'typebox'
import * as Type from 'typebox'
import { documentTypes } from '../codes/documents.ts'
import { fileTypes } from '../codes/files.ts'
import { Bytes32, UuidV7 } from '../format.ts'
import { group } from './answer.ts'
import { code } from './code.ts'
import { name, note } from './text.ts'

/** The largest file that is sealed: what a size field may say, whatever a service takes. */
export const fileBytesMax = 4 * 1024 ** 3

const type = code(documentTypes, 'What it is.')

/** What opens one sealed file, and what it is (docs/PROTOCOL.md, "Documents"). */
const file = {
  documentId: UuidV7,
  key: { ...Bytes32, description: 'Opens this file alone.' },
  sha256: { ...Bytes32, description: 'Of the sealed file, as it is stored.' },
  size: Type.Integer({ minimum: 0, maximum: fileBytesMax, description: 'Of the file, in bytes.' }),
  fileType: code(fileTypes, 'As its sender says; a reader looks for itself.'),
  name: name("The file's name, as its sender called it."),
}

/** One file that a message brings. */
export const Attachment = group({ type, ...file }, 'A sealed file, stored apart.')
export type Attachment = Static<typeof Attachment>

const Document = group(
  {
    type,
    documentId: Type.Optional(file.documentId),
    key: Type.Optional(file.key),
    sha256: Type.Optional(file.sha256),
    size: Type.Optional(file.size),
    fileType: Type.Optional(file.fileType),
    name: Type.Optional(file.name),
    missingReason: Type.Optional(note('Why it is not there.')),
  },
  'One document, or the want of it. A file has all of `documentId`, `key`, `sha256`, `size`, `fileType` and `name`.',
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
