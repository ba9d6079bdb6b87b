import t from 'tap'
import { describe, nameOf, readAddress, tlsOf } from '../../src/database/address.ts'

t.test('an address has a login, one host or several, and a database', (t) => {
  const one = readAddress(
    'postgres://intake_service:p%40ss@db.internal:5433/intake?sslmode=require',
  )!
  t.same(one.hosts, [{ host: 'db.internal', port: 5433 }])
  t.same([one.user, one.database], ['intake_service', 'intake'])
  t.equal(
    one.urlOf(one.hosts[0]),
    'postgres://intake_service:p%40ss@db.internal:5433/intake?sslmode=require',
  )
  const two = readAddress(
    'postgresql://u:p@a,[fd00::2]:5433/d?target_session_attrs=read-write&sslmode=require',
  )!
  t.same(two.hosts, [
    { host: 'a', port: 5432 },
    { host: 'fd00::2', port: 5433 },
  ])
  t.equal(two.urlOf(two.hosts[1]!), 'postgresql://u:p@[fd00::2]:5433/d?sslmode=require')
  t.equal(describe(two), 'a:5432,[fd00::2]:5433/d')
  t.equal(nameOf({ host: '10.0.0.1', port: 1 }), '10.0.0.1:1')
  t.match(readAddress('postgres://u@localhost/d?target_session_attrs=primary')!, { user: 'u' })
  t.end()
})

t.test('login and database are read percent-decoded, and up to eight hosts', (t) => {
  const encoded = readAddress('postgres://a%40b:p@h/d%20e')
  t.match(encoded, { user: 'a@b', database: 'd e' })
  const eight = Array.from({ length: 8 }, (_, at) => ({ host: `h${at}`, port: 5432 }))
  t.same(readAddress(`postgres://u:p@${eight.map(({ host }) => host).join(',')}/d`)?.hosts, eight)
  const query = (given: string) => readAddress(`postgres://u:p@h/d${given}`)?.urlOf(eight[0]!)
  const left = 'postgres://u:p@h0:5432/d'
  t.equal(query('?target_session_attrs=primary'), left)
  t.equal(query('?&sslmode=require&'), `${left}?sslmode=require`)
  const options = '?options=-c%20x=target_session_attrs=y'
  t.equal(query(options), `${left}${options}`)
  t.match(readAddress('postgres://u:p@h:65535/d')?.hosts, [{ host: 'h', port: 65_535 }])
  t.end()
})

t.test('of an IP address a certificate is wanted where the mode has it verified', (t) => {
  const tls = (host: string, query: string) => tlsOf(`postgres://u:p@${host}:5432/d${query}`)
  for (const mode of ['disable', 'false', 'allow', 'prefer', 'require']) {
    t.same(tls('10.0.0.1', `?sslmode=${mode}`), {}, mode)
  }
  for (const mode of ['verify-ca', 'verify-full']) {
    t.same(tls('10.0.0.1', `?sslmode=${mode}`), { ssl: { host: '10.0.0.1' } }, mode)
    t.same(tls('[fd00::2]', `?sslmode=${mode}`), { ssl: { host: 'fd00::2' } }, mode)
    t.same(tls('db.internal', `?sslmode=${mode}`), {}, 'the driver asks for a name by itself')
  }
  t.same(tls('10.0.0.1', ''), {})
  const last = tls('10.0.0.1', '?sslmode=require&sslmode=verify-full')
  t.same(last, { ssl: { host: '10.0.0.1' } }, 'the last of several is in force')
  t.same(tls('10.0.0.1', '?sslmode=verify-full&sslmode=require'), {})
  t.end()
})

t.test('what is no such address is none', (t) => {
  const none = [
    ...['', 'intake', 'http://u:p@a/d', 'postgres://a/d', 'postgres://u:p@a', 'postgres://u:p@a/'],
    ...['postgres://u:p@/d', 'postgres://:p@a/d', 'postgres://u:p@ss@a/d', 'postgres://u:p/w@a/d'],
    ...['postgres://u:p@a,/d', 'postgres://u:p@a:0/d', 'postgres://u:p@a:65536/d'],
    ...[
      'postgres://u:p@a:x/d',
      'postgres://u:p@[::zz]/d',
      'postgres://u:p@[10.0.0.1]/d',
      'postgres://u:p@::1/d',
    ],
    ...[
      'postgres://u:%zz@a/d',
      'postgres://u:p@a/d#x',
      'postgres://u:p@a b/d',
      ' postgres://u@a/d',
    ],
    `postgres://u:p@${Array(9).fill('a').join(',')}/d`,
  ]
  for (const text of none) t.equal(readAddress(text), undefined, text)
  t.end()
})
