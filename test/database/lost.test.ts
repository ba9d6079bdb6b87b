import t from 'tap'
import {
  DatabaseAway,
  isAway,
  isConnectionLost,
  isPassing,
  isUndecided,
  OutcomeUnknown,
} from '../../src/database/lost.ts'

const error = (fields: object, cause?: unknown) => Object.assign(new Error('x', { cause }), fields)

t.test('a lost connection is told from a failed statement', (t) => {
  const lost = [
    error({ code: 'CONNECTION_CLOSED' }),
    error({ code: 'CONNECTION_DESTROYED' }),
    error({ code: 'ECONNRESET', syscall: 'read', errno: -104 }),
    error({ code: 'EPIPE', syscall: 'write' }),
    error({ name: 'DrizzleQueryError' }, error({ code: 'CONNECTION_CLOSED' })),
  ]
  for (const each of lost) t.equal(isConnectionLost(each), true, JSON.stringify(each))
  const others = [
    ...[undefined, null, 'CONNECTION_CLOSED', { code: 'CONNECTION_CLOSED' }, new Error('x')],
    error({ code: '23505', severity: 'ERROR' }),
    error({ code: '57014', severity: 'ERROR' }),
    error({ code: 'not-found' }),
    error({ syscall: 'read' }),
    error({ name: 'DrizzleQueryError' }, error({ code: '25P02' })),
  ]
  for (const each of others) t.equal(isConnectionLost(each), false, JSON.stringify(each))
  t.end()
})

t.test('a database that is away is told from one statement that others held up', (t) => {
  const sqlState = (code: string, severity = 'ERROR') => error({ code, severity })
  const rows: [string, unknown, away: boolean, passing: boolean, undecided: boolean][] = [
    ['a lost connection', error({ code: 'CONNECTION_CLOSED' }), true, true, true],
    ['a socket', error({ code: 'ECONNREFUSED', syscall: 'connect' }), true, true, true],
    ['no connection in time', error({ code: 'CONNECT_TIMEOUT' }), true, true, true],
    ['a driver that is closing', error({ code: 'CONNECTION_ENDED' }), true, true, true],
    ['our deadline', new DatabaseAway('x'), true, true, true],
    ['a commit without an answer', new OutcomeUnknown(), true, true, true],
    ...(
      [
        ['of another host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
        ['of an unknown authority', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
        ['that signed itself', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
        ['that has expired', 'CERT_HAS_EXPIRED'],
      ] as const
    ).map(([whose, code]): [string, unknown, boolean, boolean, boolean] => [
      `a certificate ${whose}`,
      error({ code }),
      ...([true, true, true] as const),
    ]),
    ['disk full', sqlState('53100'), true, true, false],
    ['out of memory', sqlState('53200'), true, true, false],
    ['too many connections', sqlState('53300', 'FATAL'), true, true, true],
    ['any other refusal of resources', sqlState('53999'), true, true, false],
    ['shut down', sqlState('57P01', 'FATAL'), true, true, true],
    // Those that say so by their code, whatever the severity.
    ...['57P01', '57P02', '57P03', '57P05', '25P03', '25P04', '53400'].map(
      (code): [string, unknown, boolean, boolean, boolean] => [
        code,
        sqlState(code),
        true,
        true,
        false,
      ],
    ),
    ['a database that was dropped', sqlState('57P04'), false, false, false],
    ['a transaction that failed', sqlState('25P02'), false, false, false],
    ['a crash', sqlState('XX000', 'PANIC'), true, true, true],
    ['starting', sqlState('57P03', 'FATAL'), true, true, true],
    ['an idle session that was ended', sqlState('25P03', 'FATAL'), true, true, true],
    ['a standby', sqlState('25006'), true, true, false],
    ['a disk that fails', sqlState('58030'), true, true, false],
    ['whatever the server ends a session for', sqlState('XX000', 'FATAL'), true, true, true],
    ['a lock that was waited for', sqlState('55P03'), false, true, false],
    ['a statement that took too long', sqlState('57014'), false, true, false],
    ['a deadlock', sqlState('40P01'), false, true, false],
    ['a conflict', sqlState('40001'), false, true, false],
    ['any other of that class', sqlState('40003'), false, true, false],
    ['a key that is there', sqlState('23505'), false, false, false],
    ['a statement that is wrong', sqlState('42601'), false, false, false],
    ['a bug', new TypeError('x'), false, false, false],
    ['an upload that broke off', error({ code: 'ECONNRESET' }), false, false, false],
    ['nothing', undefined, false, false, false],
  ]
  for (const [name, fault, away, passing, undecided] of rows) {
    for (const each of [fault, error({ name: 'DrizzleQueryError' }, fault)]) {
      t.same([isAway(each), isPassing(each), isUndecided(each)], [away, passing, undecided], name)
    }
  }
  t.end()
})
