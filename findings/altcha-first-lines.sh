#!/usr/bin/env bash
# altcha-lib 2.8.0 (npm), bundled with esbuild 0.25.0: its first example, and its worker in a browser.
#
# Guessed: the imports of the README's first example are there, and `altcha-lib/workers/pbkdf2`, the worker that
# solves challenges, is what a page's bundler takes, for a worker is the browser's.
# Seen: the example's first line fails, `deriveHmacKeySecret` is not exported. The worker imports `node:crypto`, so
# that no bundle for browsers is made of it; `workers/shared` with `algorithms/web/pbkdf2` is the browser's.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent altcha-lib@2.8.0 esbuild@0.25.0 >/dev/null
bundle() { npx esbuild --bundle --platform=browser --format=esm --outfile=/dev/null --log-limit=1 2>&1 || true; }

names=$(node --input-type=module -e "console.log(Object.keys(await import('altcha-lib')).join(' '))")
shown=$(grep -o 'deriveHmacKeySecret' node_modules/altcha-lib/README.md | head -1)
node_worker=$(echo "import 'altcha-lib/workers/pbkdf2'" | bundle)
web_worker=$(printf '%s\n' "import { handler } from 'altcha-lib/workers/shared'" \
  "import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2'" 'handler({ deriveKey })' | bundle)
echo "exported: $names"
grep -m1 'ERROR' <<<"$node_worker"
[[ $shown == deriveHmacKeySecret && " $names " != *" $shown "* ]]
[[ $node_worker == *'Could not resolve "node:crypto"'* ]]
[[ $web_worker != *ERROR* ]]
