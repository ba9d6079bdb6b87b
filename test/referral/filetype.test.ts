/** Goal: what a file is, is said by its bytes; what may act is never taken for a page. */
import t from 'tap'
import { fileTypes } from '../../src/referral/codes/files.ts'
import { createMacroSearch, extensions, typeOf } from '../../src/referral/filetype.ts'

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))
const zip = (text: string) => `PK\x03\x04${'\0'.repeat(26)}${text}`

const beginnings: Readonly<Record<string, readonly string[]>> = {
  'application/pdf': ['%PDF-1.4\n'],
  'image/jpeg': ['\xff\xd8\xff\xe0'],
  'image/png': ['\x89PNG\r\n\x1a\n'],
  'image/tiff': ['II*\0', 'MM\0*'],
  'image/heic': ['\0\0\0\x18ftypheic', '\0\0\0\x18ftypmif1'],
  'text/plain': ['', 'Seen at 9.', 'Gesehen in K\xc3\xb6ln', 'tab\tand\r\nlines'],
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': [
    zip('[Content_Types].xml … word/document.xml'),
  ],
  'application/vnd.oasis.opendocument.text': [
    zip('mimetypeapplication/vnd.oasis.opendocument.textPK'),
  ],
  'audio/mpeg': ['ID3\x04', '\xff\xfb\x90'],
  'audio/mp4': ['\0\0\0\x20ftypM4A '],
  'video/mp4': ['\0\0\0\x20ftypisom', '\0\0\0\x14ftypqt  '],
  active: [
    ...['MZ\x90', '\x7fELF', '#!/bin/sh', '<!DOCTYPE html>', '  <svg xmlns', '\xef\xbb\xbf<?xml'],
    ...[zip('xl/workbook.xml'), 'Rar!\x1a', '\xd0\xcf\x11\xe0', '{\\rtf1', '@echo off', '<script>'],
  ],
  unknown: ['\0\0\0\0', '\xfe\xfe', 'text\0with a zero', '\x1f\x8b\x08'],
}

t.test('each format by its beginning', async (t) => {
  for (const [type, texts] of Object.entries(beginnings)) {
    for (const text of texts) t.equal(typeOf(bytes(text)), type, JSON.stringify(text))
  }
  const known = Object.keys(beginnings).filter((type) => type.includes('/'))
  t.strictSame(known.sort(), Object.keys(fileTypes).sort(), 'none is left out')
  t.equal(new Set(Object.values(extensions)).size, known.length)
})

t.test('a macro is found wherever the pieces are cut', async (t) => {
  const whole = bytes(`${'x'.repeat(50)}word/vbaProject.bin${'y'.repeat(50)}`)
  for (let at = 0; at <= whole.length; at += 1) {
    const search = createMacroSearch()
    search(whole.subarray(0, at))
    t.ok(search(whole.subarray(at)), String(at))
  }
  t.notOk(createMacroSearch()(bytes('word/document.xml')))
})
