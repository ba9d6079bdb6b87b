/**
 * Goal: the books, which nearly every test trusts for it, find plaintext in any table, whenever it came
 * there, although they read no row twice that did not change.
 * Method: a table of the test's own, written between one look and the next.
 */
import t from 'tap'
import { planted, requireBalanced } from '../helpers/books.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const databases = await cloneDatabase()
t.teardown(() => databases.drop())
const sql = asSuperuser(t, databases)
const found = { message: /\nleak holds planted plaintext: 1$/ }

t.before(async () => {
  await sql`create table leak (id integer, said text, bytes bytea)`
  await sql`insert into leak values (1, 'nothing', ''), (2, 'nothing', '')`
})
t.afterEach(async () => {
  await sql`update leak set said = 'nothing', bytes = ''`
  await requireBalanced(sql)
})

for (const word of planted) {
  const capital = `${word[0]?.toUpperCase()}${word.slice(1)}`
  const spellings: Readonly<Record<string, string | Buffer>> = {
    ...{
      'as it is': word,
      'in capitals': `a ${word.toUpperCase()}, b`,
      'as bytes': Buffer.from(word),
    },
    'as bytes, with its capital': Buffer.from(capital),
  }
  for (const [name, said] of Object.entries(spellings)) {
    t.test(`${word} is found ${name}, in a row that was read before`, async (t) => {
      const column = typeof said === 'string' ? 'said' : 'bytes'
      await sql`update leak set ${sql({ [column]: said })} where id = 2`
      await t.rejects(requireBalanced(sql), found)
      await t.rejects(requireBalanced(sql), found, 'and until it is gone')
    })
  }
}

t.test(
  'what was written before a look, and committed after it, is found by the next',
  async (t) => {
    await sql.begin(async (tx) => {
      await tx`insert into leak values (3, ${planted[0]}, '')`
      // A later transaction ends before.
      await sql`update leak set said = 'nothing' where id = 1`
      await requireBalanced(sql)
    })
    await t.rejects(requireBalanced(sql), found)
  },
)
