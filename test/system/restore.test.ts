/**
 * Goal: what docs/OPERATIONS.md says of a first deployment, of a backup and of restoring it is so, on a
 * PostgreSQL of the oldest version that will do, and nothing that was acknowledged before it is lost.
 * Method: the document's own commands, typed into a shell as they stand but for the ports; the
 * service as a process of its own, first on one cluster, then on the other.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { holdCeremony } from '../../examples/ceremony.ts'
import { createReader } from '../../src/client/index.ts'
import { requireBalanced } from '../helpers/books.ts'
import { blocksOf, foreignPostgres } from '../helpers/foreign.ts'
import { freePort } from '../helpers/port.ts'
import { listening } from '../helpers/process.ts'
import { type Receiver, receive } from '../helpers/receiver.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'

const foreign = await foreignPostgres(t)
const { folder, typed } = foreign
const [portBefore, portAfter] = [await freePort(), await freePort()]
const urlBefore = await foreign.cluster('before', portBefore)
const urlAfter = await foreign.cluster('after', portAfter)

const document = (await readFile('docs/OPERATIONS.md', 'utf8'))
  .replaceAll('127.0.0.1:5432', `127.0.0.1:${portBefore}`)
  .replaceAll('127.0.0.1:5433', `127.0.0.1:${portAfter}`)
const [dump = ''] = blocksOf(document, '### A dump')
const [restore = '', check = ''] = blocksOf(document, '### Restoring it')

const tokenKeyFile = join(folder, 'token-key.pem')
const serviceUrlAt = (port: number) =>
  `postgres://intake_service:SERVICE-PASSWORD@127.0.0.1:${port}/intake`
const serve = (port: number) =>
  listening(t, {
    ...{ HOST: '127.0.0.1', PORT: '0', ORIGIN: 'intake.example.org', LOG_LEVEL: 'error' },
    ...{ DATA_DIR: folder, TOKEN_KEY_FILE: tokenKeyFile, WEBHOOK_ALLOWED_NETWORKS: '127.0.0.1' },
    DATABASE_URL: serviceUrlAt(port),
  })

type Asking = Awaited<ReturnType<typeof callerOf>>

/** Where whoever reads the changes goes on from. */
const placeNow = async (ask: Asking): Promise<string> =>
  (await ask('GET', '/v1/triage/changes')).body.next

/** What is said to whoever comes with a place from before. */
const codesAt = async (ask: Asking, places: readonly string[]) => {
  const answers = places.map((place) => ask('GET', `/v1/triage/changes?since=${place}`))
  return (await Promise.all(answers)).map(({ status, body }) => `${status} ${body.code}`)
}

async function untilTold({ received }: Receiver, type: string): Promise<void> {
  while (!received.some(({ told }) => told.type === type)) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

t.test('a dump, restored into another cluster, is served on, claimed and opened', async (t) => {
  const ownerUrl = await foreign.deploy(urlBefore)
  const world = await holdCeremony({ ownerUrl, origin: 'intake.example.org', tokenKeyFile })
  const readerAt = async (url: string) => {
    const token = await world.token(world.clients.casework)
    const recipient = world.recipients.casework
    return createReader({ url, trust: world.trust, token: () => token, recipient })
  }

  const before = await serve(portBefore)
  const firsts = [await refer({ world, url: before.url }), await refer({ world, url: before.url })]
  const superuser = asSuperuser(t, { superuserUrl: `${urlBefore}/intake` })
  await untilPaired(superuser)
  const hook = await receive(t)
  const asCasework = await callerOf(world, before.url, world.clients.casework)
  const address = { url: `http://127.0.0.1:${hook.port}/` }
  t.equal((await asCasework('POST', '/v1/webhooks/endpoints', address)).status, 201)
  const early = await placeNow(asCasework)
  const readerBefore = await readerAt(before.url)
  const [claim] = await readerBefore.claim({ max: 1, leaseSeconds: 600 })
  await untilTold(hook, 'item.claimed')
  const numbers = (await typed(dump)).trim()
  t.match(numbers, /^2\|2\|\d+\|1\|1$/)
  const lost = await refer({ world, url: before.url })
  const [forgotten] = await readerBefore.claim({ max: 1, leaseSeconds: 600 })
  await untilTold(hook, 'item.opened')
  const late = await placeNow(asCasework)
  before.child.kill('SIGTERM')
  t.equal(await before.ended, 0)

  const asOwner = await foreign.type(
    `pg_dump -Fc -d "${ownerUrl}" -f owner.dump; stat -c %s owner.dump`,
  )
  t.match(asOwner.err, /row-level security/, 'the owner’s dump is refused')
  t.ok(Number(asOwner.out) > 1000, 'and leaves a file all the same')

  const restored = await foreign.type(restore)
  const errors = restored.err.split('\n').filter((line) => /error/i.test(line))
  t.match(errors, [/role "postgres" already exists/])
  t.equal(errors.length, 1, restored.err)
  await typed(`export BACKUP_URL=\${BACKUP_URL/${portBefore}/${portAfter}}`)
  await typed(`export DATABASE_OWNER_URL=\${DATABASE_OWNER_URL/${portBefore}/${portAfter}}`)
  await typed(`export DATABASE_URL=${serviceUrlAt(portAfter)}`)
  const count = dump.slice(dump.indexOf('psql "$BACKUP_URL'))
  t.equal((await typed(count)).trim(), numbers, 'all that was counted is there')
  const checked = await typed(check)
  t.match(checked, /^ *migrated +yes$/m)
  t.match(checked, world.clients.casework)
  t.match(checked, /seen +2\s+wrong +0\s+missing +0$/m)

  hook.received.length = 0
  const after = await serve(portAfter)
  const ready = await fetch(`${after.url}/readyz`)
  t.equal(ready.status, 200)
  const reader = await readerAt(after.url)
  await reader.renew(claim!, 600)
  const stale = await reader.renew(forgotten!, 600).catch((error) => error.problem.code)
  t.equal(stale, 'lease-lost', 'a claim that the dump does not know')
  const asCaseworkAfter = await callerOf(world, after.url, world.clients.casework)
  const refused = '410 cursor-outdated'
  t.same(await codesAt(asCaseworkAfter, [early, late]), [refused, refused])
  const begun = await placeNow(asCaseworkAfter)
  await untilTold(hook, 'queue.gap')
  const [next] = await reader.claim({ max: 5, leaseSeconds: 60 })
  const left = firsts.find(({ referralId }) => referralId !== claim!.referrals[0]!.referralId)!
  const opened = await reader.open(next!.referrals[0]!)
  t.match(opened, { opened: true, referralId: left.referralId })
  t.match(JSON.stringify(opened), /Okonkwo/, 'what was sealed before is read')
  await reader.complete(next!, { outcome: 'accepted', referrals: [left.referralId] })
  await untilTold(hook, 'item.completed')
  // Whoever opens states the urgency as well, and nothing waits for that: it may be raised in between, or after.
  const told = hook.received.map(({ told }) => told.type).filter((type) => type !== 'item.raised')
  t.same(told, ['queue.gap', 'item.claimed', 'item.completed'])
  const { body } = await asCaseworkAfter('GET', `/v1/triage/changes?since=${begun}`)
  const types = body.changes.map(({ type }: { type: string }) => type)
  t.same(
    types.filter((type: string) => type !== 'raised'),
    ['claimed', 'completed'],
  )

  const asLawFirm = await callerOf(world, after.url, world.referring.lawFirm.clientId)
  const again = await asLawFirm('PUT', `/v1/referrals/${lost.referralId}`, lost.envelope)
  t.equal(again.status, 201, 'what came after the dump was lost, and is taken again')
  t.equal(again.body.reference, lost.acknowledgement.reference, 'under the reference it had')
  const restoredSuperuser = asSuperuser(t, { superuserUrl: `${urlAfter}/intake` })
  await untilPaired(restoredSuperuser)
  await requireBalanced(restoredSuperuser)

  // In the place of a database of the same cluster, which counts its transactions on.
  await typed(dump)
  await refer({ world, url: after.url })
  const ahead = await placeNow(asCaseworkAfter)
  after.child.kill('SIGTERM')
  t.equal(await after.ended, 0)
  await restoredSuperuser.end()
  await typed(`psql "$SUPERUSER_URL" -c 'drop database intake with (force)'`)
  await typed(`pg_restore --exit-on-error --create -d "$SUPERUSER_URL" intake.dump`)
  const { url: urlAgain } = await serve(portAfter)
  const asCaseworkAgain = await callerOf(world, urlAgain, world.clients.casework)
  t.same(await codesAt(asCaseworkAgain, [ahead]), [refused], 'what came then it would never miss')

  // One person is erased, and searched for in a dump of all that is left.
  const [gone, stays] = firsts
  t.equal((await asCaseworkAgain('POST', `/v1/referrals/${gone!.referralId}/erasure`)).status, 200)
  await typed(`pg_dump -d "\${BACKUP_URL/${portBefore}/${portAfter}}/intake" -f plain.sql`)
  const plain = await readFile(join(folder, 'plain.sql'), 'utf8')
  const needles = ({ envelope }: (typeof firsts)[number]) =>
    [
      ...Object.values(envelope.compartments),
      ...envelope.wraps.flatMap(({ encapsulated, sealedKeys }) => [encapsulated, sealedKeys]),
      envelope.signature.value,
    ].map((text) => Buffer.from(text, 'base64url').toString('hex').slice(0, 48))
  t.ok(
    needles(stays!).every((needle) => plain.includes(needle)),
    'the search finds what is there',
  )
  t.strictSame(
    needles(gone!).filter((needle) => plain.includes(needle)),
    [],
    'and nothing of whoever was erased',
  )
  t.ok(plain.includes(gone!.referralId), 'but the tombstone')
})
