import t from 'tap'
import { createLogger, loggable } from '../src/log.ts'

const secret = 'Zuleika, 4 Dock Street'

function logging(level: 'debug' | 'info' | 'error' | 'silent' = 'debug') {
  const lines: string[] = []
  const logger = createLogger(level, { write: (line: string) => void lines.push(line) })
  return { logger, text: () => lines.join(''), lines: () => lines.map((line) => JSON.parse(line)) }
}

/** As postgres.js and drizzle make them: values in the message, the detail and the parameters. */
function databaseError() {
  const cause = Object.assign(new Error(`duplicate key value (${secret})`), {
    ...{ name: 'PostgresError', code: '23505', severity: 'ERROR' },
    ...{ constraint_name: 'referral_pkey', table_name: 'referral' },
    ...{ detail: `Key (id)=(${secret}) already exists.`, query: secret, parameters: [secret] },
  })
  const message = `Failed query: insert into referral values ($1)\nparams: ${secret}`
  return Object.assign(new Error(message, { cause }), {
    name: 'DrizzleQueryError',
    params: [secret],
  })
}

t.test('an error is logged as what it is and where it arose, and never as what it says', (t) => {
  const { logger, text, lines } = logging()
  logger.error({ err: databaseError() }, 'unforeseen error')
  t.notOk(text().includes(secret))
  t.match(lines()[0], {
    level: 50,
    msg: 'unforeseen error',
    err: {
      name: 'DrizzleQueryError',
      frames: [/^at /],
      cause: {
        name: 'PostgresError',
        code: '23505',
        constraint: 'referral_pkey',
        table: 'referral',
      },
    },
  })
  t.same(Object.keys(lines()[0].err).sort(), ['cause', 'frames', 'name'])
  t.end()
})

t.test('however an error is handed over, its message is not written', (t) => {
  const ways: Record<string, (logger: ReturnType<typeof createLogger>) => void> = {
    'by itself': (logger) => logger.error(new Error(secret)),
    'by itself, with words': (logger) => logger.error(new Error(secret), 'it failed'),
    'under err': (logger) => logger.error({ err: new Error(secret) }),
    'under err, at another level': (logger) => logger.debug({ err: new Error(secret) }),
    'by a child': (logger) => logger.child({ request: 'r' }).warn({ err: new Error(secret) }),
    'as a cause': (logger) =>
      logger.error({ err: new Error('x', { cause: new Error(secret) }) }, 'm'),
    'as a string that was thrown': (logger) => logger.error({ err: secret }, 'm'),
    'as an object that was thrown': (logger) => logger.error({ err: { message: secret } }, 'm'),
    'with a message that looks like a frame': (logger) =>
      logger.error({ err: new Error(`x\n    at ${secret} (file:///a.ts:1:2)`) }, 'm'),
  }
  for (const [name, log] of Object.entries(ways)) {
    const { logger, text } = logging()
    log(logger)
    t.ok(text().length > 0, name)
    t.notOk(text().includes('Zuleika'), name)
  }
  t.end()
})

t.test('of a request only its method is written, of an answer its status', (t) => {
  const { logger, lines, text } = logging()
  const req = { method: 'PUT', url: `/v1/referrals/${secret}`, headers: { authorization: secret } }
  logger.info({ req, res: { statusCode: 201, headers: { secret } } }, 'answered')
  t.notOk(text().includes(secret))
  t.match(lines()[0], { req: { method: 'PUT' }, res: { status: 201 } })
  t.end()
})

t.test('a line without an error keeps its words and its fields', (t) => {
  const { logger, lines } = logging()
  logger.info('plain')
  logger.info({ route: '/livez', status: 200 }, 'answered')
  logger.info('%s of %d', 'one', 2)
  t.match(lines(), [
    { msg: 'plain' },
    { msg: 'answered', route: '/livez', status: 200 },
    { msg: 'one of 2' },
  ])
  t.end()
})

t.test('a line has a time and neither the host nor the process', (t) => {
  const { logger, lines } = logging()
  logger.info('started')
  t.same(Object.keys(lines()[0]), ['level', 'time', 'msg'])
  t.match(lines()[0].time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.end()
})

t.test('a level keeps what is below it out', (t) => {
  const { logger, lines } = logging('error')
  logger.info('no')
  logger.error('yes')
  t.same(
    lines().map(({ msg }) => msg),
    ['yes'],
  )
  const silent = logging('silent')
  silent.logger.fatal('no')
  t.equal(silent.text(), '')
  t.end()
})

t.test('frames that name no file hide none that do', async (t) => {
  const fail = async () => {
    await null
    throw new Error(secret)
  }
  const error = await Promise.all([fail()]).catch((caught: unknown) => caught)
  const { frames } = loggable(error) as { frames: string[] }
  t.match(frames[0], /^at (async )?fail \(/)
})

t.test('the frames of an error are at most eight, and name files', (t) => {
  const dig = (depth: number): Error => (depth === 0 ? new Error(secret) : dig(depth - 1))
  const { frames } = loggable(dig(20)) as { frames: string[] }
  t.equal(frames.length, 8)
  for (const frame of frames) t.match(frame, /^at .*(file:|node:|\/).*:\d+:\d+\)?$/)
  t.end()
})
