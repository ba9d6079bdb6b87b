#!/usr/bin/env bash
# PostgreSQL 18.6 (npm @electric-sql/pglite 0.5.14): a prepared `= any($1)`, called with 5,000 identifiers.
#
# Guessed: PostgreSQL keeps to plans made for the value as long as the general one looks worse, and where it can't know
# how long a list will be it reckons with a share of the table, or with what it has seen in the calls before.
# Seen: the general plan reckons with ten elements, whatever came before, and so looks cheaper than each plan that knew
# the list. From the sixth call on it is taken: 10 rows are planned where 5,000 come, and the hash join of the first
# five calls becomes a nested loop.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --ignore-scripts @electric-sql/pglite@0.5.14 >/dev/null
cat >plans.mjs <<'JS'
import { PGlite } from '@electric-sql/pglite'

const database = await PGlite.create()
await database.exec(`
  create table referrals (id int primary key);
  create table letters (id int primary key);
  insert into referrals select generate_series(1, 100000);
  insert into letters select generate_series(1, 100000);
  analyze;
  prepare many (int[]) as select from referrals join letters using (id) where referrals.id = any ($1)`)
const list = `{${Array.from({ length: 5000 }, (_, i) => i * 3 + 1)}}`
for (let call = 1; call <= 7; call += 1) {
  const { rows } = await database.query(`explain (analyze, timing off) execute many ('${list}')`)
  const [, join, planned, came] = /^([\w ]+?) +\(.*?rows=(\d+).*?rows=(\d+)/.exec(rows[0]['QUERY PLAN'])
  console.log(`call ${call}: ${join}, planned ${planned}, came ${came}`)
}
JS
seen=$(timeout 80 node plans.mjs)
echo "$seen"
[ "$seen" = 'call 1: Hash Join, planned 5000, came 5000
call 2: Hash Join, planned 5000, came 5000
call 3: Hash Join, planned 5000, came 5000
call 4: Hash Join, planned 5000, came 5000
call 5: Hash Join, planned 5000, came 5000
call 6: Nested Loop, planned 10, came 5000
call 7: Nested Loop, planned 10, came 5000' ]
