/**
 * Goal: whoever sends forged challenges does not make a replica ask the database for secrets; and a database
 * that did not answer once is asked again.
 * Method: what is asked for is withdrawn from the service's role. Around midnight, when challenges of two days
 * count, is a clock of the test's own.
 */
import { mock } from 'node:test'
import t from 'tap'
import { connect } from '../../src/database/connect.ts'
import { createProofs } from '../../src/proof/service.ts'
import { encodeBase64url, utf8 } from '../../src/protocol/bytes.ts'
import { randomBytes, sha256 } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const databases = await cloneDatabase()
const database = connect({ url: databases.url, connectionsMax: 2, prepare: true })
t.teardown(async () => {
  await database.close()
  await databases.drop()
})
const sql = asSuperuser(t, databases)
const caller = { kind: 'anonymous', request: newId(), receipt: randomBytes(32) } as const
const data = { action: 'submit', bodySha256: encodeBase64url(sha256(utf8('{}'))) } as const
const blockOf = () => undefined
const readable = (isIt: boolean) =>
  sql.unsafe(
    `${isIt ? 'grant' : 'revoke'} select on daily_secret ${isIt ? 'to' : 'from'} intake_internal`,
  )

t.test('a secret that could not be read is asked for again', async (t) => {
  const proofs = createProofs({ database, countersMax: 3, blockOf })
  const ask = () => proofs.challenge(caller, '192.0.2.1', data)
  await readable(false)
  await t.rejects(ask(), { code: '42501' })
  await readable(true)
  t.match(await ask(), { challenge: { parameters: { data } } })
})

t.test('forged challenges of the two days that meet at midnight cost two readings', async (t) => {
  const midnight = Math.ceil(Date.now() / 86_400_000) * 86_400_000
  mock.timers.enable({ apis: ['Date'], now: midnight + 60_000 })
  t.teardown(() => mock.timers.reset())
  const proofs = createProofs({ database, countersMax: 3, blockOf })
  const { challenge } = await proofs.challenge(caller, '192.0.2.1', data)
  const forged = (issuedAt: number) => {
    const expiresAt = issuedAt / 1000 + 600
    const parameters = { ...challenge.parameters, expiresAt }
    const solution = { counter: 1, derivedKey: '00' }
    const text = JSON.stringify({ challenge: { ...challenge, parameters }, solution })
    return proofs.spendProof(caller, encodeBase64url(utf8(text)))
  }
  const refused = { code: 'proof-required', message: /is no solution/ }
  const [yesterday, today] = [midnight - 1_000, midnight]
  await t.rejects(forged(yesterday), refused)
  await readable(false)
  for (const issuedAt of [today, yesterday, today, yesterday]) {
    await t.rejects(forged(issuedAt), refused)
  }
  mock.timers.setTime(midnight + 86_400_000)
  await t.rejects(proofs.challenge(caller, '192.0.2.1', data), { code: '42501' }, 'another day')
  await readable(true)
})
