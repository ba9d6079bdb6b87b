#!/usr/bin/env bash
# file-type 21.3.4, magic-bytes.js 1.13.1 (npm), filetype 1.2.0, puremagic 1.30 (PyPI): what photographs as phones
# take them are called; the photographs by pillow 13.0.0 with pillow-heif 1.8.1 (PyPI).
#
# Guessed: HEIC is ten years old, and all four name it among what they know: each calls a photograph image/heic (or
# its family, image/heif), whatever colours are in it.
# Seen: only file-type does. puremagic calls the plainest a film (video/mp4), and magic-bytes.js every other: in grey,
# in full colour (4:4:4) or as a moving AVIF; filetype knows nothing of those three. The brand at the start is `heix`
# in place of `heic` for them, and `avis` in place of `avif`.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts file-type@21.3.4 magic-bytes.js@1.13.1 >/dev/null
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check filetype==1.2.0 puremagic==1.30 pillow==13.0.0 pillow-heif==1.8.1
cat >photos.py <<'PY'
import filetype
import puremagic
from PIL import Image
from pillow_heif import register_heif_opener

register_heif_opener()
colour = Image.new("RGB", (64, 64), (200, 10, 10))
colour.save("colour.heic")
Image.new("L", (64, 64), 90).save("grey.heic")
colour.save("full.heic", chroma=444)
colour.save("moving.avif", save_all=True, append_images=[Image.new("RGB", (64, 64))])
for photo in ("colour.heic", "grey.heic", "full.heic", "moving.avif"):
    print(f"{photo}: filetype {filetype.guess_mime(photo)}, puremagic {puremagic.from_file(photo, mime=True)}")
PY
cat >photos.mjs <<'JS'
import { readFileSync } from 'node:fs'
import { fileTypeFromBuffer } from 'file-type'
import { filetypemime } from 'magic-bytes.js'

for (const photo of ['colour.heic', 'grey.heic', 'full.heic', 'moving.avif']) {
  const bytes = readFileSync(photo)
  const { mime } = await fileTypeFromBuffer(bytes)
  console.log(`${photo}: file-type ${mime}, magic-bytes.js ${filetypemime(bytes)[0]}`)
}
JS
seen=$(env/bin/python photos.py; node photos.mjs)
echo "$seen"
[ "$seen" = 'colour.heic: filetype image/heic, puremagic video/mp4
grey.heic: filetype None, puremagic image/heic
full.heic: filetype None, puremagic image/heic
moving.avif: filetype None, puremagic image/avif
colour.heic: file-type image/heic, magic-bytes.js image/heif
grey.heic: file-type image/heic, magic-bytes.js video/mp4
full.heic: file-type image/heic, magic-bytes.js video/mp4
moving.avif: file-type image/avif, magic-bytes.js video/mp4' ]
