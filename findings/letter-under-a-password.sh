#!/usr/bin/env bash
# wasmagic 1.0.10 (libmagic), file-type 21.3.4, magic-bytes.js 1.13.1 (npm), filetype 1.2.0, puremagic 1.30 (PyPI): a
# Word document under a password; the document by python-docx 1.2.0, the password by msoffcrypto-tool 6.1.0 (PyPI).
#
# Guessed: such a letter is called by one of two names, as what it is (a Word document) or as what it is now
# (encrypted).
# Seen: five libraries have five answers. libmagic says encrypted, file-type a compound file, magic-bytes.js the Word
# of before 2007 first, filetype PowerPoint, and puremagic an empty text. Who lets Word documents in by type turns it
# away as a presentation.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts wasmagic@1.0.10 file-type@21.3.4 magic-bytes.js@1.13.1 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check filetype==1.2.0 puremagic==1.30 python-docx==1.2.0 msoffcrypto-tool==6.1.0
cat >lock.py <<'PY'
import filetype
import puremagic
from docx import Document
from msoffcrypto.format.ooxml import OOXMLFile

document = Document()
document.add_paragraph("To whom it may concern")
document.save("letter.docx")
with open("letter.docx", "rb") as plain, open("locked.docx", "wb") as locked:
    OOXMLFile(plain).encrypt("correct horse", locked)
print("filetype:", filetype.guess_mime("locked.docx"))
print("puremagic:", repr(puremagic.from_file("locked.docx", mime=True)))
PY
cat >name.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { fileTypeFromBuffer } from 'file-type'
import { filetypemime } from 'magic-bytes.js'
import { WASMagic } from 'wasmagic'

const bytes = readFileSync('locked.docx')
console.log('file-type:', (await fileTypeFromBuffer(bytes))?.mime)
console.log('magic-bytes.js:', filetypemime(bytes)[0])
console.log('libmagic:', (await WASMagic.create()).detect(bytes))
JS
seen=$(env/bin/python lock.py; node name.mjs)
echo "$seen"
[ "$seen" = "filetype: application/vnd.ms-powerpoint
puremagic: ''
file-type: application/x-cfb
magic-bytes.js: application/msword
libmagic: application/encrypted" ]
