#!/bin/sh
# Makes the certificates by which the replicas and the holder of the matching key know each other, in
# the folder given, docker/secrets if none is. Their authority exists for as long as this runs: its
# key is thrown away, so nobody can sign another. Run again before they end, in 400 days, and start
# replicas and holder anew.
set -eu
umask 077
cd "${1:-"$(dirname "$0")/secrets"}"
made=$(mktemp -d ./certificates.XXXXXX)
trap 'rm -rf "$made"' EXIT
openssl req -x509 -newkey ed25519 -nodes -days 400 -subj "/CN=matching $(date +%F)" \
  -addext basicConstraints=critical,CA:TRUE,pathlen:0 -addext keyUsage=critical,keyCertSign \
  -keyout "$made/authority.key" -out "$made/matching-ca.pem"
issue() {
  openssl req -newkey ed25519 -nodes -subj "/CN=$2" \
    -keyout "$made/$1-key.pem" -out "$made/$1.csr"
  printf 'extendedKeyUsage=%s\nsubjectAltName=DNS:%s\n' "$3" "$2" >"$made/$1.ext"
  openssl x509 -req -in "$made/$1.csr" -extfile "$made/$1.ext" -days 400 -CAcreateserial \
    -CA "$made/matching-ca.pem" -CAkey "$made/authority.key" -out "$made/$1-cert.pem"
}
issue matching-holder matching-key serverAuth
issue matching-api api clientAuth
# As in make-secrets.sh: the folder is what keeps others out.
chmod 444 "$made"/*.pem
mv -f "$made"/*.pem .
