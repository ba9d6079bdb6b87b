import t from 'tap'
import { describe, nameOf, readAddress } from '../../src/database/address.ts'

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

t.test('what is no such address is none', (t) => {
  const none = [
    ...['', 'intake', 'http://u:p@a/d', 'postgres://a/d', 'postgres://u:p@a', 'postgres://u:p@a/'],
    ...['postgres://u:p@/d', 'postgres://:p@a/d', 'postgres://u:p@ss@a/d', 'postgres://u:p/w@a/d'],
    ...['postgres://u:p@a,/d', 'postgres://u:p@a:0/d', 'postgres://u:p@a:65536/d'],
    ...['postgres://u:p@a:x/d', 'postgres://u:p@[::zz]/d', 'postgres://u:p@::1/d'],
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
