import t from 'tap'
import { build } from '../helpers/build.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const built = await build(t)
const { url, databases } = built

const get = async (path: string) => {
  const response = await fetch(url + path)
  return { status: response.status, body: await response.json() }
}

t.test('a service whose database answers is alive and ready', async (t) => {
  t.same(await get('/livez'), { status: 200, body: { status: 'ok' } })
  t.same(await get('/readyz'), { status: 200, body: { status: 'ok', matchingKey: 'embedded' } })
})

t.test(
  'a service whose database does not answer is alive and not ready, until it does',
  async (t) => {
    const sql = asSuperuser(t, {
      superuserUrl: databases.superuserUrl.replace(/[^/]*$/, 'postgres'),
    })
    const name = databases.url.split('/').at(-1)!
    await sql`alter database ${sql(name)} allow_connections false`
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
    t.equal((await get('/livez')).status, 200)
    const { status, body } = await get('/readyz')
    t.equal(status, 503)
    t.match(body, { code: 'not-ready', retry: 'later', stored: false })
    t.notMatch(JSON.stringify(body), /postgres|127\.0\.0\.1|intake_service/)
    await sql`alter database ${sql(name)} allow_connections true`
    t.equal((await get('/readyz')).status, 200)
  },
)
