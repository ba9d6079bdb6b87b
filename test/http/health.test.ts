import t from 'tap'
import { bankHolidays } from '../../src/triage/bankholidays.ts'
import { build } from '../helpers/build.ts'
import { onDay } from '../helpers/clock.ts'
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

t.test('a service is told of the year of which it will soon lack the bank holidays', async (t) => {
  const known = Math.max(...Object.keys(bankHolidays).map(Number))
  const on = (day: string) =>
    onDay(day, async () => {
      const { body } = await get('/readyz')
      return (body as { holidaysMissing?: number }).holidaysMissing
    })
  t.equal(await on(`${known}-10-01`), undefined)
  t.equal(await on(`${known}-10-04`), known + 1)
  t.equal(await on(`${known + 1}-06-01`), known + 1)
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
