/**
 * Goal: the service runs behind PgBouncer in transaction mode, and nothing of one caller is left on
 * a server connection for the next.
 * Method: Debian's PgBouncer with a pool of one, so that every transaction of every caller follows
 * another on the same connection to PostgreSQL; the service as a process of its own, with
 * DATABASE_PREPARE=off.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import t from 'tap'
import { holdCeremony } from '../../examples/ceremony.ts'
import type { Caller } from '../../src/caller.ts'
import { createReader } from '../../src/client/index.ts'
import { connect } from '../../src/database/connect.ts'
import { requireBalanced } from '../helpers/books.ts'
import { freePort } from '../helpers/port.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { listening } from '../helpers/process.ts'
import { callerOf, refer, sealed } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'

/** Whoever waits alone looks by itself no sooner. */
const pollMsMin = 500

const folder = await mkdtemp(join(tmpdir(), 'intake-pgbouncer-'))
const databases = await cloneDatabase()
t.teardown(async () => {
  await databases.drop()
  await rm(folder, { recursive: true, force: true })
})
const superuser = asSuperuser(t, databases)
const databaseName = new URL(databases.url).pathname.slice(1)
const bouncerUrl = await startBouncer(databases.url)

const tokenKeyFile = join(folder, 'token-key.pem')
const { ownerUrl } = databases
const world = await holdCeremony({ ownerUrl, origin: 'intake.test', tokenKeyFile })
const variables = {
  PORT: '0',
  DATABASE_URL: bouncerUrl,
  DATABASE_PREPARE: 'off',
  DATABASE_CONNECTIONS: '8',
  TOKEN_KEY_FILE: tokenKeyFile,
  ORIGIN: world.origin,
}
const hearing = await listening(t, { ...variables, DATABASE_DIRECT_URL: databases.url })
const { url } = hearing
const { lawFirm, ngo } = world.referring
const service = { world, url }
t.afterEach(() => requireBalanced(superuser))

/** PgBouncer as Debian has it, before the server of `url`; ended when the file ends. */
async function startBouncer(url: string): Promise<string> {
  const { username, password, hostname, port } = new URL(url)
  const listenPort = await freePort()
  const config = join(folder, 'pgbouncer.ini')
  const userList = join(folder, 'userlist.txt')
  const secret = { mode: 0o600 }
  await writeFile(userList, `"${username}" "${password}"\n`, secret)
  await writeFile(
    config,
    `[databases]
intake = host=${hostname} port=${port} dbname=${databaseName}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${userList}
pool_mode = transaction
default_pool_size = 1
`,
    secret,
  )
  // It will not run as root, so root becomes somebody else in a namespace of its own.
  const somebody = ['unshare', '--user', '--map-user=1000', '--map-group=1000']
  const [command = '', ...words] = [
    ...(process.getuid?.() === 0 ? somebody : []),
    ...['pgbouncer', config],
  ]
  const bouncer = spawn(command, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(bouncer, 'close')
  t.teardown(async () => {
    bouncer.kill('SIGKILL')
    await ended
  })
  let said = ''
  for await (const chunk of bouncer.stderr.iterator({ destroyOnReturn: false })) {
    said += chunk
    if (said.includes('process up')) break
  }
  if (!said.includes('process up')) throw new Error(`PgBouncer did not start: ${said}`)
  bouncer.stderr.resume()
  return `postgres://${username}:${password}@127.0.0.1:${listenPort}/intake`
}

t.test('a referral goes the whole way through one server connection', async (t) => {
  const { referralId, envelope, acknowledgement } = await refer(service)
  const asLawFirm = await callerOf(world, url, lawFirm.clientId)
  const again = await asLawFirm('PUT', `/v1/referrals/${referralId}`, envelope)
  t.same([again.status, again.body], [200, acknowledgement])

  const token = await world.token(world.clients.casework)
  const casework = createReader({
    ...{ url, trust: world.trust, token: () => token },
    recipient: world.recipients.casework,
  })
  const [claim] = await casework.claim({ max: 1, leaseSeconds: 60 })
  t.match(await casework.open(claim!.referrals[0]!), { opened: true, referralId })
  await casework.renew(claim!, 90)
  const outcome = { outcome: 'accepted', referrals: [referralId] } as const
  t.match(await casework.complete(claim!, outcome), { outcome: 'accepted' })

  const asAuditor = await callerOf(world, url, world.clients.auditor)
  const { body } = await asAuditor('GET', '/v1/audit/entries?limit=200')
  const actions = new Set(body.entries.map(({ action }: { action: string }) => action))
  for (const action of ['referral.submitted', 'triage.claimed', 'triage.completed']) {
    t.ok(actions.has(action), action)
  }
})

t.test('two organisations at once get their own answers and no others', async (t) => {
  const [asLawFirm, asNgo] = await Promise.all(
    [lawFirm, ngo].map(({ clientId }) => callerOf(world, url, clientId)),
  )
  const firsts = await Promise.all([refer(service, lawFirm), refer(service, ngo)])
  const [ofLawFirm, ofNgo] = firsts
  const askAll = async () => {
    const { referralId } = ofLawFirm!
    const taken = sealed(world, { referralId, signer: ngo.signing })
    const amending = sealed(world, { supersedes: referralId, signer: ngo.signing })
    return Promise.all([
      asLawFirm!('PUT', `/v1/referrals/${referralId}`, ofLawFirm!.envelope),
      asNgo!('PUT', `/v1/referrals/${referralId}`, taken),
      asNgo!('PUT', `/v1/referrals/${ofNgo!.referralId}`, ofNgo!.envelope),
      asNgo!('PUT', `/v1/referrals/${amending.header.referralId}`, amending),
    ])
  }
  // Five of each at once: all wait for the one connection, and none as long as a request may.
  const answers: { status: number; body: Record<string, unknown> }[][] = []
  for (let round = 0; round < 4; round += 1) {
    answers.push(...(await Promise.all(Array.from({ length: 5 }, askAll))))
  }
  for (const [own, others, ownAgain, amending] of answers) {
    t.same(own!.body, ofLawFirm!.acknowledgement)
    t.match(others, { status: 409, body: { code: 'referral-id-taken' } })
    t.same(ownAgain!.body, ofNgo!.acknowledgement)
    t.match(amending, { status: 404, body: { code: 'not-found' } })
  }
})

t.test('past it a replica hears the others, and one that cannot says why', async (t) => {
  const deaf = await listening(t, variables)
  const there = await callerOf(world, url, world.clients.casework)
  const recipient = world.recipients.casework.receiving.kid
  const asked = { recipient, max: 50, leaseSeconds: 3600 }
  const waits: number[] = []
  while (waits.length < 5) {
    await there('POST', '/v1/triage/claims', asked)
    const begun = performance.now()
    const waiting = there('POST', '/v1/triage/claims', { ...asked, waitSeconds: 30 })
    // It waits by then.
    for (let n = 0; n < 3; n += 1) await there('GET', '/v1/triage/summary')
    await refer({ world, url: deaf.url })
    const { status, body } = await waiting
    t.match([status, body.claims.length], [200, 1])
    waits.push(performance.now() - begun)
  }
  t.ok(Math.min(...waits) < pollMsMin, `woken, and did not look: ${waits}`)
  const said = /the other replicas are not heard/
  while (!said.test(deaf.output())) await once(deaf.child.stdout!, 'data')
  t.match(deaf.output(), /set DATABASE_DIRECT_URL to PostgreSQL itself/)
  t.notMatch(hearing.output(), said)
})

t.test('role and organisation end with their transaction', async (t) => {
  await Promise.all([refer(service, lawFirm), refer(service, ngo)])
  const database = connect({ url: bouncerUrl, connectionsMax: 6, prepare: false })
  const bare = postgres(bouncerUrl, { max: 1, prepare: false, onnotice: () => {} })
  t.teardown(() => Promise.all([database.close(), bare.end()]))

  const known = {
    ...{ clientId: lawFirm.clientId, scopes: new Set<never>(), kids: new Set<string>() },
    labels: { client: 'A client', organisation: 'An organisation' },
  }
  const partner = ({ organisationId }: { organisationId: string }): Caller => ({
    ...{ kind: 'partner', request: 'test', organisationId },
    ...known,
  })
  const callers: readonly [Caller, role: string, organisation: string, sees: string[]][] = [
    [partner(lawFirm), 'intake_partner', lawFirm.organisationId, [lawFirm.organisationId]],
    [partner(ngo), 'intake_partner', ngo.organisationId, [ngo.organisationId]],
    [{ kind: 'anonymous', request: 'test' }, 'intake_partner', '', []],
    [
      { kind: 'system', request: 'test' },
      ...(['intake_internal', ''] as const),
      [lawFirm.organisationId, ngo.organisationId].sort(),
    ],
  ]
  const pids = new Set<number>()
  const rollBack = new Error('one in three is rolled back')
  const look = async (
    [caller, role, organisation, sees]: (typeof callers)[number],
    turn: number,
  ) => {
    const looking = database.inTransaction(caller, async (tx) => {
      const [row] = await tx.sql<{ seen: string[]; pid: number; role: string; said: string }[]>`
        select current_user as role, current_setting('app.organisation') as said,
               pg_backend_pid() as pid,
               array(select distinct organisation_id::text from referral order by 1) as seen`
      t.same([row!.role, row!.said, row!.seen], [role, organisation, sees])
      pids.add(row!.pid)
      if (turn % 3 === 0) throw rollBack
    })
    if (turn % 3 === 0) await t.rejects(looking, rollBack)
    else await looking
    const [after] = await bare`
      select current_user as role, current_setting('role') as set, pg_backend_pid() as pid,
             coalesce(current_setting('app.organisation', true), '') as said,
             current_setting('statement_timeout') as timeout`
    t.match(after, { role: 'intake_service', set: 'none', said: '', timeout: '10s' })
    pids.add(after!.pid)
  }
  await Promise.all(Array.from({ length: 60 }, (_, turn) => look(callers[turn % 4]!, turn)))
  t.equal(pids.size, 1, 'all of it over one connection to PostgreSQL')
  const reading = bare`select from public.referral`
  await t.rejects(reading, { code: '42501' }, 'which by itself may read nothing')
})
