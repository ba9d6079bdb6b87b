#!/usr/bin/env bash
# wasmagic 1.0.10 (libmagic), file-type 21.3.4 (npm), filetype 1.2.0 (PyPI): what Word documents are called; the
# documents by html-to-docx 1.8.0, docx 9.15.2 (npm) and python-docx 1.2.0 (PyPI).
#
# Guessed: a library that knows Word documents knows one by any writer, since what makes it one is its list of contents.
# Seen: libmagic and filetype go by the names of the first few entries. A document that begins with an entry for a
# folder, as html-to-docx writes it, is to both a mere archive, application/zip, and stays out where an allow-list
# has Word documents and no archives. file-type looks into the list, and knows all three.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts wasmagic@1.0.10 file-type@21.3.4 html-to-docx@1.8.0 docx@9.15.2 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check filetype==1.2.0 python-docx==1.2.0
env/bin/python -c 'from docx import Document; Document().save("python-docx.docx")'
cat >letters.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs'
import { Document, Packer, Paragraph } from 'docx'
import { fileTypeFromBuffer } from 'file-type'
import html from 'html-to-docx'
import { WASMagic } from 'wasmagic'

writeFileSync('html-to-docx.docx', Buffer.from(await html('<p>To whom it may concern</p>')))
const sections = [{ children: [new Paragraph('To whom it may concern')] }]
writeFileSync('docx.docx', await Packer.toBuffer(new Document({ sections })))
const magic = await WASMagic.create()
const short = (type) => type.replace(/.*\.wordprocessingml\..*/, 'Word')
for (const writer of ['python-docx', 'docx', 'html-to-docx']) {
  const bytes = readFileSync(`${writer}.docx`)
  const { mime } = await fileTypeFromBuffer(bytes)
  console.log(`by ${writer}: libmagic ${short(magic.detect(bytes))}, file-type ${short(mime)}`)
}
JS
cat >letters.py <<'PY'
import filetype

for writer in ("python-docx", "docx", "html-to-docx"):
    mime = filetype.guess_mime(f"{writer}.docx")
    print(f"by {writer}: filetype", "Word" if ".wordprocessingml." in mime else mime)
PY
seen=$(node letters.mjs; env/bin/python letters.py)
echo "$seen"
[ "$seen" = 'by python-docx: libmagic Word, file-type Word
by docx: libmagic Word, file-type Word
by html-to-docx: libmagic application/zip, file-type Word
by python-docx: filetype Word
by docx: filetype Word
by html-to-docx: filetype application/zip' ]
