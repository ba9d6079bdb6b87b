/**
 * Goal: what docs/OPERATIONS.md says of `sslmode` is what the driver does, on each way to the database.
 * Method: a PostgreSQL of this file's own with one certificate after the other; the service, and the command
 * that migrates, as processes, for the authorities they believe are read when Node starts.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import t from 'tap'
import { generateTokenKey } from '../../src/access/token.ts'
import { intake } from '../cli/run.ts'
import { authority } from '../helpers/certificates.ts'
import { listening, start } from '../helpers/process.ts'
import { ownServer } from '../helpers/server.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const server = await ownServer(t)
const folder = t.testdir()
const sql = asSuperuser(t, server)
const trusted = await authority('trusted')
const certificates = {
  'of its address': await trusted.issue('db', 'server'),
  'of its name': await trusted.issue('db', 'server', 'localhost'),
  'of a stranger': await (await authority('stranger')).issue('db', 'server'),
}
type Shown = keyof typeof certificates

const caFile = join(folder, 'ca.pem')
const tokenKeyFile = join(folder, 'token-key.pem')
await writeFile(caFile, trusted.ca)
await generateTokenKey(tokenKeyFile)

/** The server shows this certificate to whoever connects from now on. */
async function show(shown: Shown): Promise<void> {
  const at = (kind: string) => join(folder, `${shown.replaceAll(' ', '-')}.${kind}`)
  await writeFile(at('key'), certificates[shown].key, { mode: 0o600 })
  await writeFile(at('cert'), certificates[shown].cert)
  await sql.unsafe(`alter system set ssl_key_file = '${at('key')}'`)
  await sql.unsafe(`alter system set ssl_cert_file = '${at('cert')}'`)
  await sql.unsafe('alter system set ssl = on')
  await sql`select pg_reload_conf()`
  // A session that is there reads the settings by itself: only a new one tells of the server's.
  const isSet = async () => {
    const fresh = postgres(server.superuserUrl, { max: 1 })
    const [row] = await fresh`
      select current_setting('ssl') = 'on' and current_setting('ssl_cert_file') = ${at('cert')} as set`
    await fresh.end()
    return row?.set === true
  }
  while (!(await isSet())) await pause()
}

/** Of the service: whether each of its connections is encrypted. */
async function connections(): Promise<boolean[]> {
  const found = await sql<{ ssl: boolean }[]>`
    select s.ssl from pg_stat_ssl s join pg_stat_activity a using (pid)
    where a.usename = 'intake_service'`
  return found.map(({ ssl }) => ssl)
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 20))

const onHost = (url: string, host: string, query: string) =>
  `${url.replace('127.0.0.1', host)}${query}`

const variables = (host: string, query: string) => ({
  ...{ DATABASE_URL: onHost(server.url, host, query), NODE_EXTRA_CA_CERTS: caFile },
  ...{ ORIGIN: 'intake.test', HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'error' },
  ...{ DATA_DIR: folder, TOKEN_KEY_FILE: tokenKeyFile },
})

t.test('with sslmode the service serves under TLS, and without it in clear', async (t) => {
  const rows: [Shown, host: string, query: string, encrypted: boolean][] = [
    ['of its address', '127.0.0.1', '?sslmode=verify-full', true],
    ['of its name', 'localhost', '?sslmode=verify-full', true],
    ['of a stranger', '127.0.0.1', '?sslmode=require', true],
    ['of its address', '127.0.0.1', '', false],
  ]
  for (const [shown, host, query, encrypted] of rows) {
    await show(shown)
    const service = await listening(t, variables(host, query))
    t.equal((await fetch(`${service.url}/readyz`)).status, 200, `${shown} ${host} ${query}`)
    // That of the background work is the second.
    while ((await connections()).length < 2) await pause()
    t.same(new Set(await connections()), new Set([encrypted]), 'each connection')
    service.child.kill('SIGTERM')
    t.equal(await service.ended, 0)
    while ((await connections()).length > 0) await pause()
  }
})

t.test(
  'verify-full takes no certificate of another host, or of an unknown authority',
  async (t) => {
    const rows: [Shown, host: string, reason: RegExp][] = [
      ['of its name', '127.0.0.1', /does not match certificate's altnames/],
      ['of its address', 'localhost', /does not match certificate's altnames/],
      ['of a stranger', '127.0.0.1', /unable to verify the first certificate/],
    ]
    for (const [shown, host, reason] of rows) {
      await show(shown)
      const service = start(t, variables(host, '?sslmode=verify-full'))
      t.equal(await service.ended, 1, `${shown}, asked as ${host}`)
      t.match(service.output(), reason)
      t.match(service.output(), /^DATABASE_URL: \S+ does not say whether the login is right: .*\n$/)
    }
  },
)

t.test('a certificate that is exchanged for a wrong one is a loss like any other', async (t) => {
  await show('of its address')
  const service = await listening(t, {
    ...variables('127.0.0.1', '?sslmode=verify-full'),
    LOG_LEVEL: 'warn',
  })
  const status = async (path: string) => (await fetch(service.url + path)).status
  t.equal(await status('/readyz'), 200)
  for (const shown of ['of a stranger', 'of its name'] as const) {
    await show(shown)
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity where usename = 'intake_service'`
    t.equal(await status('/readyz'), 503, shown)
    const answer = await fetch(`${service.url}/v1/keyset`)
    t.match(await answer.json(), { status: 503, code: 'not-ready', retry: 'later' }, shown)
  }
  t.match(service.output(), /"code":"UNABLE_TO_VERIFY_LEAF_SIGNATURE"/, 'the log says why')
  t.notMatch(service.output(), /unforeseen/)
  await show('of its address')
  while ((await status('/readyz')) !== 200) await pause()
  t.equal(service.child.exitCode, null)
})

t.test("the owner's commands keep to it as well", async (t) => {
  const migrate = () => {
    const url = onHost(server.ownerUrl, '127.0.0.1', '?sslmode=verify-full')
    return intake(['admin', 'migrate'], {
      ...{ DATABASE_OWNER_URL: url, ORIGIN: 'intake.test', DATA_DIR: folder },
      NODE_EXTRA_CA_CERTS: caFile,
    })
  }
  await show('of its address')
  t.match(await migrate(), { code: 0 })
  await show('of its name')
  t.match(await migrate(), { code: 1, err: /does not match certificate's altnames/ })
})
