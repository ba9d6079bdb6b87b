/**
 * Goal: each endpoint is told all that became of items, in order, at least once and by nobody else; one that fails is tried
 * as the specification says, and holds up no other.
 * Method: the product's step and sender, a receiver on this machine, and Standard Webhooks' own library to verify what it
 * got. Time is passed by moving what the database says of the next try.
 */
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { createWebhookPost } from '../../src/background/webhookpost.ts'
import { connect } from '../../src/database/connect.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { createDelivering, type DeliveringOptions } from '../../src/webhooks/delivering.ts'
import { requireBalanced } from '../helpers/books.ts'
import { databaseApart } from '../helpers/postgres.ts'
import { type Received, type Receiver, receive, say } from '../helpers/receiver.ts'
import { stage } from '../helpers/stage.ts'

// Whoever writes in any database of the server holds back what is told.
const staged = await stage(t, databaseApart)
const { sql, webhooks, database, databases } = staged
const { casework, clinic } = staged.callers
t.afterEach(async () => {
  await sql`delete from webhook_endpoint`
  await requireBalanced(sql)
})

const key = new Uint8Array(32)
const disabled: string[] = []
const errors: unknown[] = []
const step = (changes: Partial<DeliveringOptions> = {}, on = database) =>
  createDelivering(on, {
    key,
    send: createWebhookPost(['127.0.0.1']),
    onSettled: () => {},
    onDisabled: (reason) => disabled.push(reason),
    onError: (error) => errors.push(error),
    ...changes,
  })
const delivering = step()

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Delivers what is due, until nothing is under way. */
async function deliver(by: Pick<typeof delivering, 'run'> = delivering): Promise<void> {
  await by.run()
  await until(
    async () => (await sql`select from webhook_endpoint where leased_until > now()`).length === 0,
  )
}

/** Makes an endpoint of a receiver of its own. */
async function endpoint(of = casework) {
  const receiver = await receive(t)
  const made = await webhooks.create(of, `http://127.0.0.1:${receiver.port}/in`)
  return { ...receiver, id: made.endpointId, secret: made.secret! }
}

const verified = (secret: string, { body, headers }: Received) =>
  new Webhook(secret).verify(body, headers as Record<string, string>)
const idsOf = ({ received }: Pick<Receiver, 'received'>) =>
  received.map(({ headers }) => String(headers['webhook-id']))
const shown = async (id: string, of = casework) =>
  (await webhooks.list(of)).endpoints.find(({ endpointId }) => endpointId === id)!
/** The next try is due now. */
const pass = (id: string) =>
  sql`update webhook_endpoint set next_try_at = now() - interval '1 ms' where id = ${id}`
/** Seconds to the next try. */
async function wait(id: string): Promise<number> {
  const [row] = await sql`
    select extract(epoch from next_try_at - now())::float8 as seconds from webhook_endpoint where id = ${id}`
  return row!.seconds
}

t.test('what became of items is told in order, signed, by ids and types alone', async (t) => {
  const hook = await endpoint()
  const { referralId } = await staged.refer()
  const [item] = await sql`select id, case_id from triage_item where referral_id = ${referralId}`
  const recipient = staged.world.recipients.casework.receiving.kid
  const { claims } = await staged.triage.claim(casework, { recipient, max: 50, leaseSeconds: 60 })
  const { fence } = claims.find(({ claimId }) => claimId === item!.id)!
  await staged.triage.release(casework, { claimId: item!.id, fence })
  await deliver()
  t.same(
    hook.received.map(({ told }) => told.type),
    ['item.opened', 'item.claimed', 'item.released'],
  )
  for (const received of hook.received) {
    const { told, body, headers } = received
    t.same(verified(hook.secret, received), told)
    t.same(Object.keys(told).sort(), ['data', 'timestamp', 'type'])
    t.same(told.data, { changeId: told.data.changeId, itemId: item!.id, caseId: item!.case_id })
    t.ok(Math.abs(Date.parse(told.timestamp) - Date.now()) < 60_000)
    t.equal(headers['content-type'], 'application/json')
    t.throws(() => verified(hook.secret, { ...received, body: body.replace('item.', 'items.') }))
  }
  t.equal(new Set(idsOf(hook)).size, 3)
  await deliver()
  t.equal(hook.received.length, 3, 'and once')
})

t.test('one that fails is tried ten times as the specification says, then no more', async (t) => {
  const [hook, other] = [await endpoint(), await endpoint()]
  await staged.refer()
  const begun = disabled.length
  const seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
  for (const [at, delay] of seconds.entries()) {
    hook.answers.push(say(at % 2 === 0 ? 500 : 400))
    await deliver()
    const next = await wait(hook.id)
    t.ok(next > delay - 5 && next <= delay * 1.1, `after try ${at + 1}: ${next} of ${delay}`)
    await deliver()
    t.equal(hook.received.length, at + 1, 'not before its time')
    await pass(hook.id)
  }
  t.equal(other.received.length, 1, 'it holds up nobody')
  t.match(await shown(hook.id), { tries: 9, disabledAt: undefined })
  await staged.refer()
  hook.answers.push(say(503))
  await deliver()
  t.same(disabled.slice(begun), ['failed'])
  const state = await shown(hook.id)
  t.match(state, { tries: 10, disabledFor: 'failed', disabledAt: /Z$/ })
  t.equal(state.failures.length, 10)
  t.match(state.failures.at(-1), { status: 503, tries: 10, messageId: idsOf(hook)[0] })
  t.match(state.failures[0], { status: 500, tries: 1 })
  t.equal(new Set(idsOf(hook)).size, 1, 'one message, under one id, before all others')
  const [entry] = await sql`
    select o.details from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'webhook.disabled' and e.object_id = ${hook.id}`
  t.same(entry?.details, { reason: 'failed' })
  await pass(hook.id)
  await deliver()
  t.equal(hook.received.length, 10)

  t.match(await webhooks.setActive(casework, hook.id, true), { tries: 0, disabledAt: undefined })
  await deliver()
  t.equal(hook.received.length, 12, 'what failed, and what came after it')
  t.equal(new Set(idsOf(hook)).size, 2)
  t.same(
    idsOf(hook).slice(-2),
    idsOf(other),
    'in the order, and under the ids, of every other endpoint',
  )
})

t.test('Retry-After is waited for, at most a day; 410 is the end', async (t) => {
  const hook = await endpoint()
  await staged.refer()
  const asked: [string, number, number][] = [
    ['3600', 3_600, 3_960],
    [new Date(Date.now() + 7_200_000).toUTCString(), 7_100, 7_920],
    ['999999999', 86_400, 95_040],
    ['-5', 7_200, 7_920],
    ['soon', 18_000, 19_800],
  ]
  for (const [after, least, most] of asked) {
    hook.answers.push(say(429, { 'retry-after': after }))
    await deliver()
    const seconds = await wait(hook.id)
    t.ok(seconds > least - 5 && seconds <= most, `${after}: ${seconds}`)
    await pass(hook.id)
  }
  hook.answers.push(say(410))
  await deliver()
  t.match(await shown(hook.id), { disabledFor: 'gone', tries: 6 })
  await pass(hook.id)
  await deliver()
  t.equal(hook.received.length, 6)
})

t.test('while a secret is replaced both sign, and afterwards the new one alone', async (t) => {
  const hook = await endpoint()
  const { secret } = await webhooks.rotate(casework, hook.id, 24)
  t.not(secret, hook.secret)
  await staged.refer()
  await deliver()
  t.ok(verified(hook.secret, hook.received[0]!))
  t.ok(verified(secret!, hook.received[0]!))
  await sql`update webhook_endpoint set earlier_until = now()`
  await staged.refer()
  await deliver()
  t.throws(() => verified(hook.secret, hook.received[1]!))
  t.ok(verified(secret!, hook.received[1]!))

  const [row] = await sql`select secret from webhook_endpoint where id = ${hook.id}`
  const plain = Buffer.from(secret!.replace('whsec_', ''), 'base64')
  t.equal(plain.length, 32)
  t.notOk(Buffer.from(row!.secret).includes(plain), 'sealed where it lies')
  const [before, received] = [disabled.length, hook.received.length]
  await staged.refer()
  await deliver(step({ key: new Uint8Array(32).fill(1) }))
  t.same(disabled.slice(before), ['secret'], 'under another key it does not open')
  t.match(await shown(hook.id), { disabledFor: 'secret' })
  t.equal(hook.received.length, received)
})

t.test('two replicas tell each message once, in order, many at a time', async (t) => {
  const hook = await endpoint()
  const recipient = staged.world.recipients.casework.receiving.kid
  for (let count = 0; count < 12; count += 1) {
    const { claims } = await staged.triage.claim(casework, { recipient, max: 50, leaseSeconds: 60 })
    for (const { claimId, fence } of claims)
      await staged.triage.release(casework, { claimId, fence })
  }
  const second = connect({ url: databases.url, connectionsMax: 3, prepare: true })
  t.teardown(() => second.close())
  const replicas = [delivering, step({}, second)]
  const [row] = await sql`select max(number)::int as last from triage_change`
  const isOver = () => hook.received.some(({ told }) => told.data.changeId === String(row!.last))
  while (!isOver()) await Promise.all(replicas.map((replica) => deliver(replica)))
  const ids = idsOf(hook)
  t.ok(ids.length > 100, `${ids.length} messages`)
  t.equal(new Set(ids).size, ids.length)
  const numbers = hook.received.map(({ told }) => Number(told.data.changeId))
  t.same(
    numbers,
    numbers.toSorted((a, b) => a - b),
  )
})

t.test('who dies while it delivers is followed by another, under the same ids', async (t) => {
  const hook = await endpoint()
  await staged.refer()
  let answerLate = () => {}
  hook.answers.push((reply) => {
    answerLate = () => say(500)(reply)
  })
  const settled: unknown[] = []
  const dying = step({ onSettled: (...told) => settled.push(told) })
  await dying.run()
  await until(() => hook.received.length === 1)
  await delivering.run()
  t.equal(hook.received.length, 1, 'while its lease lasts it is alone')
  await sql`update webhook_endpoint set leased_until = now() - interval '1 ms'`
  await deliver()
  t.same(idsOf(hook), [idsOf(hook)[0], idsOf(hook)[0]])
  answerLate()
  await dying.stop()
  t.same(settled, [], 'the one that slept through its lease settles nothing')
  t.match(await shown(hook.id), { tries: 0, failures: [] })
})

t.test('when the service ends nothing is held against a receiver', async (t) => {
  const hook = await endpoint()
  await staged.refer()
  hook.answers.push(() => {})
  const ending = step()
  await ending.run()
  await until(() => hook.received.length === 1)
  await ending.stop()
  t.match(await shown(hook.id), { tries: 0, failures: [] })
  t.notOk(await ending.run())
  await deliver()
  t.same(idsOf(hook), [idsOf(hook)[0], idsOf(hook)[0]], 'at once, without the end of a lease')
})

t.test('what was told is told again, from a time or a message on', async (t) => {
  const hook = await endpoint()
  const at: string[] = []
  for (let count = 0; count < 3; count += 1) {
    const [row] =
      await sql`select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`
    at.push(row!.at)
    await staged.refer()
  }
  await deliver()
  const ids = idsOf(hook)
  t.equal(ids.length, 3)
  await webhooks.replay(casework, hook.id, { since: at[1]! })
  await deliver()
  t.same(idsOf(hook).slice(3), ids.slice(1))
  await webhooks.replay(casework, hook.id, { messageId: ids[2]! })
  await deliver()
  t.same(idsOf(hook).slice(5), ids.slice(2))
  await webhooks.replay(casework, hook.id, { since: new Date(Date.now() + 60_000).toISOString() })
  await deliver()
  t.equal(hook.received.length, 6)
  const unknown: [string, string][] = [
    ['msg_1_1', 'cursor-outdated'],
    [ids[0]!.replace(/\d+$/, '987654321'), 'cursor-outdated'],
    ['msg_', 'malformed-request'],
    [newId(), 'malformed-request'],
  ]
  for (const [messageId, code] of unknown) {
    await t.rejects(webhooks.replay(casework, hook.id, { messageId }), { code }, messageId)
  }
})

t.test('what is asked for while a message is under way stands when it was taken', async (t) => {
  const hook = await endpoint()
  await staged.refer()
  await deliver()
  const [first = ''] = idsOf(hook)
  for (const ask of [
    () => webhooks.replay(casework, hook.id, { messageId: first }),
    () => webhooks.setActive(casework, hook.id, false),
  ]) {
    await staged.refer()
    let answerLate = () => {}
    hook.answers.push((reply) => {
      answerLate = () => say(204)(reply)
    })
    const { length } = hook.received
    const late = step()
    await late.run()
    await until(() => hook.received.length === length + 1)
    await ask()
    answerLate()
    await late.stop()
    await webhooks.setActive(casework, hook.id, true)
    await deliver()
  }
  const [, second = '', third = ''] = [...new Set(idsOf(hook))]
  t.same(idsOf(hook), [first, second, first, second, third, third])
})

t.test('the tries of a message are its own, and not of the one before', async (t) => {
  const hook = await endpoint()
  await staged.refer()
  await staged.refer()
  hook.answers.push(say(500))
  await deliver()
  await pass(hook.id)
  hook.answers.push(say(204), say(500))
  await deliver()
  t.match(await shown(hook.id), { tries: 1, failures: [{ tries: 1 }, { tries: 1 }] })
})

t.test('where something may be missing, that is told first, and the rest after it', async (t) => {
  const hook = await endpoint()
  await staged.refer()
  await sql`update webhook_endpoint set epoch = 'beef'`
  hook.answers.push(say(500))
  await deliver()
  await staged.refer()
  await pass(hook.id)
  await deliver()
  t.same(
    hook.received.map(({ told }) => told.type),
    ['queue.gap', 'queue.gap', 'item.opened'],
  )
  const [first, again] = hook.received
  t.same(again!.body, first!.body)
  t.equal(idsOf(hook)[0], idsOf(hook)[1])
  t.ok(verified(hook.secret, again!))
  t.match(await shown(hook.id), { tries: 0, failures: [{ status: 500, tries: 1 }] }, 'begun anew')
})

t.test('the log has an entry a day, however much is sent, and before it is', async (t) => {
  const hook = await endpoint()
  const entries = async () => {
    const rows = await sql`
      select o.details from audit_entry e join audit_opening o on o.entry_id = e.id
      where e.object_id = ${hook.id} and e.action = 'webhook.sent' order by e.at`
    return rows.map(({ details }) => details)
  }
  const count = async () => (await sql`select count(*)::int as count from audit_entry`)[0]!.count
  await staged.refer()
  await staged.refer()
  const before = await count()
  await deliver()
  t.equal(hook.received.length, 2)
  t.equal(await count(), before, 'the day on which it was made is in its own entry')
  await sql`update webhook_endpoint set recorded_on = recorded_on - 1`
  await deliver()
  t.same(await entries(), [{ sent: 2 }], 'though there is nothing to send')
  await deliver()
  t.equal((await entries()).length, 1)
  await webhooks.setActive(casework, hook.id, false)
  await sql`update webhook_endpoint set recorded_on = recorded_on - 1`
  await deliver()
  t.equal((await entries()).length, 1, 'nothing may be sent')
  await webhooks.setActive(casework, hook.id, true)
  await deliver()
  t.same(await entries(), [{ sent: 2 }, { sent: 0 }], 'and from this day on it may')
})

t.test('who may no longer read the queue is told nothing', async (t) => {
  const hook = await endpoint()
  const { clientId, organisationId } = casework
  await staged.refer()
  for (const [shut, open] of [
    [
      sql`update client set scopes = array_remove(scopes, 'triage:work') where id = ${clientId}`,
      sql`update client set scopes = scopes || '{triage:work}' where id = ${clientId}`,
    ],
    [
      sql`update client set disabled_at = now() where id = ${clientId}`,
      sql`update client set disabled_at = null where id = ${clientId}`,
    ],
    [
      sql`update organisation set disabled_at = now() where id = ${organisationId}`,
      sql`update organisation set disabled_at = null where id = ${organisationId}`,
    ],
  ] as const) {
    await shut
    await deliver()
    t.same(hook.received, [])
    await open
  }
  await webhooks.setActive(casework, hook.id, false)
  await deliver()
  t.same(hook.received, [])
  await webhooks.setActive(casework, hook.id, true)
  await deliver()
  t.equal(hook.received.length, 1)
})

t.test('a client with slow receivers holds two places of a replica, no more', async (t) => {
  const slow: Awaited<ReturnType<typeof endpoint>>[] = []
  for (let count = 0; count < 9; count += 1) slow.push(await endpoint())
  await sql`update client set scopes = scopes || '{webhooks:manage}' where id = ${clinic.clientId}`
  const other = await endpoint(clinic)
  const late: (() => void)[] = []
  for (const { answers } of slow) answers.push((reply) => late.push(() => say(204)(reply)))
  const slowed = step()
  const begun = () => slow.filter(({ received }) => received.length > 0)
  const leased = async () => {
    const rows = await sql`
      select from webhook_endpoint where leased_until > now() and client_id = ${casework.clientId}`
    return rows.length
  }
  await staged.refer()
  await slowed.run()
  t.equal(await leased(), 2)
  await until(() => begun().length === 2 && other.received.length === 1)
  // What is under way counts, also once its endpoint is gone.
  for (const { id } of begun()) await webhooks.remove(casework, id)
  await slowed.run()
  t.equal(await leased(), 0)
  for (const answer of late.splice(0)) answer()
  await until(async () => {
    await slowed.run()
    return begun().length === 4
  })
  t.equal(await leased(), 2, 'then come the next')
  for (const answer of late) answer()
  await slowed.stop()
})

t.test('one that never answers has failed in time, and holds up no other', async (t) => {
  const [silent, other] = [await endpoint(), await endpoint()]
  silent.answers.push(() => {})
  await staged.refer()
  await deliver(step({ send: createWebhookPost(['127.0.0.1'], undefined, 200) }))
  t.equal(other.received.length, 1)
  t.match(await shown(silent.id), { tries: 1, failures: [{ fault: 'timeout', tries: 1 }] })
  await pass(silent.id)
  await deliver()
  t.same(idsOf(silent), [idsOf(other)[0], idsOf(other)[0]])
})

t.test(
  'a lease ends with the message at hand once its time is over, and goes on from there',
  async (t) => {
    const hook = await endpoint()
    for (let count = 0; count < 3; count += 1) await staged.refer()
    hook.answers.push((reply) => void setTimeout(() => say(204)(reply), 250))
    const settled: unknown[] = []
    const hasty = createDelivering(
      database,
      {
        ...{ key, send: createWebhookPost(['127.0.0.1']), onDisabled: () => {} },
        ...{ onSettled: (...told) => settled.push(told), onError: (error) => errors.push(error) },
      },
      200,
    )
    await deliver(hasty)
    t.equal(hook.received.length, 1, 'no message was begun after it')
    t.same(settled, [[1, undefined]], 'what was taken counts')
    t.match(await shown(hook.id), { tries: 0, failures: [] })
    await deliver(hasty)
    t.equal(hook.received.length, 3)
    t.equal(new Set(idsOf(hook)).size, 3, 'none is sent again')
  },
)

t.test('a secret opens for its endpoint, client and address alone', async (t) => {
  await sql`update client set scopes = scopes || '{webhooks:manage}' where id = ${clinic.clientId}`
  for (const moved of ['url', 'client_id', 'id'] as const) {
    const [hook, other] = [await endpoint(), await receive(t)]
    await staged.refer()
    const to = {
      url: `http://127.0.0.1:${other.port}/in`,
      client_id: clinic.clientId,
      id: newId(),
    }[moved]
    await sql`update webhook_endpoint set ${sql({ [moved]: to })} where id = ${hook.id}`
    const before = disabled.length
    await deliver()
    t.same(disabled.slice(before), ['secret'], moved)
    t.same([...hook.received, ...other.received], [], 'nothing is signed with it')
    await sql`delete from webhook_endpoint`
  }
  const hook = await endpoint()
  const { secret } = await webhooks.rotate(casework, hook.id, 0)
  await staged.refer()
  await deliver()
  t.ok(verified(secret!, hook.received[0]!), 'nor does another move by being replaced')
})

t.test('an address is kept as a request would have it, whatever was typed', async (t) => {
  const typed = 'https://HOOK.test/a\tb\u0000\ud800?\u001b[2J\u202e'
  const { endpointId } = await webhooks.create(casework, typed)
  const { url } = await shown(endpointId)
  t.equal(url, 'https://hook.test/ab%00%EF%BF%BD?%1B[2J%E2%80%AE')
})

t.test('ten is the most also of those that are made at once', async (t) => {
  const making = Array.from({ length: 24 }, () => webhooks.create(casework, 'https://hook.test/'))
  const made = await Promise.allSettled(making)
  t.equal(made.filter(({ status }) => status === 'fulfilled').length, 10)
  t.equal((await webhooks.list(casework)).endpoints.length, 10)
})

t.test('an endpoint is its own client’s, of which it has ten', async (t) => {
  const hook = await endpoint()
  for (const act of [
    () => webhooks.setActive(clinic, hook.id, false),
    () => webhooks.rotate(clinic, hook.id, 0),
    () => webhooks.replay(clinic, hook.id, { since: new Date().toISOString() }),
    () => webhooks.remove(clinic, hook.id),
  ]) {
    await t.rejects(act() as Promise<unknown>, { code: 'not-found' })
  }
  t.same((await webhooks.list(clinic)).endpoints, [])
  for (let count = 1; count < 10; count += 1) await webhooks.create(casework, 'https://hook.test/')
  await t.rejects(webhooks.create(casework, 'https://hook.test/'), { code: 'endpoint-refused' })
  await webhooks.remove(casework, hook.id)
  await webhooks.create(casework, 'https://hook.test/')
  await staged.refer()
  await sql`delete from webhook_endpoint`
  t.same(hook.received, [], 'what was removed is told nothing')
  t.same(errors, [])
})
