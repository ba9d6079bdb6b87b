import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer } from 'node:net'
import t from 'tap'
import { readAddress } from '../../src/database/address.ts'
import { databaseFault, versionFault } from '../../src/database/server.ts'
import { cloneDatabase } from '../helpers/postgres.ts'

const databases = await cloneDatabase()
t.teardown(() => databases.drop())
const host = { host: 'db.internal', port: 5432 }

t.test('a PostgreSQL under 16 is refused with words', (t) => {
  for (const version of [90_624, 150_000, 150_013, 159_999]) {
    t.match(versionFault(version, host), /^db\.internal:5432 is PostgreSQL (9|15), and 16 or newer/)
  }
  for (const version of [160_000, 160_004, 180_000]) t.equal(versionFault(version, host), undefined)
  t.end()
})

t.test('what is wrong with a database is one sentence, and what passes is none', async (t) => {
  const { password, pathname, port } = new URL(databases.url)
  const rows: [string, string, RegExp | undefined][] = [
    ['a good one', databases.url, undefined],
    ['a wrong password', databases.url.replace(password, 'wrong'), /refuses the login intake_ser/],
    ['a wrong name', databases.url.replace('intake_service', 'nobody'), /refuses the login nobody/],
    ['a wrong database', databases.url.replace(pathname, '/none'), /has no database none$/],
    [
      'a wrong host',
      databases.url.replace('127.0.0.1', 'db.invalid'),
      /there is no host db\.invalid/,
    ],
    ['a server that is not up', databases.url.replace(`:${port}`, ':1'), undefined],
    [
      'a good one behind one that is not up',
      databases.url.replace('@127.0.0.1', '@127.0.0.1:1,127.0.0.1'),
      undefined,
    ],
  ]
  for (const [name, url, expected] of rows) {
    const fault = await databaseFault(readAddress(url)!)
    if (expected) t.match(fault, expected, name)
    else t.equal(fault, undefined, name)
    t.notMatch(fault ?? '', password)
  }
})

t.test('a server that hangs after the login is as one that is not up', async (t) => {
  const { port, hostname } = new URL(databases.url)
  const way = createServer((near) => {
    const far = createConnection(Number(port), hostname)
    far.on('error', () => near.destroy()).pipe(near)
    near.on('error', () => far.destroy()).on('close', () => far.destroy())
    near.on('data', (bytes) => {
      // What is asked after the login: Parse, or Query.
      if (bytes[0] !== 0x50 && bytes[0] !== 0x51) far.write(bytes)
    })
  })
  way.listen(0, '127.0.0.1')
  await once(way, 'listening')
  t.teardown(() => way.close())
  const url = Object.assign(new URL(databases.url), {
    port: String((way.address() as AddressInfo).port),
  })
  t.equal(await databaseFault(readAddress(url.href)!), undefined)
})
