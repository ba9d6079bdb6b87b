/**
 * What a file is, by its own bytes: never by what its sender says of it. A format that may act when it is opened (pages of the web,
 * programs, archives, Office files with macros) is told apart from one that is only unknown.
 */
import type { fileTypes } from './codes/files.ts'

type FileType = keyof typeof fileTypes

/** What was found: one of the formats that are taken, or why not. */
export type FoundType = FileType | 'active' | 'unknown'

/** Enough of the beginning of a file to be judged by. */
export const headBytes = 4096

/** How each format is called in a file's name. */
export const extensions: Readonly<Record<FileType, string>> = {
  'application/pdf': 'pdf',
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/tiff': 'tif',
  'image/heic': 'heic',
  'text/plain': 'txt',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'application/vnd.oasis.opendocument.text': 'odt',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'video/mp4': 'mp4',
}

const latin1 = (bytes: Uint8Array) => String.fromCharCode(...bytes)

const byBeginning: readonly (readonly [RegExp, FoundType])[] = [
  [/^%PDF-/, 'application/pdf'],
  [/^\xff\xd8\xff/, 'image/jpeg'],
  [/^\x89PNG\r\n/, 'image/png'],
  [/^(II\*|MM.\*)/s, 'image/tiff'],
  [/^....ftyp(hei[cx]|hevc|mif1)/s, 'image/heic'],
  [/^....ftypM4[AB]/s, 'audio/mp4'],
  [/^....ftyp(isom|iso[2-9]|mp4[12]|avc1|M4V|qt)/s, 'video/mp4'],
  [/^(ID3|\xff[\xfb\xf3\xf2])/, 'audio/mpeg'],
  [
    /^PK.{28}mimetypeapplication\/vnd\.oasis\.opendocument\.text(?!-)/s,
    'application/vnd.oasis.opendocument.text',
  ],
  [/^PK.*word\//s, 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  // Programs, scripts, archives, old Office files (which may hold macros), shortcuts, disk images.
  [
    /^(MZ|.ELF|\xca\xfe\xba\xbe|[\xce\xcf]\xfa\xed\xfe|#!|PK|Rar!|7z\xbc\xaf|\xd0\xcf|\{\\rtf)/s,
    'active',
  ],
]

/** Pages, drawings and scripts, also behind a byte order mark or blanks. */
const activeText = /^(?:\xef\xbb\xbf)?\s*(?:<|#!|@echo|\$\()/i

/** Judges a file by its beginning. @param head - its first bytes: `headBytes`, or all if it has fewer */
export function typeOf(head: Uint8Array): FoundType {
  const text = latin1(head)
  const found = byBeginning.find(([pattern]) => pattern.test(text))?.[1]
  if (found) return found
  if (activeText.test(text)) return 'active'
  return isText(head) ? 'text/plain' : 'unknown'
}

function isText(head: Uint8Array): boolean {
  if (head.some((byte) => byte < 32 && ![9, 10, 12, 13].includes(byte))) return false
  try {
    // The last character may go on behind the head.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

/** What stands in an Office file that holds a program: names of its parts, which are never compressed. */
const macroParts = ['vbaProject.bin', 'Basic/', 'Scripts/', 'activeX/']

/** Makes what looks for macros in a file that comes piece by piece. @returns whether there were any so far */
export function createMacroSearch(): (bytes: Uint8Array) => boolean {
  const kept = Math.max(...macroParts.map(({ length }) => length))
  let tail = ''
  let isFound = false
  return (bytes) => {
    if (isFound) return true
    const text = tail + new TextDecoder('latin1').decode(bytes)
    isFound = macroParts.some((part) => text.includes(part))
    tail = text.slice(-kept)
    return isFound
  }
}
