/**
 * Goal: whatever fails in the database while a referral is being submitted, either all of it is
 * stored or nothing, the referrer is not told otherwise, and the same PUT afterwards succeeds.
 * Method: a table of named faults, each put in with the superuser's hand and taken out again.
 */
import { type AddressInfo, createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { readPublicKey } from '../../src/access/token.ts'
import { createReferrer } from '../../src/client/index.ts'
import { connect } from '../../src/database/connect.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/log.ts'
import { between } from '../client/between.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { callerOf, refer, sealed } from '../helpers/referral.ts'
import { asSuperuser, census } from '../helpers/superuser.ts'
import { sealKey } from '../helpers/token.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const asLawFirm = await callerOf(world, url, world.referring.lawFirm.clientId)
const asCasework = await callerOf(world, url, world.clients.casework)
const asAuditor = await callerOf(world, url, world.clients.auditor)
t.afterEach(() => requireBalanced(sql))

type Answer = { status: number; body: Record<string, unknown> }
type Fault = {
  name: string
  break: () => Promise<unknown>
  /** While the request is on its way. */
  during?: () => Promise<unknown>
  mend: () => Promise<unknown>
  expect: { status: number; code?: string; failures: number }
}

const failing = (table: string, condition = 'true', code = '') => ({
  break: () =>
    sql.unsafe(`
      create function fault() returns trigger language plpgsql as $$ begin
        if ${condition} then raise exception 'Zuleika is in % ', new ${code}; end if; return new;
      end $$;
      create trigger fault before insert on ${table} for each row execute function fault()`),
  mend: () => sql.unsafe(`drop trigger fault on ${table}; drop function fault`),
})

const tables = ['referral', 'compartment', 'wrap', 'referral_case', 'triage_item']

/**
 * Waits, by asking, until a submission is held up by a lock. The background may be held up beside it:
 * only who submits writes, or asks to write, to `referral`.
 */
async function blockedBackend(): Promise<number> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const [row] = await sql`
      select a.pid from pg_stat_activity a join pg_locks l using (pid)
      where a.datname = current_database() and a.usename = 'intake_service'
        and a.wait_event_type = 'Lock'
        and l.relation = 'referral'::regclass and l.mode = 'RowExclusiveLock'`
    if (row) return row.pid
  }
  throw new Error('no backend was held up')
}

/** Holds up whatever writes to a table until it is let go. */
function hold(table: string) {
  let letGo = () => {}
  let ended: Promise<unknown> = Promise.resolve()
  return {
    break: () =>
      new Promise<void>((held, failed) => {
        const gate = new Promise<void>((open) => {
          letGo = open
        })
        ended = sql
          .begin(async (tx) => {
            await tx.unsafe(`lock table ${table} in share mode`)
            held()
            await gate
          })
          .catch(failed)
      }),
    mend: async () => {
      letGo()
      await ended
    },
  }
}

const terminated = (table: string): Fault => {
  const gate = hold(table)
  return {
    name: `the connection is cut at the insert into ${table}`,
    ...gate,
    during: async () => {
      await sql`select pg_terminate_backend(${await blockedBackend()})`
      // What the refusal itself writes must not be held up.
      await gate.mend()
    },
    expect: { status: 503, code: 'not-ready', failures: 1 },
  }
}

/** What a server says that refuses for now, by SQLSTATE (PostgreSQL, appendix A). */
const refusals = {
  'the disk is full': '53100',
  'memory is out': '53200',
  'a limit of the configuration is reached': '53400',
  'the server takes no writes': '25006',
  'a deadlock is broken': '40P01',
  'two transactions cannot both be done': '40001',
}

const faults: Fault[] = [
  ...tables.map((table) => ({
    name: `an insert into ${table} fails`,
    ...failing(table),
    expect: { status: 500, failures: 1 },
  })),
  {
    name: 'every opening of an entry fails',
    ...failing('audit_opening'),
    expect: { status: 503, failures: 0 },
  },
  {
    name: 'the entry of the act fails',
    ...failing('audit_entry', `new.outcome = 'permitted'`),
    expect: { status: 500, failures: 1 },
  },
  {
    name: 'every entry fails',
    ...failing('audit_entry'),
    expect: { status: 503, failures: 0 },
  },
  ...['referral', 'wrap', 'triage_item', 'audit_entry'].map(terminated),
  {
    name: 'the insert is held up for longer than a statement may take',
    ...slow(),
    expect: { status: 503, code: 'not-ready', failures: 1 },
  },
  {
    name: 'the lock is held for longer than one waits',
    ...hold('triage_item'),
    expect: { status: 503, code: 'not-ready', failures: 1 },
  },
  ...Object.entries(refusals).map(([name, code]) => ({
    name,
    ...failing('wrap', 'true', `using errcode = '${code}'`),
    expect: { status: 503, code: 'not-ready', failures: 1 },
  })),
]

/** The limit is the role's own, made short, so that nobody waits for it. */
function slow() {
  return {
    break: async () => {
      await sql`create function fault() returns trigger language plpgsql as
        $$ begin perform set_config('statement_timeout', '50', true); return new; end $$`
      await sql`create trigger fault before insert on referral for each row execute function fault()`
      await sql`create function delay() returns trigger language plpgsql as
        $$ begin perform pg_sleep(5); return new; end $$`
      await sql`create trigger delay before insert on compartment for each row execute function delay()`
    },
    mend: async () => {
      await sql`drop trigger fault on referral`
      await sql`drop trigger delay on compartment`
      await sql`drop function fault, delay`
    },
  }
}

const failures = async () =>
  (
    await sql`
      select count(*)::int as count from audit_entry
      where outcome <> 'permitted' and action = 'referral.submitted'`
  )[0]!.count as number

for (const { name, during, mend, expect, ...fault } of faults) {
  t.test(`when ${name} nothing is stored, and the same PUT succeeds later`, async (t) => {
    const envelope = sealed(world)
    const path = `/v1/referrals/${envelope.header.referralId}`
    const before = await census(sql)
    const failed = await failures()
    await fault.break()
    let answer: Answer
    try {
      const sent = asLawFirm('PUT', path, envelope)
      await during?.()
      answer = await sent
    } finally {
      await mend()
    }
    t.equal(answer.status, expect.status)
    if (expect.code) t.match(answer.body, { code: expect.code, stored: false, retry: 'later' })
    else t.same(Object.keys(answer.body), ['type', 'title', 'status'])
    t.equal(await failures(), failed + expect.failures)
    t.same(await census(sql), {
      ...before,
      audit_entry: before.audit_entry! + expect.failures,
      audit_opening: before.audit_opening! + expect.failures,
    })
    t.notOk(built.log().includes('Zuleika'))
    t.equal((await asLawFirm('PUT', path, envelope)).status, 201)
  })
}

t.test('a commit whose answer was lost is acknowledged by the same PUT', async (t) => {
  const gate = hold('audit_opening')
  const envelope = sealed(world)
  const path = `/v1/referrals/${envelope.header.referralId}`
  const token = await world.token(world.referring.lawFirm.clientId)
  await gate.break()
  const hangUp = new AbortController()
  const sent = fetch(url + path, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(envelope),
    signal: hangUp.signal,
  })
  await blockedBackend()
  hangUp.abort()
  await t.rejects(sent, { name: 'AbortError' })
  await gate.mend()
  const again = await asLawFirm('PUT', path, envelope)
  t.equal(again.status, 200)
  const [row] = await sql`select entry_id from referral where id = ${envelope.header.referralId}`
  t.equal(again.body.entryId, row?.entry_id)
})

t.test(
  'a commit that the database may have made is told neither as done nor as undone',
  async (t) => {
    const cutter = await cutAfterCommit(built.databases.url)
    const database = connect({ url: cutter.url, connectionsMax: 1, prepare: true })
    const app = await createApp({
      ...{ database, origin: world.origin, logger: createLogger('silent') },
      sealKey,
      tokenPublicKey: await readPublicKey(join(built.folder, 'token-key.pem')),
    })
    const address = await app.listen({ host: '127.0.0.1', port: 0 })
    t.teardown(async () => {
      await app.close()
      await database.close()
      cutter.close()
    })
    const call = await callerOf(world, address, world.referring.lawFirm.clientId)
    const envelope = sealed(world)
    const path = `/v1/referrals/${envelope.header.referralId}`
    t.equal((await call('PUT', path, {})).status, 422, 'the client is known now')
    cutter.arm()
    const first = await call('PUT', path, envelope)
    t.equal(first.status, 503)
    t.match(first.body, { code: 'outcome-unknown', retry: 'later' })
    t.notOk('stored' in first.body)
    const [row] = await sql`select entry_id from referral where id = ${envelope.header.referralId}`
    t.ok(row, 'it was stored')
    const second = await call('PUT', path, envelope)
    t.equal(second.status, 200)
    t.equal(second.body.entryId, row?.entry_id)

    const statuses: number[] = []
    const line = await between(t, address, (answer) => {
      statuses.push(answer.status)
      return answer
    })
    const { clientId, signing: signer } = world.referring.lawFirm
    const token = () => world.token(clientId)
    const referrer = createReferrer({ url: line.url, trust: world.trust, signer, token })
    const other = sealed(world)
    const { referralId } = other.header
    cutter.arm()
    const { entryId } = await referrer.submit(other)
    t.same(statuses, [503, 200], 'the SDK asks again by itself')
    const submitted = await sql`
      select e.id, o.details ->> 'repeated' as repeated
      from audit_entry e join audit_opening o on o.entry_id = e.id
      where e.object_id = ${referralId} and e.action = 'referral.submitted'
        and e.outcome = 'permitted'
      order by e.at, e.id`
    t.match(submitted, [{ id: entryId, repeated: null }, { repeated: 'true' }])
    t.equal(submitted.length, 2, 'it is stored and acknowledged once')
  },
)

/** A way to the database that, armed, is cut at the moment the next commit is answered. */
async function cutAfterCommit(url: string) {
  const to = new URL(url)
  let armed = false
  const server = createServer((near) => {
    const far = createConnection(Number(to.port), to.hostname)
    const cut = () => {
      near.destroy()
      far.destroy()
    }
    near.on('error', cut).on('close', cut).pipe(far)
    far.on('error', cut).on('close', cut)
    far.on('data', (bytes) => {
      // CommandComplete (PostgreSQL, section 54.7) of a commit that is done.
      const isTheMoment = armed && bytes.includes('COMMIT\0')
      if (isTheMoment) {
        armed = false
        cut()
      } else near.write(bytes)
    })
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as AddressInfo
  return {
    url: Object.assign(new URL(url), { port: String(port) }).href,
    arm: () => {
      armed = true
    },
    close: () => server.close(),
  }
}

t.test('two replicas’ worth of connections that are all cut come back by themselves', async (t) => {
  await refer(built)
  const cut = await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and usename = 'intake_service'`
  t.ok(cut.length > 0)
  const answers = await Promise.all(
    Array.from({ length: 12 }, async () => {
      const envelope = sealed(world)
      const path = `/v1/referrals/${envelope.header.referralId}`
      const first = await asLawFirm('PUT', path, envelope)
      const second = await asLawFirm('PUT', path, envelope)
      return [first.status, second.status]
    }),
  )
  for (const [first, second] of answers) {
    t.ok(first === 201 ? second === 200 : second === 201, `${first}, then ${second}`)
  }
  t.equal((await asAuditor('GET', '/v1/audit/entries?limit=1')).status, 200)
  const recipient = world.recipients.casework.receiving.kid
  const { body } = await asCasework('POST', '/v1/triage/claims', {
    ...{ recipient, max: 50, leaseSeconds: 60 },
  })
  t.ok(body.claims.length >= 12)
})
