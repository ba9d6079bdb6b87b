/**
 * Goal: a service that dies loses nothing that it acknowledged, and one that is asked to end
 * answers first what it has begun.
 * Method: the service as a process of its own, on a database of its own, under real signals.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { holdCeremony } from '../../examples/ceremony.ts'
import { requireBalanced } from '../helpers/books.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { listening, start } from '../helpers/process.ts'
import { callerOf, sealed } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'

/** A database with keys published, and the variables of a service on it. */
async function deployment(t: Test) {
  const databases = await cloneDatabase()
  const folder = await mkdtemp(join(tmpdir(), 'intake-process-'))
  t.teardown(async () => {
    await databases.drop()
    await rm(folder, { recursive: true, force: true })
  })
  const tokenKeyFile = join(folder, 'token-key.pem')
  const { ownerUrl } = databases
  const world = await holdCeremony({ ownerUrl, origin: 'intake.test', tokenKeyFile })
  const variables = {
    ...{ HOST: '127.0.0.1', PORT: '0', ORIGIN: 'intake.test', LOG_LEVEL: 'error' },
    ...{ DATABASE_URL: databases.url, TOKEN_KEY_FILE: tokenKeyFile, DATA_DIR: folder },
  }
  return { world, variables, sql: asSuperuser(t, databases), folder }
}

for (let n = 0; n < 6; n++) t.test('a service that is killed under load loses nothing that it acknowledged', async (t) => {
  const { world, variables, sql } = await deployment(t)
  const { clientId } = world.referring.lawFirm
  const T0=Date.now(); const mark=(w: string)=>t.comment(w, Date.now()-T0)
  const first = await listening(t, variables); mark('first up')
  const call = await callerOf(world, first.url, clientId)
  const envelopes = Array.from({ length: 120 }, () => sealed(world))
  mark('sealed'); const acknowledged = new Map<string, object>()
  const waiting = [...envelopes]
  const client = async () => {
    for (let envelope = waiting.pop(); envelope; envelope = waiting.pop()) {
      const id = envelope.header.referralId
      const { status, body } = await call('PUT', `/v1/referrals/${id}`, envelope)
      if (status !== 201) throw new Error(`answered ${status}`)
      acknowledged.set(id, body)
      if (acknowledged.size === 40) first.child.kill('SIGKILL')
    }
  }
  const clients = await Promise.allSettled(Array.from({ length: 8 }, client))
  mark('killed'); t.equal(await first.ended, 'SIGKILL')
  t.ok(
    clients.every(({ status }) => status === 'rejected'),
    'it died under load',
  )
  t.ok(acknowledged.size >= 40 && acknowledged.size < 120)
  // A backend that was left alone undoes what it had not committed.
  for (let busy = 1; busy > 0; ) {
    const [row] = await sql`
      select count(*)::int as busy from pg_stat_activity
      where datname = current_database() and usename = 'intake_service'`
    busy = row?.busy
  }
  t.comment('recovered', Date.now())
  await requireBalanced(sql)

  const second = await listening(t, variables)
  t.comment('second', Date.now())
  const again = await callerOf(world, second.url, clientId)
  for (const envelope of envelopes) {
    const id = envelope.header.referralId
    const T1=Date.now(); const { status, body } = await again('PUT', `/v1/referrals/${id}`, envelope); if (Date.now()-T1>300) t.comment('slow', status, Date.now()-T1)
    const before = acknowledged.get(id)
    t.equal(before ? status === 200 : status === 200 || status === 201, true)
    if (before) t.strictSame(body, before)
  }
  await requireBalanced(sql)
  t.teardown(() => t.comment(second.output()))
  mark('reput'); const worker = await callerOf(world, second.url, world.clients.casework)
  const recipient = world.recipients.casework.receiving.kid
  const claimed = new Set<string>()
  for (let found = 1; found > 0; ) {
    const claim = { recipient, max: 50, leaseSeconds: 600 }
    const { body } = await worker('POST', '/v1/triage/claims', claim)
    for (const { referrals } of body.claims) claimed.add(referrals[0].referralId)
    found = body.claims.length
  }
  t.equal(claimed.size, envelopes.length, 'and all of them are claimable, once')
  mark('claimed'); await requireBalanced(sql); mark('done')
})

