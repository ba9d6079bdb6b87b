#!/bin/sh
# Run by the PostgreSQL image in a new cluster: the owner of the tables, and its database.
set -eu
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres <<'SQL'
\set password `cat /run/secrets/owner-password`
create role intake_owner login createrole password :'password';
grant pg_read_all_stats to intake_owner;
create database intake owner intake_owner;
\connect intake
revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;
SQL
