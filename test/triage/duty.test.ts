/**
 * Goal: people are told of an immediate item that nobody holds, once for each step, by whichever replica, and whatever
 * becomes of the mail server; and the mail says nothing of anybody.
 * Method: mail servers that speak SMTP over a socket; items that are aged by their rows; each look is a step of its
 * own, as another replica would have one.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import t, { type Test } from 'tap'
import { createSendMail, type MailServer } from '../../src/background/mail.ts'
import { connect } from '../../src/database/connect.ts'
import { loggable } from '../../src/log.ts'
import { createDuty, type SendMail } from '../../src/triage/duty.ts'
import { requireBalanced } from '../helpers/books.ts'
import { authority } from '../helpers/certificates.ts'
import { type MailboxOptions, mailbox } from '../helpers/mailbox.ts'
import { deployment, listening } from '../helpers/process.ts'
import { refer as referTo } from '../helpers/referral.ts'
import { type Stage, stage } from '../helpers/stage.ts'

const first = ['nurse@duty.example', 'doctor@duty.example']
const later = ['manager@duty.example']
const addresses = { 1: first, 2: later }

function serverAt(port: number, rest: Partial<MailServer> = {}): MailServer {
  return {
    ...{ host: '127.0.0.1', port, isTls: false, needsTls: false },
    ...{ user: undefined, passwordFile: undefined, caFile: undefined, ...rest },
  }
}

const sender = (port: number, rest?: Partial<MailServer>) =>
  createSendMail(serverAt(port, rest), 'intake@intake.example')

/** A database with its mail server, and a hand that ages items. */
async function staged(t: Test, options: MailboxOptions = {}) {
  const on = await stage(t)
  const box = await mailbox(t, options)
  const failed: unknown[] = []
  const look = async (send: SendMail = sender(box.port), database = on.database) => {
    const step = createDuty(database, {
      ...{ origin: 'intake.test', send, addresses },
      onSent: () => {},
      onFailed: (error) => void failed.push(error),
    })
    while (await step.run());
  }
  const { refer: referOne, sql } = on
  const refer = async (minutes = 0, urgency: 'immediate' | 'urgent' = 'immediate') => {
    const referred = await referOne(undefined, { urgency })
    await age(sql, referred.referralId, minutes)
    return referred
  }
  /** To whom mails came since this was last asked. */
  const told = () => box.received.splice(0).map(({ to }) => to)
  /** What waits to be sent again is due. */
  const due = () => sql`update duty_mail set not_before = now() - interval '1 second'`
  return { ...on, box, look, refer, told, due, failed }
}

const age = (sql: Stage['sql'], referralId: string, minutes: number) => sql`
  update triage_item
  set arrived_at = arrived_at - make_interval(mins => ${minutes}),
      own_due_at = own_due_at - make_interval(mins => ${minutes}),
      due_at = due_at - make_interval(mins => ${minutes})
  where referral_id = ${referralId}`

/** Once the items are as old as their referrals again. */
async function requireOnlyAged(sql: Stage['sql']) {
  await sql`
    update triage_item i
    set arrived_at = r.received_at, own_due_at = i.own_due_at + (r.received_at - i.arrived_at),
        due_at = i.due_at + (r.received_at - i.arrived_at)
    from referral r where r.id = i.referral_id`
  await requireBalanced(sql)
}

async function claimOne(
  { triage, callers, world }: Pick<Stage, 'triage' | 'callers' | 'world'>,
  escalated = false,
) {
  const recipient = world.recipients.casework.receiving.kid
  const request = { recipient, max: 1, leaseSeconds: 60, escalated }
  const { claims } = await triage.claim(callers.casework, request)
  return claims[0]!
}

/** The unheld have been so for longer by so much. */
const waitOn = ({ sql }: Pick<Stage, 'sql'>, minutes: number) => sql`
  update unheld_item set since = since - make_interval(mins => ${minutes})`

t.test(
  'an immediate item that nobody holds for ten minutes is told of, once, by one of two replicas',
  async (t) => {
    const on = await staged(t)
    const other = connect({ url: on.databases.url, connectionsMax: 3, prepare: true })
    t.teardown(() => other.close())
    const both = () => Promise.all([on.look(), on.look(undefined, other)])
    const { referralId } = await on.refer(9)
    await on.refer(60, 'urgent')
    await both()
    t.same(on.told(), [], 'nine minutes are not ten')
    await age(on.sql, referralId, 2)
    const [item] =
      await on.sql`select id, case_id from triage_item where referral_id = ${referralId}`
    await waitOn(on, 2)
    for (const _ of [1, 2, 3]) await both()
    const mails = [...on.box.received]
    t.same(on.told().sort(), [...first].sort(), 'each of those on duty, and each once')
    for (const { text } of mails) {
      t.match(text, /^Subject: 1 immediate item held by nobody for 11 minutes/m)
      t.match(text, /^Auto-Submitted: auto-generated/im)
      for (const secret of [referralId, item?.id, item?.case_id, 'heathrow', 'Okonkwo']) {
        t.notOk(text.includes(secret), 'it is about nobody in particular')
      }
    }
    const entries = await on.sql`
    select details from audit_entry e join audit_opening o on o.entry_id = e.id
    where action = 'duty.mailed'`
    t.same(
      entries.map(({ details }) => details),
      [1, 1].map((step) => ({ step, attempt: 1, items: 1 })),
    )
    t.same(on.failed, [])
    await requireOnlyAged(on.sql)
  },
)

t.test('who is told later is told after thirty minutes, and those on duty not again', async (t) => {
  const on = await staged(t)
  await on.refer(12)
  await on.look()
  t.same(on.told().sort(), [...first].sort())
  await waitOn(on, 17)
  await on.look()
  t.same(on.told(), [], 'twenty-nine are not thirty')
  await waitOn(on, 2)
  await on.look()
  await on.look()
  t.same(on.told(), later)
  await on.refer(45)
  await on.look()
  t.same(on.told().sort(), [...first, ...later].sort(), 'one that was found late is told to all')
  await requireOnlyAged(on.sql)
})

t.test(
  'who holds it, or did, makes the wait begin anew; a lapse and an escalation do not end it',
  async (t) => {
    const on = await staged(t)
    const { referralId } = await on.refer(60)
    const { claimId, fence } = await claimOne(on)
    await on.look()
    t.same(on.told(), [], 'held')
    await on.triage.release(on.callers.casework, { claimId, fence })
    await on.look()
    t.same(on.told(), [], 'released just now')
    await on.triage.parkItem(on.callers.casework, claimId, { reason: 'call_back' })
    await on.look()
    await waitOn(on, 11)
    await on.look()
    t.same(on.told(), [], 'parked')
    await on.triage.wake(on.callers.casework, claimId, {})
    await on.look()
    t.same(on.told(), [], 'woken just now')
    await waitOn(on, 11)
    await on.look()
    t.equal(on.told().length, 2, 'and ten minutes ago')
    const again = await claimOne(on)
    await on.sql`update triage_item set leased_until = now() - interval '9 minutes' where id = ${claimId}`
    await on.look()
    t.same(on.told(), [], 'a lease that ran out counts from its end')
    await waitOn(on, 2)
    await on.look()
    t.equal(on.told().length, 2)
    const unopenable = { fence: again.fence, outcome: 'unopenable' as const }
    const referrals = [referralId]
    await on.triage.complete(on.callers.casework, claimId, {
      ...unopenable,
      referrals,
      step: 'commitment',
    })
    await on.look()
    await waitOn(on, 11)
    await on.look()
    t.equal(on.told().length, 2, 'escalated, and nobody takes it')
    const { fence: held } = await claimOne(on, true)
    await on.look()
    await on.triage.complete(on.callers.casework, claimId, {
      ...{ fence: held, outcome: 'accepted', referrals: [referralId] },
    })
    await on.look()
    t.same(on.told(), [])
    t.same(await on.sql`select from unheld_item`, [], 'nothing of it is kept')
    await requireOnlyAged(on.sql)
  },
)

t.test(
  'a server that takes it for one of two gets it for the other again, and nobody twice',
  async (t) => {
    let busy = true
    const refusal = (to: string) => (busy && to === first[1] ? 451 : undefined)
    const on = await staged(t, { refusal })
    await on.refer(12)
    await on.look()
    await on.look()
    t.same(on.told(), [first[0]])
    t.equal(on.failed.length, 1, 'it is not asked again at once')
    const shown = JSON.stringify([loggable(on.failed[0]), String(on.failed[0])])
    t.match(shown, /EENVELOPE, 451/)
    t.notMatch(shown, /duty\.example/, 'the log is told no address')
    await on.due()
    await on.look()
    t.equal(on.failed.length, 2)
    busy = false
    await on.due()
    await on.look()
    t.same(on.told(), [first[1]])
    t.same(await on.sql`select from duty_mail`, [])
    const attempts = await on.sql`
    select (details ->> 'attempt')::int as attempt from audit_opening
    where details ? 'attempt' order by 1`
    t.same(
      attempts.map(({ attempt }) => attempt),
      [1, 1, 2, 3],
      'each attempt has its entry',
    )
  },
)

t.test(
  'a server that was away is sent one mail when it is back, and none if the items are held by then',
  async (t) => {
    const on = await staged(t)
    await on.box.close()
    await on.refer(12)
    await on.look()
    await on.refer(15)
    await on.look()
    t.equal(on.failed.length, 2)
    t.match(loggable(on.failed[0]), { code: 'ESOCKET' })
    const [{ seconds } = { seconds: 0 }] = await on.sql`
    select max(extract(epoch from not_before - now()))::float8 as seconds from duty_mail`
    t.ok(seconds > 5 && seconds <= 15, 'the second attempt follows soon')
    const back = await mailbox(t, { port: on.box.port })
    await on.due()
    await on.look()
    t.same(back.received.map(({ to }) => to).sort(), [...first].sort())
    for (const { text } of back.received) t.match(text, 'Subject: 2 immediate items')
    await back.close()
    await on.refer(12)
    await on.look()
    for (const _ of [1, 2, 3]) await claimOne(on)
    const again = await mailbox(t, { port: on.box.port })
    await on.due()
    for (const _ of [1, 2]) await on.look()
    t.same(again.received, [])
    await on.look()
    t.same(await on.sql`select from duty_mail`, [])
  },
)

t.test('an item that comes while a mail is sent is told of in the next', async (t) => {
  const on = await staged(t)
  await on.refer(12)
  const send = sender(on.box.port)
  let isFirst = true
  await on.look(async (to, mail) => {
    await send(to, mail)
    if (!isFirst) return
    isFirst = false
    await on.refer(20)
    await on.look()
  })
  const subjects = (to: string) =>
    on.box.received
      .filter((it) => it.to === to)
      .map(({ text }) => /^Subject: (\d)/m.exec(text)?.[1])
  t.same(first.map(subjects).sort(), [['1', '2'], ['2']])
})

t.test('what a replica took and never sent is sent by another', async (t) => {
  const on = await staged(t)
  await on.refer(12)
  void on.look(() => new Promise(() => {}))
  const taken = () => on.sql`select from duty_mail where attempts = 1`
  while ((await taken()).length === 0);
  await on.look()
  t.equal(on.told().length, 1, 'not at once: it may be on its way')
  await on.due()
  await on.look()
  t.equal(on.told().length, 1)
  t.same(await on.sql`select from duty_mail`, [])
})

t.test('nothing is said to a server without TLS, nor to one of another authority', async (t) => {
  const [ours, theirs] = [await authority('ours'), await authority('theirs')]
  const folder = t.testdir({ 'ca.pem': ours.ca, password: 'sesame\n' })
  const trusting = { needsTls: true, caFile: `${folder}/ca.pem` }
  const mail = { subject: 's', text: 'only under TLS' }
  const bare = await mailbox(t)
  await t.rejects(sender(bare.port, trusting)(first[0]!, mail), { code: 'ETLS' })
  const forged = await mailbox(t, { tls: await theirs.issue('mail', 'server') })
  await t.rejects(sender(forged.port, trusting)(first[0]!, mail), { code: 'ESOCKET' })
  t.same([...bare.named, ...forged.named], [])
  const password = 'sesame'
  const own = await mailbox(t, { password, tls: await ours.issue('mail', 'server') })
  const user = { ...trusting, user: 'intake', passwordFile: `${folder}/password` }
  await sender(own.port, user)(first[0]!, mail)
  t.match(own.received, [{ to: first[0], isTls: true, text: 'only under TLS' }])
  await t.rejects(sender(own.port, trusting)(first[0]!, mail), { code: /^EENVELOPE, 530/ })
})

t.test('a server that goes on for ever keeps neither the mail nor the connection', async (t) => {
  const server = createServer((socket) => {
    socket.resume().on('error', () => {})
    socket.write('220 here\r\n')
    const timer = setInterval(() => socket.write('250-and another thing\r\n'), 20)
    socket.once('close', () => clearInterval(timer))
  })
  t.teardown(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const came = once(server, 'connection')
  const send = createSendMail(serverAt(port), 'intake@intake.example', 500)
  await t.rejects(send(first[0]!, { subject: 's', text: 't' }), { message: 'a mail was not taken' })
  const [socket] = await came
  if (!socket.readableEnded) await once(socket, 'end', { signal: AbortSignal.timeout(5_000) })
  t.ok(socket.readableEnded)
})

t.test('two services send one, as their variables say', async (t) => {
  const { world, variables, sql } = await deployment(t)
  const box = await mailbox(t)
  const mailing = {
    ...{ SMTP_URL: `smtp://127.0.0.1:${box.port}`, DUTY_MAIL: first.join(', ') },
    DUTY_MAIL_FROM: 'intake@intake.example',
  }
  const given = { ...variables, ...mailing }
  const services = await Promise.all([listening(t, given), listening(t, given)])
  const { referralId } = await referTo({ world, url: services[0]!.url }, undefined, {
    urgency: 'immediate',
  })
  await age(sql, referralId, 11)
  while (box.received.length < first.length) await new Promise((resolve) => setTimeout(resolve, 20))
  const looked = async () => (await sql`select told from unheld_item`).map(({ told }) => told)
  t.same(await looked(), [1])
  while ((await sql`select from duty_mail`).length > 0);
  for (const { child } of services) child.kill('SIGTERM')
  for (const { ended } of services) t.equal(await ended, 0)
  t.same(box.received.map(({ to }) => to).sort(), [...first].sort())
})
