#!/bin/sh
# Refers a draft: `sh refer.sh draft.json`. Needs curl, openssl 3, coreutils, and `intake`.
# Exit codes: 0, acknowledged; 1, refused, and a person has to look; 75, not answered yet: call it again.
set -eu
umask 077
draft=${1-}
kept=${draft%.json}.sealed
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

base64url() { basenc --base64url --wrap=0 | tr -d '='; }
member() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }

# The client key as openssl reads it (PKCS #8), in a folder that only you can read, and not for long.
client_key() {
  printf '\060\056\002\001\000\060\005\006\003\053\145\160\004\042\004\040'
  printf '%s=' "$(member d <"$INTAKE_CLIENT_KEY")" | basenc --base64url --decode
}

# Signs in (RFC 7523): the token is good for five minutes, an assertion for one call.
new_token() {
  now=$(date +%s)
  printf '{"alg":"Ed25519","typ":"JWT"}' | base64url >"$work/signing"
  printf . >>"$work/signing"
  printf '{"iss":"%s","sub":"%s","aud":"%s","jti":"%s","iat":%s,"exp":%s}' "$INTAKE_CLIENT" \
    "$INTAKE_CLIENT" "$INTAKE_ISSUER" "$(openssl rand -hex 16)" "$now" "$((now + 60))" |
    base64url >>"$work/signing"
  client_key >"$work/key"
  openssl pkeyutl -sign -rawin -inkey "$work/key" -keyform DER -in "$work/signing" >"$work/signature"
  rm "$work/key"
  # In a file: other users of the machine can read a command line.
  printf '%s.%s' "$(cat "$work/signing")" "$(base64url <"$work/signature")" >"$work/assertion"
  curl --silent --show-error --max-time 75 "$INTAKE_TOKEN_ENDPOINT" \
    --output "$work/token" --write-out '%{http_code}' \
    --data grant_type=client_credentials --data scope=referrals:submit \
    --data client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer \
    --data-urlencode "client_assertion@$work/assertion"
}

# On the disk before anything is sent, and sent again as they are until they are acknowledged.
if [ ! -e "$kept" ]; then
  [ -f "$draft" ] || { echo "there is no draft $draft" >&2 && exit 1; }
  if ! intake seal --json <"$draft" >"$kept.part" 2>"$work/fault"; then
    rm "$kept.part"
    cat "$work/fault" >&2
    grep -q '"retry":"later"' "$work/fault" && exit 75
    exit 1
  fi
  sync "$kept.part"
  mv "$kept.part" "$kept"
fi

id=$(grep -o '"referralId":"[^"]*"' "$kept" | head -n 1 | member referralId)
status=$(new_token) || exit 75
case $status in
  200) printf 'Authorization: Bearer %s\n' "$(member access_token <"$work/token")" >"$work/header" ;;
  429 | 5??) exit 75 ;;
  *) cat "$work/token" >&2 && exit 1 ;; # about you, and not about the bytes
esac
status=$(curl --silent --show-error --max-time 75 --output "$work/answer" --write-out '%{http_code}' \
  --request PUT "$INTAKE_URL/v1/referrals/$id" --header "@$work/header" \
  --header 'Content-Type: application/json' --data "@$kept") || exit 75

case $status in
  200 | 201)
    rm "$kept"
    echo "acknowledged, with the reference $(member reference <"$work/answer")"
    ;;
  401 | 403) # about you, and not about the bytes, which are kept
    cat "$work/answer" >&2
    exit 1
    ;;
  *)
    cat "$work/answer" >&2
    case $(member retry <"$work/answer") in
      never | after-refresh) rm "$kept" ;; # refused: not stored, and never will be
      *) exit 75 ;;
    esac
    exit 1
    ;;
esac
