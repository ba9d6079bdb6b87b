#!/usr/bin/env bash
# pdfkit 0.20.2, pdf-lib 1.17.1, jspdf 4.2.1 (npm), fpdf2 2.8.9, reportlab 5.1.0 (PyPI), read by pypdf 7.1.1 (PyPI): a
# name in a PDF in its standard font, as each library has it by default.
#
# Guessed: where the standard font has no letter for a name the library says so, or leaves a gap that one sees.
# Seen: two of five refuse. reportlab draws black squares, and pdfkit and jspdf write other letters without a word:
# the Turkish name in pdfkit's export is `ö`, `R`, `ÆÖ` and control characters where its own letters were, and the
# Arabic name is `dV-dV/`. What Latin-1 has comes out whole in all five, so that no trial in English shows it.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts pdfkit@0.20.2 pdf-lib@1.17.1 jspdf@4.2.1 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check fpdf2==2.8.9 reportlab==5.1.0 pypdf==7.1.1
cat >write.mjs <<'JS'
import { createWriteStream, writeFileSync } from 'node:fs'
import { jsPDF } from 'jspdf'
import { PDFDocument } from 'pdf-lib'
import PDFKit from 'pdfkit'

const name = process.argv[2]
const kit = new PDFKit()
const file = kit.pipe(createWriteStream('pdfkit.pdf'))
kit.text(name).end()
await new Promise((closed) => file.on('close', closed))
const plain = new jsPDF()
plain.text(name, 10, 10)
writeFileSync('jspdf.pdf', Buffer.from(plain.output('arraybuffer')))
try {
  const document = await PDFDocument.create()
  document.addPage().drawText(name)
  writeFileSync('pdf-lib.pdf', await document.save())
} catch {}
JS
cat >read.py <<'PY'
import sys
from pathlib import Path

from fpdf import FPDF
from fpdf.errors import FPDFUnicodeEncodingException
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

name = sys.argv[1]
canvas = Canvas("reportlab.pdf")
canvas.drawString(100, 700, name)
canvas.save()
try:
    document = FPDF()
    document.add_page()
    document.set_font("Helvetica")
    document.cell(text=name)
    document.output("fpdf2.pdf")
except FPDFUnicodeEncodingException:
    pass
for library in ("pdf-lib", "fpdf2", "reportlab", "pdfkit", "jspdf"):
    file = Path(f"{library}.pdf")
    text = PdfReader(file).pages[0].extract_text().strip("\n") if file.exists() else None
    print(f"{name}, {library}:", "refused" if text is None else ascii(text) if text != name else "as it is")
    file.unlink(missing_ok=True)
PY
seen=$(for name in 'Zoë Müller' 'Ayşe Yılmaz' محمد; do node write.mjs "$name"; env/bin/python read.py "$name"; done)
echo "$seen"
[ "$seen" = "Zoë Müller, pdf-lib: as it is
Zoë Müller, fpdf2: as it is
Zoë Müller, reportlab: as it is
Zoë Müller, pdfkit: as it is
Zoë Müller, jspdf: as it is
Ayşe Yılmaz, pdf-lib: refused
Ayşe Yılmaz, fpdf2: refused
Ayşe Yılmaz, reportlab: 'Ay\u25a0e Y\u25a0lmaz'
Ayşe Yılmaz, pdfkit: 'Ay\x15\xf6R\x00Y\x13\x16\xc6\xd6\x17\xa0'
Ayşe Yılmaz, jspdf: '\x00A\x00y\x01_\x00e\x00 \x00Y\x011\x00l\x00m\x00a\x00z'
محمد, pdf-lib: refused
محمد, fpdf2: refused
محمد, reportlab: '\u25a0\u25a0\u25a0\u25a0'
محمد, pdfkit: 'dV-dV/'
محمد, jspdf: '\xfe\xaa\xfe\xe4\xfe\xa4\xfe\xe3'" ]
