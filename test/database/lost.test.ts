import t from 'tap'
import { isConnectionLost } from '../../src/database/lost.ts'

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
    error({ name: 'DrizzleQueryError' }, error({ code: '25P02' })),
  ]
  for (const each of others) t.equal(isConnectionLost(each), false, JSON.stringify(each))
  t.end()
})
