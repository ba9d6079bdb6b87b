/**
 * Goal: a standby that is promoted serves the queue on. With synchronous replication nothing that was acknowledged is lost,
 * and who holds what stays so.
 * Method: PostgreSQL's own standby of a primary that is killed under load; one service on both, as docs/OPERATIONS.md says, is
 * asked before and after.
 */
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { holdCeremony } from '../../examples/ceremony.ts'
import { requireBalanced } from '../helpers/books.ts'
import { foreignPostgres } from '../helpers/foreign.ts'
import { freePort } from '../helpers/port.ts'
import { listening } from '../helpers/process.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const foreign = await foreignPostgres(t)
const { folder } = foreign

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await setTimeout(20)
}

const [first, second] = [await freePort(), await freePort()]
const primaryUrl = await foreign.cluster('primary', first)

const tokenKeyFile = join(folder, 'token-key.pem')
const serve = () =>
  listening(t, {
    ...{ HOST: '127.0.0.1', PORT: '0', ORIGIN: 'intake.example.org', LOG_LEVEL: 'error' },
    ...{ DATA_DIR: folder, TOKEN_KEY_FILE: tokenKeyFile },
    DATABASE_URL: `postgres://intake_service:SERVICE-PASSWORD@127.0.0.1:${first},127.0.0.1:${second}/intake`,
  })

t.test('what was acknowledged, and who holds what, outlives the primary', async (t) => {
  const ownerUrl = await foreign.deploy(primaryUrl)
  const world = await holdCeremony({ ownerUrl, origin: 'intake.example.org', tokenKeyFile })
  const standbyUrl = await foreign.standby('standby', second, primaryUrl)
  const before = asSuperuser(t, { superuserUrl: `${primaryUrl}/intake` })
  await before`alter system set synchronous_standby_names = '*'`
  await before`select pg_reload_conf()`
  await until(async () => {
    const [row] = await before`select sync_state from pg_stat_replication`
    return row?.sync_state === 'sync'
  })

  const service = await serve()
  const { url } = service
  const casework = await callerOf(world, url, world.clients.casework)
  const clinic = await callerOf(world, url, world.clients.clinic)
  const claim = async (call: typeof casework, who: 'casework' | 'clinic', max: number) => {
    const recipient = world.recipients[who].receiving.kid
    const body = { recipient, max, leaseSeconds: 600, compartments: [] }
    return (await call('POST', '/v1/triage/claims', body)).body.claims
  }
  const acknowledged: Awaited<ReturnType<typeof refer>>[] = []
  while (acknowledged.length < 6) acknowledged.push(await refer({ world, url }))
  await untilPaired(before)
  const [done, ...held] = await claim(casework, 'casework', 3)
  const ending = {
    ...{ fence: done.fence, outcome: 'accepted' },
    referrals: done.referrals.map(({ referralId }: { referralId: string }) => referralId),
  }
  const complete = () => casework('POST', `/v1/triage/claims/${done.claimId}/completion`, ending)
  const completed = await complete()
  t.equal(completed.status, 200)
  const theirs = await claim(clinic, 'clinic', 1)
  const mine = async () => (await casework('GET', '/v1/triage/claims')).body.items
  const heldBefore = await mine()
  t.equal(heldBefore.length, 2)
  const { next: place } = (await casework('GET', '/v1/triage/changes')).body

  // Referrals come all the while: until the primary dies, and again once the standby has taken over.
  let isOver = false
  const storm = async () => {
    while (!isOver) {
      const sent = await refer({ world, url }).catch(() => undefined)
      if (sent) acknowledged.push(sent)
      else await setTimeout(50)
    }
  }
  const storms = Promise.all([storm(), storm()])
  await until(async () => acknowledged.length >= 20)
  await before.end()
  await foreign.stop('primary')
  const { length: counted } = acknowledged
  await foreign.promote('standby')
  await until(async () => acknowledged.length >= counted + 5)
  isOver = true
  await storms
  t.equal((await fetch(`${url}/readyz`)).status, 200, 'without a restart')

  const firm = await callerOf(world, url, world.referring.lawFirm.clientId)
  for (const { referralId, envelope, acknowledgement } of acknowledged) {
    const again = await firm('PUT', `/v1/referrals/${referralId}`, envelope)
    t.equal(again.status, 200, 'it is there')
    t.same(again.body, acknowledgement)
  }
  t.same(await mine(), heldBefore, 'with the same fences, until the same time')
  t.same((await complete()).body, completed.body, 'and what was answered has its answer')
  const others = await claim(clinic, 'clinic', 50)
  const taken = [done, ...held, ...theirs].map(({ claimId }: { claimId: string }) => claimId)
  t.ok(others.length > 0)
  for (const { claimId } of others)
    t.notOk(taken.includes(claimId), 'nobody else gets what is held')
  for (const { claimId, fence } of held) {
    const renew = (call: typeof casework, changes: object) =>
      call('POST', `/v1/triage/claims/${claimId}/renewal`, { fence, leaseSeconds: 60, ...changes })
    t.match(await renew(casework, { fence: fence + 1 }), { body: { code: 'lease-lost' } })
    t.match(await renew(clinic, {}), { body: { code: 'lease-lost' } })
    t.equal((await renew(casework, {})).status, 200)
  }
  const outdated = await casework('GET', `/v1/triage/changes?since=${place}`)
  t.match(outdated, { status: 410, body: { code: 'cursor-outdated' } })

  const after = asSuperuser(t, { superuserUrl: `${standbyUrl}/intake` })
  await untilPaired(after)
  await requireBalanced(after)
  service.child.kill('SIGTERM')
  t.equal(await service.ended, 0)
  const anew = await serve()
  t.equal((await fetch(`${anew.url}/readyz`)).status, 200, 'also after a restart')
})
