#!/bin/sh
# Makes docker/secrets/: passwords, connection strings, what the keys of access tokens are sealed under, and the certificates
# of the matching-key holder, each its own file. Run once, on the host; it changes nothing that is
# already there.
#
# Compose mounts each file as it is, owner and mode included, and the containers run as other users
# than you: so the files can be read by all, and the folder by you alone.
set -eu
umask 077
cd "$(dirname "$0")"
if [ -e secrets ]; then
  echo 'docker/secrets is already there' >&2
  exit 1
fi
made=$(mktemp -d ./secrets.XXXXXX)
password() {
  openssl rand -hex 24 | tr -d '\n' >"$made/$1"
}
password postgres-password
password owner-password
password service-password
url() {
  printf '%s=postgres://%s:%s@postgres:5432/intake\n' "$1" "$2" "$(cat "$made/$3")"
}
url DATABASE_OWNER_URL intake_owner owner-password >"$made/owner.env"
url DATABASE_URL intake_service service-password >"$made/service.env"
# What the file of the matching key is sealed under.
password matching-passphrase
printf 'INTAKE_PASSPHRASE=%s\n' "$(cat "$made/matching-passphrase")" >"$made/matching.env"
rm "$made/matching-passphrase"
./make-certificates.sh "$made"
# 32 bytes in base64url.
openssl rand -base64 32 | tr '+/' '-_' | tr -d '=\n' >"$made/token-seal.key"
chmod 444 "$made"/*
mv "$made" secrets
# Where `intake admin` and its kin read and write their files.
mkdir -p host
