#!/usr/bin/env bash
# natural 8.1.1 (npm), a library of phonetic codes and string distances.
#
# Guessed: importing it to compare two names does nothing else.
# Seen: the import loads its adapters for stores, each of which calls dotenv. The `.env` of the folder one
# happens to stand in is read into process.env, and five lines, with advertisements, go to standard output, so
# that a program which prints JSON no longer does.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts natural@8.1.1 >/dev/null
printf 'PLANTED=from-the-folder\n' >.env
cat >compare.mjs <<'JS'
import natural from 'natural'
process.stderr.write(`${natural.JaroWinklerDistance('Yusuf', 'Yusuf')} ${process.env.PLANTED}\n`)
JS
node compare.mjs >stdout 2>stderr
echo "standard output: $(grep -c injected stdout) lines of dotenv; first: $(head -c 40 stdout)"
echo "the program's own line: $(tail -n 1 stderr)"
[ "$(grep -c injected stdout)" = 5 ]
[ "$(tail -n 1 stderr)" = '1 from-the-folder' ]
