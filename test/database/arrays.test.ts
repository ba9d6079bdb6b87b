/**
 * Goal: arrays go to PostgreSQL and come back as they were, whatever their elements hold.
 * Method: PostgreSQL itself as the judge of both directions.
 */
import fc from 'fast-check'
import t from 'tap'
import { readAddress } from '../../src/database/address.ts'
import { readArray, writeArray } from '../../src/database/arrays.ts'
import { openLink } from '../../src/database/pool.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const databases = await cloneDatabase()
t.teardown(() => databases.drop())
const address = readAddress(databases.url)!
const { sql } = openLink({ address, prepare: true }, address.hosts[0])
t.teardown(() => sql.end())

// PostgreSQL's text holds neither NUL nor half a surrogate pair.
const text = fc.string({ unit: 'grapheme' }).map((it) => it.replaceAll('\0', ''))

t.test('an array of texts is the one that PostgreSQL has', async (t) => {
  const property = fc.asyncProperty(fc.array(text), async (texts) => {
    const [row] = await sql`
      select ${texts}::text[] as same, to_json(${texts}::text[])::text as seen`
    t.same(row?.same, texts)
    t.same(JSON.parse(row?.seen), texts)
  })
  await fc.assert(property, { numRuns: 60 })
})

t.test('every type of array that the service uses is among them', async (t) => {
  const id = '01a20551-5d7e-7c1f-9d55-1f0c2f3a4b5c'
  const [row] = await sql`
    select ${[id]}::uuid[] as ids, ${[1, -2]}::int[] as numbers,
           cardinality(${[] as string[]}::uuid[]) as none`
  t.same(row, { ids: [id], numbers: [1, -2], none: 0 })
  const superuser = asSuperuser(t, databases)
  const used = await superuser`
    select distinct atttypid::regtype::text as type from pg_attribute a join pg_class c on c.oid = attrelid
    join pg_type y on y.oid = atttypid
    where relnamespace = 'public'::regnamespace and relkind = 'r' and typcategory = 'A' order by 1`
  t.same(
    used.map(({ type }) => type),
    ['integer[]', 'text[]', 'uuid[]'],
    'a column of another type needs it in the table',
  )
})

t.test('a NULL is not taken for the word', (t) => {
  t.throws(() => readArray('{NULL}'), /NULL/)
  t.same(readArray('{"NULL"}'), ['NULL'])
  t.equal(writeArray(['NULL']), '{"NULL"}')
  t.equal(writeArray('{made,elsewhere}'), '{made,elsewhere}')
  t.end()
})
