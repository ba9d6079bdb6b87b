/**
 * Goal: arrays go to PostgreSQL and come back as they were, whatever their elements hold.
 * Method: PostgreSQL itself as the judge of both directions.
 */
import fc from 'fast-check'
import t from 'tap'
import { readAddress } from '../../src/database/address.ts'
import { openLink } from '../../src/database/pool.ts'
import { bytesArray, readArray, writeArray } from '../../src/database/types.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const databases = await cloneDatabase()
t.teardown(() => databases.drop())
const address = readAddress(databases.url)!
const { sql } = openLink({ address, prepare: true }, address.hosts[0])
t.teardown(() => sql.end())

// What means something in an array, and any other text. PostgreSQL's holds neither NUL nor half a
// surrogate pair.
const marks = [
  '"',
  '\\',
  '\\\\',
  '\\"',
  ',',
  '{',
  '}',
  '{}',
  ' ',
  '\n',
  '\t',
  "'",
  'NULL',
  'null',
  '',
]
const text = fc
  .array(fc.oneof(fc.constantFrom(...marks), fc.string({ unit: 'grapheme', maxLength: 3 })), {
    maxLength: 4,
  })
  .map((pieces) => pieces.join('').replaceAll('\0', ''))

t.test('an array of texts is the one that PostgreSQL has', async (t) => {
  const property = fc.asyncProperty(fc.array(text), async (texts) => {
    const [row] = await sql`
      select ${texts}::text[] as same, to_json(${texts}::text[])::text as seen`
    t.same(row?.same, texts)
    t.same(JSON.parse(row?.seen), texts)
  })
  // Each mark by itself too, whatever is drawn.
  await fc.assert(property, {
    numRuns: 60,
    examples: [[marks], ...marks.map((it): [string[]] => [[it]])],
  })
})

t.test('an array of other than one dimension is none of ours', async (t) => {
  const [row] = await sql`
    select array[['a', 'b'], ['c', 'd']]::text as two, ('[0:1]={a,b}'::text[])::text as bounds,
           array['a', 'b c', null, 'd']::text as holed`
  for (const written of [row?.two, row?.bounds, row?.holed, 'a', '{a', 'a}', '{a,}', '{"a}', ''])
    t.throws(() => readArray(written), /an array/, written)
  t.same(readArray('{}'), [])
  t.same(readArray('{a,"b c"}'), ['a', 'b c'])
})

t.test('every type of array that the service uses is among them', async (t) => {
  const id = '01a20551-5d7e-7c1f-9d55-1f0c2f3a4b5c'
  const [row] = await sql`
    select ${[id]}::uuid[] as ids, ${[1, -2]}::int[] as numbers,
           ${['9007199254740993']}::bigint[] as large,
           cardinality(${[] as string[]}::uuid[]) as none`
  t.strictSame({ ...row }, { ids: [id], numbers: [1, -2], large: ['9007199254740993'], none: 0 })
  const bytes = ['', 'a "b" {c}, \\d', '\0\xff'].map((text) => Buffer.from(text, 'latin1'))
  const parts = await sql`select part from unnest(${bytesArray(bytes)}::bytea[]) as part`
  t.same(
    parts.map(({ part }) => Buffer.from(part)),
    bytes,
  )
  const superuser = asSuperuser(t, databases)
  const used = await superuser`
    select distinct atttypid::regtype::text as type from pg_attribute a join pg_class c on c.oid = attrelid
    join pg_type y on y.oid = atttypid
    where relnamespace = 'public'::regnamespace and relkind = 'r' and typcategory = 'A' order by 1`
  t.same(
    used.map(({ type }) => type),
    ['bigint[]', 'bytea[]', 'integer[]', 'text[]', 'uuid[]'],
    'a column of another type needs it in the table',
  )
})

t.test('a NULL is not taken for the word', (t) => {
  t.throws(() => readArray('{NULL}'), /NULL/)
  t.same(readArray('{"NULL"}'), ['NULL'])
  t.equal(writeArray(['NULL']), '{"NULL"}')
  t.end()
})

t.test(
  'an instant stays text, also one that no Date can be, and JSON is given as text',
  async (t) => {
    const json = JSON.stringify({ a: ['1'] })
    const [row] = await sql`
    select ${'-infinity'}::timestamptz as least, ${'2026-11-28T12:00:00.123Z'}::timestamptz as at,
           ${json}::jsonb as json, jsonb_typeof(${json}::jsonb) as kind`
    t.same(row, { least: '-infinity', at: row?.at, json: { a: ['1'] }, kind: 'object' })
    t.type(row?.at, 'string')
    t.equal(Date.parse(row?.at), Date.parse('2026-11-28T12:00:00.123Z'))
  },
)
