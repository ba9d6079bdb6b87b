#!/usr/bin/env bash
# pdf-lib 1.17.1, mupdf 1.28.1, @libpdf/core 0.4.2 (npm), pypdf 7.1.1, pikepdf 10.18.0 (PyPI): a page is taken out of a PDF.
#
# Guessed: what is saved after a page was removed has nothing of that page, as it is written anew.
# Seen: all five show one page less, and three of them save the words of the other as well: pdf-lib, pypdf by both of its
# ways, and mupdf unless it is told `garbage`. The page is out of the list of pages, and its content is still an object of the
# file, which a text editor and a decompressor read. A letter about two persons is cut for one of them, and tells of both.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts pdf-lib@1.17.1 mupdf@1.28.1 @libpdf/core@0.4.2 >/dev/null
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pypdf==7.1.1 pikepdf==10.18.0
cat >cut.mjs <<'JS'
import { readFileSync, writeFileSync } from 'node:fs'
import { PDF } from '@libpdf/core'
import * as mupdf from 'mupdf'
import { PDFDocument } from 'pdf-lib'

const made = await PDFDocument.create()
for (const words of ['Letter about A.', 'Letter about B.']) {
  made.addPage([300, 300]).drawText(words, { x: 20, y: 200 })
}
writeFileSync('two.pdf', await made.save({ useObjectStreams: false }))
const two = readFileSync('two.pdf')

const lib = await PDFDocument.load(two)
lib.removePage(1)
writeFileSync('pdf-lib.pdf', await lib.save())
const core = await PDF.load(two)
core.removePage(1)
writeFileSync('libpdf.pdf', await core.save())
for (const options of ['', 'garbage']) {
  const document = mupdf.PDFDocument.openDocument(two, 'application/pdf')
  document.deletePage(1)
  writeFileSync(`mupdf ${options}.pdf`, document.saveToBuffer(options).asUint8Array())
}
JS
node cut.mjs
cat >cut.py <<'PY'
import re, zlib
import pikepdf, pypdf

for name, cut in (("remove_page", lambda w: w.remove_page(1)), ("del", lambda w: w.pages.__delitem__(1))):
    writer = pypdf.PdfWriter(clone_from="two.pdf")
    cut(writer)
    writer.write(f"pypdf {name}.pdf")
with pikepdf.open("two.pdf") as document:
    del document.pages[1]
    document.save("pikepdf.pdf")

def parts(data):
    yield data
    for stream in re.finditer(rb"stream\r?\n(.*?)endstream", data, re.S):
        try:
            yield zlib.decompressobj().decompress(stream.group(1))
        except zlib.error:
            pass

words = "Letter about B.".encode().hex().encode()
for name in ("two", "libpdf", "mupdf ", "mupdf garbage", "pdf-lib", "pikepdf", "pypdf del", "pypdf remove_page"):
    data = open(f"{name}.pdf", "rb").read()
    pages = len(pypdf.PdfReader(f"{name}.pdf").pages)
    stays = any(words in part.lower() for part in parts(data))
    print(f"{name.strip()}: {pages} pages, {'with' if stays else 'without'} the second's words")
PY
seen=$(venv/bin/python cut.py)
echo "$seen"
[ "$seen" = "two: 2 pages, with the second's words
libpdf: 1 pages, without the second's words
mupdf: 1 pages, with the second's words
mupdf garbage: 1 pages, without the second's words
pdf-lib: 1 pages, with the second's words
pikepdf: 1 pages, without the second's words
pypdf del: 1 pages, with the second's words
pypdf remove_page: 1 pages, with the second's words" ]
