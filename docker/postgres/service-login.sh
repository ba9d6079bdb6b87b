#!/bin/sh
# After the migration, which makes intake_service without a login: lets the service log in. The owner
# may, because it made the role. Doing it again changes the password to what the secret now says.
set -eu
PGPASSWORD=$(cat /run/secrets/owner-password)
export PGPASSWORD
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username=intake_owner --dbname=intake <<'SQL'
\set password `cat /run/secrets/service-password`
alter role intake_service login password :'password';
SQL
