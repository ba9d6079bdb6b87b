/**
 * Goal: a service that dies loses nothing that it acknowledged, and one that is asked to end
 * answers first what it has begun.
 * Method: the service as a process of its own, on a database of its own, under real signals.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import type { Envelope } from '../../src/protocol/envelope/envelope.ts'
import { requireBalanced } from '../helpers/books.ts'
import { deployment, listening, start } from '../helpers/process.ts'
import { callerOf, sealed } from '../helpers/referral.ts'
import { holdTable, untilLeft } from '../helpers/superuser.ts'

t.test('a service that is killed under load loses nothing that it acknowledged', async (t) => {
  const { world, variables, sql } = await deployment(t)
  const { clientId } = world.referring.lawFirm
  const first = await listening(t, variables)
  const call = await callerOf(world, first.url, clientId)
  const envelopes = Array.from({ length: 40 }, () => sealed(world))
  const acknowledged = new Map<string, object>()
  const waiting = [...envelopes]
  const client = async () => {
    for (let envelope = waiting.pop(); envelope; envelope = waiting.pop()) {
      const id = envelope.header.referralId
      const { status, body } = await call('PUT', `/v1/referrals/${id}`, envelope)
      if (status !== 201) throw new Error(`answered ${status}`)
      acknowledged.set(id, body)
      if (acknowledged.size === 12) first.child.kill('SIGKILL')
    }
  }
  const clients = await Promise.allSettled(Array.from({ length: 8 }, client))
  t.equal(await first.ended, 'SIGKILL')
  t.ok(
    clients.every(({ status }) => status === 'rejected'),
    'it died under load',
  )
  t.ok(acknowledged.size >= 12 && acknowledged.size < 40)
  await untilLeft(sql)
  await requireBalanced(sql)

  const second = await listening(t, { ...variables, OPENINGS_PER_HOUR: '1' })
  const again = await callerOf(world, second.url, clientId)
  const repeat = async (envelope: Envelope) => {
    const id = envelope.header.referralId
    const { status, body } = await again('PUT', `/v1/referrals/${id}`, envelope)
    const before = acknowledged.get(id)
    t.equal(before ? status === 200 : status === 200 || status === 201, true)
    if (before) t.strictSame(body, before)
  }
  await Promise.all(envelopes.map(repeat))
  await requireBalanced(sql)
  const worker = await callerOf(world, second.url, world.clients.casework)
  const recipient = world.recipients.casework.receiving.kid
  const claimed = new Set<string>()
  for (let found = 1; found > 0; ) {
    const claim = { recipient, max: 50, leaseSeconds: 600 }
    const { body } = await worker('POST', '/v1/triage/claims', claim)
    for (const { referrals } of body.claims) claimed.add(referrals[0].referralId)
    found = body.claims.length
  }
  t.equal(claimed.size, envelopes.length, 'and all of them are claimable, once')
  const [one] = claimed
  const open = () => worker('GET', `/v1/referrals/${one}?recipient=${recipient}`)
  t.same([(await open()).status, (await open()).status], [200, 429], 'one is opened beside, as set')
  await requireBalanced(sql)
})

/** Of what a service that ends waits for, the shortest is the database's connections: src/database/pool.ts. */
const limitMsMin = 5_000

const commands = [
  ['the service', undefined],
  ['npm start', ['npm', 'start']],
] as const

for (const [name, command] of commands) {
  t.test(`on SIGTERM ${name} answers what it has begun, takes no more, and exits 0`, async (t) => {
    const { world, variables, sql } = await deployment(t)
    const service = await listening(t, variables, command)
    const call = await callerOf(world, service.url, world.referring.lawFirm.clientId)
    const envelope = sealed(world)
    const path = `/v1/referrals/${envelope.header.referralId}`
    for (let count = 0; count < 3; count += 1) await fetch(`${service.url}/v1/audit/entries`)
    const hold = await holdTable(sql, 'referral')
    const sent = call('PUT', path, envelope)
    await hold.blocked()
    service.child.kill('SIGTERM')
    for (let open = true; open; ) {
      open = await fetch(`${service.url}/livez`, { headers: { connection: 'close' } }).then(
        ({ ok }) => ok,
        () => false,
      )
    }
    await hold.letGo()
    const answered = Date.now()
    t.equal((await sent).status, 201)
    t.equal(await service.ended, 0)
    t.ok(Date.now() - answered < limitMsMin, 'it waits for no time limit')
    const rows = await sql`select id from referral`
    t.same(
      rows.map(({ id }) => id),
      [envelope.header.referralId],
    )
    const sums = await sql`
      select o.details ->> 'count' as count from audit_entry e join audit_opening o on o.entry_id = e.id
      where e.action = 'audit.searched' and e.outcome = 'refused'`
    t.equal(
      sums.reduce((sum, { count }) => sum + Number(count), 0),
      3,
      'and writes down the refusals that it had only counted',
    )
    await requireBalanced(sql)
  })
}

t.test('a service that cannot be what it is told to be does not start', async (t) => {
  const { variables, folder } = await deployment(t)
  const { DATABASE_URL: _, ...trial } = variables
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const taken = String((other.address() as AddressInfo).port)
  const rows: [string, Record<string, string>, RegExp][] = [
    ['the trial database for a whole network', { ...trial, HOST: '0.0.0.0' }, /HOST is 0\.0\.0\.0/],
    ['no port', { ...variables, PORT: '70000' }, /PORT must be/],
    [
      'no key',
      { ...variables, TOKEN_KEY_FILE: join(folder, 'none') },
      /^- TOKEN_KEY_FILE is .*no such/m,
    ],
    ['a taken port', { ...variables, PORT: taken }, new RegExp(`^PORT: ${taken} is taken`)],
    ['no URI', { ...variables, DATABASE_URL: 'intake' }, /^- DATABASE_URL must be postgres:/m],
    [
      'no such login',
      { ...variables, DATABASE_URL: variables.DATABASE_URL.replace('intake_service', 'nobody') },
      /^DATABASE_URL: 127\.0\.0\.1:\d+ refuses the login nobody.*\n$/,
    ],
    [
      'several faults, of files too',
      {
        ...{ ...variables, PORT: 'x', TOKEN_KEY_FILE: folder, MATCHING_HOLDERS: 'https://a' },
        ...{
          MATCHING_TLS_KEY_FILE: join(folder, 'none'),
          MATCHING_TLS_CERT_FILE: variables.TOKEN_KEY_FILE,
        },
        MATCHING_TLS_CA_FILE: '',
      },
      /^configuration:\n- PORT .*\n- MATCHING_TLS_CA_FILE .*\n- TOKEN_KEY_FILE .*EISDIR.*\n- MATCHING_TLS_KEY_FILE .*no such file\n- MATCHING_TLS_CERT_FILE .*not a certificate in PEM\n$/,
    ],
  ]
  const services = rows.map(([name, given, said]) => ({ name, said, ...start(t, given) }))
  for (const { name, said, ended, output } of services) {
    t.equal(await ended, 1, name)
    t.match(output(), said, name)
    t.notMatch(output(), new URL(variables.DATABASE_URL).password, 'and prints no password')
  }
})
