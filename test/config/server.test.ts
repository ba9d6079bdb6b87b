import t from 'tap'
import { readClientConfig } from '../../src/config/client.ts'
import { readConfig, readHolderConfig } from '../../src/config/server.ts'

const database = { DATABASE_URL: 'postgres://intake_service:secret@db.internal/intake' }

t.test('without a variable the service is a trial on the loopback address', (t) => {
  t.match(readConfig({}), {
    ...{ host: '127.0.0.1', port: 8080, origin: 'localhost', databaseUrl: undefined },
    ...{ dataFolder: './data', tokenKeyFile: './data/token-key.pem', logLevel: 'info' },
    ...{ databaseConnectionsMax: 10, databasePrepare: true },
  })
  t.end()
})

t.test('the trial database is never offered to a network', (t) => {
  for (const HOST of [
    '0.0.0.0',
    '::',
    '10.0.0.4',
    'intake.example.org',
    '1270.0.0.1',
    'localhost.evil',
    '127.evil.example',
  ]) {
    t.throws(() => readConfig({ HOST }), /HOST is .*DATABASE_URL/, HOST)
    const own = { HOST, ORIGIN: 'intake.example.org', ...database }
    t.throws(() => readConfig(own), /PUBLIC_URL must be set/, HOST)
    const files = { TOKEN_SEAL_FILE: '/run/seal', AUDIT_KEY_FILE: '/run/log.key' }
    const reached = { PUBLIC_URL: 'https://intake.example.org', ...files }
    t.equal(readConfig({ ...own, ...reached }).host, HOST, `${HOST} with a database of its own`)
  }
  for (const HOST of ['127.0.0.1', '127.0.0.53', '::1', 'localhost']) {
    t.equal(readConfig({ HOST }).host, HOST)
  }
  t.throws(() => readConfig({ HOST: '0.0.0.0', DATABASE_URL: '' }), /DATABASE_URL/)
  t.end()
})

t.test('all faults are told at once, by variable, and no value of a secret', (t) => {
  const faulty = {
    ...{ PORT: '65536', DATABASE_CONNECTIONS: '0', ORIGIN: 'https://intake.example.org' },
    ...{ LOG_LEVEL: 'loud', ...database },
  }
  const message = messageOf(() => readConfig(faulty))
  for (const name of ['PORT', 'DATABASE_CONNECTIONS', 'ORIGIN', 'LOG_LEVEL']) {
    t.match(message, new RegExp(`^- ${name} must be`, 'm'))
  }
  t.notMatch(message, /secret/)
  t.end()
})

function messageOf(act: () => unknown): string {
  try {
    act()
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

t.test('a number is whole, and within its bounds', (t) => {
  for (const PORT of ['-1', '80.5', '8e3', '0x50', ' 80', 'eighty', '4294967376']) {
    t.throws(() => readConfig({ PORT }), /PORT must be a whole number from 0 to 65535/, PORT)
  }
  t.equal(readConfig({ PORT: '' }).port, 8080)
  t.equal(readConfig({ PORT: '0' }).port, 0)
  t.equal(readConfig({ DATABASE_CONNECTIONS: '100' }).databaseConnectionsMax, 100)
  t.throws(() => readConfig({ DATABASE_CONNECTIONS: '101' }), /from 1 to 100/)
  t.end()
})

t.test('an origin is a host name, as headers and tokens name it', (t) => {
  for (const ORIGIN of ['intake.example.org', 'localhost:8080', 'a']) {
    t.equal(readConfig({ ORIGIN }).origin, ORIGIN)
  }
  for (const ORIGIN of ['Intake.example.org', 'intake.example.org/', 'a b', 'a:b', 'a@b']) {
    t.throws(() => readConfig({ ORIGIN }), /ORIGIN must be a host name/, ORIGIN)
  }
  t.end()
})

t.test('beside a database of its own a deployment says its name', (t) => {
  t.throws(() => readConfig(database), /ORIGIN must be set/)
  t.throws(() => readConfig({ ...database, ORIGIN: '' }), /ORIGIN must be set/)
  t.throws(() => readConfig({ DATABASE_OWNER_URL: 'postgres://o@db/intake' }), /ORIGIN must be set/)
  t.equal(readConfig({}).origin, 'localhost', 'a trial needs none')
  t.end()
})

t.test('prepared statements are given up only on the word off', (t) => {
  t.throws(() => readConfig({ DATABASE_PREPARE: 'false' }), /DATABASE_PREPARE must be one of/)
  t.equal(readConfig({ DATABASE_PREPARE: 'off' }).databasePrepare, false)
  const DATABASE_DIRECT_URL = 'postgres://intake_service@db.internal/intake'
  t.equal(readConfig({ DATABASE_DIRECT_URL }).databaseDirectUrl, DATABASE_DIRECT_URL)
  t.equal(readConfig({ DATABASE_PREPARE: 'on' }).databasePrepare, true)
  t.end()
})

t.test('the token key is kept with the data unless another file is named', (t) => {
  t.equal(readConfig({ DATA_DIR: '/srv/intake' }).tokenKeyFile, '/srv/intake/token-key.pem')
  t.equal(readConfig({ TOKEN_KEY_FILE: '/run/key.pem' }).tokenKeyFile, '/run/key.pem')
  t.end()
})

t.test('the key of the access log is named where callers come from outside', (t) => {
  const own = { PUBLIC_URL: 'https://intake.example.org', TOKEN_SEAL_FILE: '/run/seal' }
  t.throws(() => readConfig(own), /AUDIT_KEY_FILE must be set beside PUBLIC_URL/)
  t.same(readConfig({ ...own, AUDIT_KEY_FILE: '/run/new.key, /run/old.key' }).audit, {
    keyFiles: ['/run/new.key', '/run/old.key'],
    ...{ ownKeyFile: './data/audit-key.json', checkpointFile: './data/audit-checkpoint' },
    ...{ erasuresFile: './data/erasures', backupDays: 35, witnessFile: undefined },
  })
  t.throws(() => readConfig({ BACKUP_DAYS: '0' }), /BACKUP_DAYS must be/)
  t.throws(() => readConfig({ AUDIT_KEY_FILE: 'a,b,c' }), /AUDIT_KEY_FILE must be up to 2/)
  const { checkpointFile } = readConfig({ CHECKPOINT_FILE: '/var/lib/log/checkpoint' }).audit
  t.equal(checkpointFile, '/var/lib/log/checkpoint')
  t.end()
})

t.test('the matching key is embedded with the data, or apart, never both', async (t) => {
  const { matching } = readConfig({ DATA_DIR: '/srv/intake' })
  t.same(matching, {
    ...{ holders: [], tls: undefined, keyFiles: [], passphrase: undefined },
    ownKeyFile: '/srv/intake/matching-key.json',
    isTrial: true,
    totalFile: '/srv/intake/matching-total.json',
    ...{ elementsPerDay: 2_000, elementsPerClient: 400, elementsPerInternalClient: 1_500 },
  })
  const own = readConfig({ ...database, ORIGIN: 'intake.example.org' })
  t.equal(own.matching.isTrial, false)
  const tls = {
    MATCHING_TLS_KEY_FILE: '/run/key.pem',
    MATCHING_TLS_CERT_FILE: '/run/cert.pem',
    MATCHING_TLS_CA_FILE: '/run/ca.pem',
  }
  const MATCHING_HOLDERS = 'https://a.internal:8443, https://[::1]:8443'
  t.match(readConfig({ MATCHING_HOLDERS, ...tls }).matching, {
    holders: ['https://a.internal:8443', 'https://[::1]:8443'],
    tls: { key: '/run/key.pem', cert: '/run/cert.pem', ca: '/run/ca.pem' },
  })
  t.same(readConfig({ MATCHING_KEY_FILES: 'a.json,b.json' }).matching.keyFiles, [
    'a.json',
    'b.json',
  ])

  const both = messageOf(() => readConfig({ MATCHING_HOLDERS, MATCHING_KEY_FILES: 'a.json' }))
  for (const name of ['MATCHING_KEY_FILES must not', ...Object.keys(tls)]) t.match(both, name)
  for (const holder of [
    ...[
      'http://a.internal:8443',
      'a.internal:8443',
      'https://a/path',
      'https://user@a',
      'https://',
    ],
    ...['https://a?b', Array(5).fill('https://a').join(',')],
  ]) {
    t.throws(() => readConfig({ MATCHING_HOLDERS: holder, ...tls }), /MATCHING_HOLDERS must be/)
  }
  t.throws(() => readConfig({ MATCHING_ELEMENTS_PER_DAY: '0' }), /MATCHING_ELEMENTS_PER_DAY/)
  t.throws(() => readConfig({ MATCHING_ELEMENTS_PER_CLIENT: 'all' }), /ELEMENTS_PER_CLIENT/)
  t.equal(readConfig({ MATCHING_ELEMENTS_PER_CLIENT: '0' }).matching.elementsPerClient, 0)
  t.equal(readConfig({}).openingsPerHour, 300)
  const holder = messageOf(() =>
    readHolderConfig({ MATCHING_ELEMENTS_PER_DAY: '-1', LOG_LEVEL: 'loud' }),
  )
  for (const name of ['MATCHING_ELEMENTS_PER_DAY', 'LOG_LEVEL']) t.match(holder, name)
  t.same(readHolderConfig({}), { logLevel: 'info', elementsPerDay: 2_000 })
})

t.test('callers reach the service, and its forms, by https alone but for the loopback', (t) => {
  for (const PUBLIC_URL of [
    'http://127.evil.example',
    'http://a.b',
    'https://u@a.b',
    'https://a.b/c',
  ]) {
    t.throws(() => readConfig({ PUBLIC_URL }), /PUBLIC_URL must be https/, PUBLIC_URL)
    t.throws(() => readConfig({ FORM_ORIGINS: PUBLIC_URL }), /FORM_ORIGINS/, PUBLIC_URL)
  }
  const files = { TOKEN_SEAL_FILE: '/run/seal', AUDIT_KEY_FILE: '/run/log.key' }
  const reached = { PUBLIC_URL: 'http://127.0.0.1:8080', ...files }
  t.equal(readConfig(reached).access.publicUrl, 'http://127.0.0.1:8080')
  const [own, form] = [
    'https://Intake.Example.org:443/',
    'https://Refer.Example.org, https://b.c:1',
  ]
  const written = readConfig({ ...reached, PUBLIC_URL: own, FORM_ORIGINS: form })
  t.equal(written.access.publicUrl, 'https://intake.example.org', 'as browsers write it')
  t.same(written.door.formOrigins, ['https://refer.example.org', 'https://b.c:1'])
  t.end()
})

t.test('how much waits to be opened has a ceiling, and where to ring is a number', (t) => {
  t.match(readConfig({}).door, { unopenedMax: 5_000, telephone: undefined })
  const set = { UNOPENED_MAX: '800', REFER_TELEPHONE: '+44 (0)20 7946-0000' }
  t.match(readConfig(set).door, { unopenedMax: 800, telephone: '+44 (0)20 7946-0000' })
  for (const UNOPENED_MAX of ['0', '100001', 'all']) {
    t.throws(() => readConfig({ UNOPENED_MAX }), /UNOPENED_MAX must be a whole/, UNOPENED_MAX)
  }
  for (const REFER_TELEPHONE of ['us', '12', '020 7946 0000 or call in']) {
    t.throws(() => readConfig({ REFER_TELEPHONE }), /REFER_TELEPHONE must be/, REFER_TELEPHONE)
  }
  t.end()
})

t.test('who is told by mail is whole, and no password stands in an address', (t) => {
  t.equal(readConfig({}).duty, undefined)
  const set = {
    ...{ SMTP_URL: 'smtp://in%40take@mail.example', SMTP_PASSWORD_FILE: '/run/password' },
    ...{ DUTY_MAIL: 'a@duty.example, b@duty.example', DUTY_MAIL_FROM: 'intake@intake.example' },
  }
  t.same(readConfig(set).duty, {
    smtp: {
      ...{ host: 'mail.example', port: 587, isTls: false, needsTls: true },
      ...{ user: 'in@take', passwordFile: '/run/password', caFile: undefined },
    },
    ...{ from: 'intake@intake.example', first: ['a@duty.example', 'b@duty.example'], later: [] },
  })
  const at = (SMTP_URL: string, rest = {}) =>
    readConfig({ ...set, SMTP_PASSWORD_FILE: '', SMTP_URL, ...rest }).duty?.smtp
  t.match(at('smtps://mail.example'), { port: 465, isTls: true, needsTls: true })
  t.match(at('smtp://[::1]:25'), { host: '::1', port: 25, needsTls: false })
  t.match(at('smtp://127.0.0.1:25'), { needsTls: false })
  t.match(
    at('smtp://127.0.0.1', { SMTP_CA_FILE: 'ca.pem' }),
    { needsTls: true },
    'it has an authority',
  )
  const faulty = (rest: object) => messageOf(() => readConfig({ ...set, ...rest }))
  for (const SMTP_URL of [
    'smtp://intake:sesame@mail.example',
    'http://mail.example',
    'mail.example',
    'smtp://in%ff@mail.example',
  ]) {
    t.match(faulty({ SMTP_URL }), /^- SMTP_URL must be/m, SMTP_URL)
    t.notMatch(faulty({ SMTP_URL }), /sesame/)
  }
  for (const name of ['SMTP_URL', 'DUTY_MAIL', 'DUTY_MAIL_FROM', 'SMTP_PASSWORD_FILE']) {
    t.match(faulty({ [name]: '' }), new RegExp(`^- ${name} must be set`, 'm'), name)
  }
  for (const name of ['DUTY_MAIL', 'DUTY_MAIL_LATER', 'DUTY_MAIL_FROM']) {
    t.match(faulty({ [name]: 'a@b, "x" <y@z>' }), new RegExp(`^- ${name} must be`, 'm'), name)
  }
  t.end()
})

t.test('counts are shown on a port of their own, or not at all', (t) => {
  t.equal(readConfig({}).metricsPort, undefined)
  t.equal(readConfig({ METRICS_PORT: '' }).metricsPort, undefined)
  t.equal(readConfig({ METRICS_PORT: '9464' }).metricsPort, 9464)
  t.throws(() => readConfig({ METRICS_PORT: '8080' }), /METRICS_PORT must be another port/)
  t.throws(() => readConfig({ METRICS_PORT: '127.0.0.1:9464' }), /METRICS_PORT must be a whole/)
  t.end()
})

t.test('a client takes what is empty for not set', (t) => {
  const empty = { INTAKE_TOKEN: '', INTAKE_PASSPHRASE: '', DATABASE_OWNER_URL: '', INTAKE_URL: '' }
  t.match(readClientConfig(empty), {
    ...{ token: undefined, passphrase: undefined, databaseOwnerUrl: undefined },
    url: 'http://127.0.0.1:8080',
  })
  t.end()
})
