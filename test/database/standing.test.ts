/** A wrong step of a deployment is told in words, at the start. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createConnection, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import t from 'tap'
import { generateTokenKey } from '../../src/access/token.ts'
import { migrate } from '../../src/database/migrate.ts'
import { serviceFault, wordsOfDatabase } from '../../src/database/standing.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { listening, start } from '../helpers/process.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const databases = await cloneDatabase()
const sql = asSuperuser(t, databases)
const folder = await mkdtemp(join(tmpdir(), 'intake-standing-'))
t.teardown(async () => {
  await databases.drop()
  await rm(folder, { recursive: true, force: true })
})
const tokenKeyFile = join(folder, 'token-key.pem')
await generateTokenKey(tokenKeyFile)

/** A database that nobody migrated, and the logins on it. */
async function empty(owner: string) {
  const name = `test_${newId().replaceAll('-', '')}`
  await sql.unsafe(`create database ${name} owner ${owner}`)
  t.teardown(() => sql.unsafe(`drop database ${name} with (force)`))
  const on = (url: string) => url.replace(/\/[^/]+$/, `/${name}`)
  const { url, ownerUrl, superuserUrl } = databases
  return { url: on(url), ownerUrl: on(ownerUrl), superuserUrl: on(superuserUrl) }
}

t.test('the service’s login has nothing wrong, and each other one is told what', async (t) => {
  t.equal(await serviceFault(databases.url), undefined)
  t.match(await serviceFault(databases.ownerUrl), /may read tables by itself.*intake_service/)
  t.match(await serviceFault(databases.superuserUrl), /may read tables by itself/)
  const unmade = await empty('intake_owner')
  t.match(await serviceFault(unmade.url), /Run `intake admin migrate` first/)

  const name = `login_${newId().replaceAll('-', '')}`
  await sql.unsafe(`create role ${name} login password 'pw'`)
  await sql.unsafe(`grant usage on schema drizzle to ${name}`)
  await sql.unsafe(`grant select on drizzle.__drizzle_migrations to ${name}`)
  const { host, pathname } = new URL(databases.url)
  const login = `postgres://${name}:pw@${host}${pathname}`
  t.match(await serviceFault(login), /may not become intake_partner/)
  await sql.unsafe(`grant usage on schema public to ${name}`)
  await sql.unsafe(`grant select on referral to ${name}`)
  t.match(await serviceFault(login), /may read tables by itself/)
  await sql.unsafe(`drop owned by ${name}`)
  await sql.unsafe(`drop role ${name}`)
})

t.test('tables of an older version are told, of a later one served', async (t) => {
  const [newest] = await sql`select max(created_at)::text as at from drizzle.__drizzle_migrations`
  const move = (by: number) => sql`
    update drizzle.__drizzle_migrations set created_at = created_at + ${by}
    where created_at = (select max(created_at) from drizzle.__drizzle_migrations)`
  t.ok(newest)
  await move(-1)
  t.match(await serviceFault(databases.url), /of an older version/)
  await move(1001)
  t.equal(await serviceFault(databases.url), undefined)
  await move(-1000)
})

t.test('tables are made by the owner of the database, and by nobody else', async (t) => {
  const theirs = await empty('postgres')
  const owned = await empty('intake_owner')
  const refused: [string, RegExp][] = [
    [owned.superuserUrl, /is a superuser.*intake_owner/],
    [owned.url, /does not own the database/],
    [theirs.ownerUrl, /does not own the database/],
  ]
  for (const [url, message] of refused) await t.rejects(migrate(url), { message })
  const looking = postgres(owned.superuserUrl, { max: 1, onnotice: () => {} })
  t.teardown(() => looking.end())
  t.same(await looking`select from pg_namespace where nspname = 'drizzle'`, [], 'nothing was done')
  await migrate(owned.ownerUrl)
  t.equal(await serviceFault(owned.url), undefined)
})

t.test('a service on a wrong login ends, with one sentence', async (t) => {
  const service = start(t, {
    ...{ DATABASE_URL: databases.ownerUrl, ORIGIN: 'intake.test', PORT: '0' },
    TOKEN_KEY_FILE: tokenKeyFile,
  })
  t.equal(await service.ended, 1)
  t.match(service.output(), /^DATABASE_URL: the login intake_owner may read tables by itself.*\n$/)
})

t.test('a host that is down keeps no wrong login from being found, nor a right one', async (t) => {
  const twoHosts = (url: string) => url.replace('@127.0.0.1', '@127.0.0.1:1,127.0.0.1')
  const variables = {
    ...{ ORIGIN: 'intake.test', HOST: '127.0.0.1', PORT: '0', TOKEN_KEY_FILE: tokenKeyFile },
    ...{ DATA_DIR: folder, LOG_LEVEL: 'warn' },
  }
  const wrong = start(t, { ...variables, DATABASE_URL: twoHosts(databases.ownerUrl) })
  t.equal(await wrong.ended, 1)
  t.match(wrong.output(), /^DATABASE_URL: the login intake_owner may read tables by itself.*\n$/)
  const right = await listening(t, { ...variables, DATABASE_URL: twoHosts(databases.url) })
  t.notMatch(right.output(), /does not answer yet/)
  t.equal((await fetch(`${right.url}/readyz`)).status, 200)
})

t.test('a database that answers but not that is told, and not waited for', async (t) => {
  const closed = await empty('intake_owner')
  await migrate(closed.ownerUrl)
  const there = postgres(closed.superuserUrl, { max: 1, onnotice: () => {} })
  await there`revoke select on pg_catalog.pg_roles from public`
  await there.end()
  const service = start(t, {
    ...{ DATABASE_URL: closed.url, ORIGIN: 'intake.test', HOST: '127.0.0.1', PORT: '0' },
    ...{ DATA_DIR: folder, TOKEN_KEY_FILE: tokenKeyFile },
  })
  t.equal(await service.ended, 1)
  t.match(
    service.output(),
    /^DATABASE_URL: 127\.0\.0\.1:\d+ does not say whether the login is right: permission denied.*\n$/,
  )
})

t.test('nobody is sent to a service before its login was asked about', async (t) => {
  const { hostname, port } = new URL(databases.url)
  const ports = Number(port)
  let isAsking = false
  // Lets in whoever gives the service's name, which the question about the login does not.
  const way = createServer((near) => {
    near.once('data', (greeting) => {
      if (!isAsking && !greeting.includes('referral-intake')) return near.destroy()
      const far = createConnection(ports, hostname)
      far.write(greeting)
      near.on('error', () => far.destroy()).pipe(far)
      return far.on('error', () => near.destroy()).pipe(near)
    })
  })
  way.listen(0, '127.0.0.1')
  await once(way, 'listening')
  t.teardown(() => way.close())
  const free = String((way.address() as AddressInfo).port)
  const service = await listening(t, {
    DATABASE_URL: Object.assign(new URL(databases.url), { port: free }).href,
    ...{ ORIGIN: 'intake.test', HOST: '127.0.0.1', PORT: '0', TOKEN_KEY_FILE: tokenKeyFile },
    ...{ DATA_DIR: folder, LOG_LEVEL: 'warn' },
  })
  const get = async (path: string) => (await fetch(service.url + path)).status
  t.equal(await get('/v1/keyset'), 503, 'nor is anybody served')
  t.equal(await get('/readyz'), 503)
  isAsking = true
  while ((await get('/readyz')) !== 200) await new Promise((resolve) => setTimeout(resolve, 50))
})

t.test(
  'a login that could not be asked about at the start is, once the database is there',
  async (t) => {
    const { hostname, port } = new URL(databases.ownerUrl)
    const way = createServer((near) => {
      const far = createConnection(Number(port), hostname)
      near.on('error', () => far.destroy()).pipe(far)
      far.on('error', () => near.destroy()).pipe(near)
    })
    const open = async (port: number) => {
      way.listen(port, '127.0.0.1')
      await once(way, 'listening')
      return (way.address() as AddressInfo).port
    }
    const free = await open(0)
    await new Promise((resolve) => way.close(resolve))
    const service = await listening(t, {
      DATABASE_URL: Object.assign(new URL(databases.ownerUrl), { port: String(free) }).href,
      ...{ ORIGIN: 'intake.test', HOST: '127.0.0.1', PORT: '0', TOKEN_KEY_FILE: tokenKeyFile },
      ...{ DATA_DIR: folder, LOG_LEVEL: 'warn' },
    })
    t.teardown(() => way.close())
    await open(free)
    t.equal(await service.ended, 1)
    const lines = service.output().trim().split('\n')
    const told = lines.filter((line) => line.includes('does not answer yet'))
    t.equal(told.length, 1, 'it is said once')
    // The background work, which has a connection of its own, may still be complaining.
    t.ok(
      lines.some((line) =>
        line.startsWith('DATABASE_URL: the login intake_owner may read tables by itself'),
      ),
    )
  },
)

t.test('what an administrator meets is told without the statement and its values', async (t) => {
  const told = async (url: string, statement: string) => {
    const client = postgres(url, { max: 1, onnotice: () => {} })
    try {
      await client.unsafe(statement)
      return undefined
    } catch (cause) {
      return wordsOfDatabase(new Error('Failed query: params: a label', { cause }))
    } finally {
      await client.end()
    }
  }
  const { url, ownerUrl } = databases
  t.match(await told(ownerUrl, 'select * from nothing'), /`intake admin migrate` first/)
  t.match(await told(url, 'select * from public.referral'), /Log in as intake_owner/)
  t.match(await told(ownerUrl, `select 'x'::uuid`), /An id is not of the form/)
  t.equal(await told(ownerUrl, 'select 1/0'), 'division by zero')
  t.equal(wordsOfDatabase(new Error('something else')), undefined)
})
