/**
 * Goal: whoever sent a referral and its recipients write to each other about it, and nobody else; nothing is kept that is
 * not the next of its side, signed by it, and sealed to who must read it; each side sees what the other has read.
 * Method: over HTTP, with messages sealed as a client seals them and as none should.
 */
import t from 'tap'
import { unreadMax } from '../../src/messages/service.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import { signParts } from '../../src/protocol/envelope/seal.ts'
import type { SecretKey } from '../../src/protocol/keys.ts'
import { checkMessageSealed } from '../../src/protocol/messages/check.ts'
import type { MessageEnvelope, MessageInput } from '../../src/protocol/messages/message.ts'
import type { ReceiptKeys } from '../../src/protocol/messages/receipt.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { messageOn, replyKeys } from '../helpers/message.ts'
import { receiptKeysOfNobody, sealedByReceipt, sendPublicly } from '../helpers/receipt.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { partnerOf } from '../helpers/stage.ts'
import { asSuperuser, untilSettled } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url, database } = built
const { lawFirm, ngo, telephone } = world.referring
const sql = asSuperuser(t, built.databases)
t.afterEach(async () => {
  await untilSettled(sql)
  await requireBalanced(sql)
})

const call = {
  lawFirm: await callerOf(world, url, lawFirm.clientId),
  ngo: await callerOf(world, url, ngo.clientId),
  casework: await callerOf(world, url, world.clients.casework),
  clinic: await callerOf(world, url, world.clients.clinic),
}
const { casework } = world.recipients
const { kid } = casework.receiving
const replying: Partial<MessageInput> = {
  from: 'recipient',
  signer: casework.signing,
  content: { text: 'Which flight is it?' },
}

/** Sent by the law firm, with a key to be answered by. */
const referred = (keys = replyKeys()) => refer(built, lawFirm, { replyTo: keys.replyTo })
const asRecipient = `recipient=${kid}`

function send(message: MessageEnvelope, query = '', by = call.lawFirm) {
  return by('POST', `/v1/referrals/${message.header.referralId}/messages?${query}`, message)
}
const reply = (message: MessageEnvelope, more = '') =>
  send(message, asRecipient + more, call.casework)
const read = async (id: string, query = '', by = call.lawFirm) =>
  (await by('GET', `/v1/referrals/${id}/messages?${query}`)).body
const readReplies = (id: string) => read(id, asRecipient, call.casework)
const unreadOf = async (id: string) =>
  (await call.lawFirm('GET', `/v1/referrals/${id}/state`)).body.unread

/** A message in which something was exchanged, signed again by its own writer. */
function resigned(
  message: MessageEnvelope,
  changes: Partial<MessageEnvelope>,
  signer: SecretKey = lawFirm.signing,
): MessageEnvelope {
  const changed = { ...message, ...changes }
  const bound = headerHash(canonicalBytes(changed.header))
  return { ...changed, signature: signParts(bound, changed, signer) }
}

async function asBearer(keys: ReceiptKeys, method: string, query: string, body?: unknown) {
  const response = await fetch(`${url}/v1/receipt/messages?${query}`, {
    method,
    headers: {
      authorization: `Receipt ${encodeBase64url(keys.accessTag)}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

t.test('a question goes out and its answer comes back, each to the other side', async (t) => {
  const one = await referred()
  const { referralId, acknowledgement } = one
  const question = messageOn(world, one, undefined, replying)
  const asked = await reply(question)
  t.match(asked, { status: 201, body: { referralId, number: 1 } })
  t.equal(await unreadOf(referralId), 1)

  const shown = await read(acknowledgement.reference)
  t.strictSame(shown.messages[0].message, question, 'as it was')
  t.strictSame(shown.signed.header, one.envelope.header, 'with what it answers')
  t.equal(await unreadOf(referralId), 0)
  const [{ openedAt }] = (await readReplies(referralId)).messages
  t.ok(openedAt, 'and its writer sees that it was read')

  const answer = messageOn(world, one)
  t.equal((await send(answer)).status, 201)
  const { messages, signed } = await readReplies(referralId)
  t.strictSame(
    messages.map(({ message }: { message: MessageEnvelope }) => message),
    [question, answer],
  )
  t.notOk(signed)
  const entries = await sql`
    select action from audit_entry where object_id = ${referralId} and action like 'message%'
    order by at, action`
  const count = (action: string) => entries.filter((entry) => entry.action === action).length
  t.equal(count('message.sent'), 2)
  t.equal(count('messages.read'), 3)
})

t.test('when its own was read, a referrer sees the day after, and only the day', async (t) => {
  const one = await referred()
  const { referralId } = one
  await send(messageOn(world, one))
  await readReplies(referralId)
  const own = async () => (await read(referralId)).messages[0]
  const today = await own()
  t.notOk('openedOn' in today || 'openedAt' in today)
  const asking = database.inTransaction(partnerOf(lawFirm), (tx) => {
    return tx.sql`select from message_delivery where referral_id = ${referralId}`
  })
  t.equal((await asking).length, 0, 'nor does its role in the database')
  await sql`update message_delivery set at = at - interval '1 day' where referral_id = ${referralId}`
  const later = await own()
  t.match(later, { openedOn: /^\d{4}-\d\d-\d\d$/ })
  t.notOk('openedAt' in later)
  await sql`update message_delivery set at = at + interval '1 day' where referral_id = ${referralId}`
})

t.test(
  'the same bytes again are one message, and anything else is the next or refused',
  async (t) => {
    const one = await referred()
    const first = messageOn(world, one)
    const answers = await Promise.all([send(first), send(first), send(first)])
    t.same(answers.map(({ status }) => status).sort(), [200, 200, 201])
    t.equal(new Set(answers.map(({ body }) => body.entryId)).size, 1)
    t.match(await send(messageOn(world, one)), {
      status: 409,
      body: { code: 'message-not-next', detail: /is number 2$/ },
    })
    const forked = messageOn(world, one, messageOn(world, one))
    t.match((await send(forked)).body, { code: 'message-not-next', detail: /another hash/ })
    const { messageId } = first.header
    const reused = messageOn(world, one, first, { messageId })
    t.match((await send(reused)).body, { code: 'malformed-request' })

    const racing = await Promise.all(
      Array.from({ length: 6 }, () => send(messageOn(world, one, first))),
    )
    t.same(racing.map(({ status }) => status).sort(), [201, 409, 409, 409, 409, 409])
    const theirs = messageOn(world, one, undefined, replying)
    t.equal((await reply(theirs)).status, 201, 'each side counts for itself')
  },
)

t.test('what is not what it says is refused by name, and nothing is kept', async (t) => {
  const one = await referred()
  const other = await refer(built, lawFirm)
  const { referralId } = one
  const good = messageOn(world, one)
  const header = (changes: object) => resigned(good, { header: { ...good.header, ...changes } })
  const without = good.header.sealedTo.slice(1)
  const wraps = good.wraps.filter(({ kid }) => without.includes(kid))
  // Sealed to the reply key, as an answer is: a referrer's message is for recipients only.
  const toReplyKey = {
    ...messageOn(world, one, undefined, replying).header,
    from: 'referrer' as const,
    signer: lawFirm.signing.kid,
  }
  const codes: [MessageEnvelope, string, string?][] = [
    [header({ kind: 'note' }), 'malformed-request'],
    [header({ from: 'recipient' }), 'malformed-request'],
    [header({ origin: 'elsewhere.example.org' }), 'wrong-origin'],
    [header({ sealedTo: without }), 'wraps-mismatch'],
    [resigned(good, { header: { ...good.header, sealedTo: without }, wraps }), 'missing-recipient'],
    [
      resigned(messageOn(world, one, undefined, replying), { header: toReplyKey }),
      'unknown-recipient-key',
    ],
    [header({ signer: ngo.signing.kid }), 'unknown-signer'],
    [messageOn(world, one, undefined, { signer: ngo.signing }), 'unknown-signer'],
    [{ ...good, signature: { ...good.signature, value: 'A'.repeat(86) } }, 'signature-invalid'],
    [header({ keyset: { ...good.header.keyset, version: 9 } }), 'unknown-keyset'],
    [good, 'malformed-request', 'deliver=letter&language=amh'],
  ]
  for (const [message, code, query] of codes) {
    t.match((await send(message, query)).body, { code, stored: false }, code)
  }
  const elsewhere = await call.lawFirm('POST', `/v1/referrals/${other.referralId}/messages`, good)
  t.match(elsewhere.body, { code: 'referral-id-mismatch' })

  const urgent = await refer(built, lawFirm, { urgency: 'urgent' })
  const lowered = messageOn(world, urgent)
  const lowering = resigned(lowered, { header: { ...lowered.header, urgency: 'soon' } })
  t.match((await send(lowering)).body, { code: 'malformed-request', detail: /urgency/ })

  // A reply: signed by the recipient named, and sealed to the key that came with the referral.
  const answer = messageOn(world, one, undefined, replying)
  const toReaders = answer.header.sealedTo.filter((kid) => kid !== one.envelope.header.replyTo?.kid)
  const withheld = {
    header: { ...answer.header, sealedTo: toReaders },
    wraps: answer.wraps.filter(({ kid }) => toReaders.includes(kid)),
  }
  t.match((await reply(resigned(answer, withheld, casework.signing))).body, {
    code: 'missing-recipient',
  })
  const byClinic = { ...replying, signer: world.recipients.clinic.signing }
  t.match((await reply(messageOn(world, one, undefined, byClinic))).body, {
    code: 'unknown-signer',
  })
  t.match((await reply(answer, '&deliver=letter')).body, { code: 'malformed-request' })
  t.match((await send(answer, asRecipient, call.clinic)).body, { code: 'recipient-not-yours' })
  t.match((await send(answer, `recipient=${kid}`, call.lawFirm)).body, {
    code: 'recipient-not-yours',
  })
  t.equal((await sql`select from message where referral_id = ${referralId}`).length, 0)

  // As an erasure leaves it, and then as it was.
  const [kept] = await sql`
    select signer, header, signature, sealed_hashes, wrap_hashes, matching_hash
    from referral where id = ${referralId}`
  await sql`
    update referral set state = 'erased', header = '', signer = '', signature = '', matching_hash = null,
           sealed_hashes = '', wrap_hashes = '' where id = ${referralId}`
  t.match((await send(good)).body, { code: 'erased' })
  t.match(await read(referralId), { code: 'erased' })
  await sql`update referral set ${sql({ state: 'received', ...kept })} where id = ${referralId}`
  t.equal((await send(good)).status, 201, 'and what is right is kept')
})

t.test('a referral with no key to answer to takes no answer', async (t) => {
  const mute = await refer(built)
  const { header } = mute.envelope
  const { replyTo } = replyKeys()
  const answerable = { ...mute, envelope: { ...mute.envelope, header: { ...header, replyTo } } }
  const answer = messageOn(world, answerable, undefined, replying)
  const path = `/v1/referrals/${header.referralId}/messages?${asRecipient}`
  t.match(await call.casework('POST', path, answer), {
    ...{ status: 409, body: { code: 'reply-key-missing', stored: false } },
  })
})

t.test('a recipient that need not read is none to seal to', async (t) => {
  const one = await referred()
  const { header } = messageOn(world, one)
  const isClinic = (of: string) => of === world.recipients.clinic.receiving.kid
  const recipients = world.keyset.recipients.map((it) => ({ ...it, required: !isClinic(it.kid) }))
  const keyset = { ...world.keyset, recipients }
  const check = (sealedTo: string[]) =>
    checkMessageSealed({ from: 'referrer', sealedTo }, one.envelope.header, keyset, new Set())
  t.throws(() => check(header.sealedTo), { code: 'unknown-recipient-key' })
  t.doesNotThrow(() => check(header.sealedTo.filter((of) => !isClinic(of))))
})

t.test('what is being erased takes no message that came before it was', async (t) => {
  const one = await referred()
  const { referralId } = one
  const [kept] = await sql`
    select signer, header, signature, sealed_hashes, wrap_hashes from referral where id = ${referralId}`
  let commit = () => {}
  const gate = new Promise<void>((open) => {
    commit = open
  })
  let locked = () => {}
  const isLocked = new Promise<void>((open) => {
    locked = open
  })
  const erasing = sql.begin(async (tx) => {
    await tx`
      update referral set state = 'erased', header = '', signer = '', signature = '',
             sealed_hashes = '', wrap_hashes = '' where id = ${referralId}`
    await tx`select from referral where id = ${referralId} for update`
    locked()
    await gate
  })
  await isLocked
  const sending = send(messageOn(world, one))
  for (;;) {
    const waiting = await sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    if (waiting.length > 0) break
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  commit()
  await erasing
  t.match((await sending).body, { code: 'erased', stored: false })
  t.equal((await sql`select from message where referral_id = ${referralId}`).length, 0)
  await sql`update referral set ${sql({ state: 'received', ...kept })} where id = ${referralId}`
})

t.test('nobody else reads or writes, and other referrals of a case are not of it', async (t) => {
  const one = await referred()
  const { referralId } = one
  await send(messageOn(world, one))
  const path = `/v1/referrals/${referralId}/messages`
  t.equal((await call.ngo('GET', path)).status, 404)
  t.equal((await call.ngo('POST', path, messageOn(world, one))).status, 404)
  t.equal((await call.casework('GET', path)).status, 404, 'the charity did not send it')
  t.equal(
    (await call.casework('GET', `/v1/referrals/${newId()}/messages?${asRecipient}`)).status,
    404,
  )
  const own = await refer(built, telephone, { replyTo: replyKeys().replyTo })
  t.equal((await read(own.referralId, '', call.casework)).referralId, own.referralId)
})

t.test('the bearer of a receipt writes and reads with it', async (t) => {
  const keys = receiptKeysOfNobody()
  const envelope = sealedByReceipt(world, keys)
  const acknowledgement = (await sendPublicly(url, envelope)).body
  const { referralId } = envelope.header
  const one = { envelope, acknowledgement }
  const own = { signer: keys.signing }
  const message = messageOn(world, one, undefined, own)
  const query = `referral=${referralId}`
  t.equal((await asBearer(keys, 'POST', query, message)).status, 201)
  t.equal((await asBearer(keys, 'POST', query, message)).status, 200)
  t.equal((await reply(messageOn(world, one, undefined, replying))).status, 201)
  const state = await fetch(`${url}/v1/receipt`, {
    headers: { authorization: `Receipt ${encodeBase64url(keys.accessTag)}` },
  })
  t.match(await state.json(), { referrals: [{ unread: 1 }] })
  const shown = await asBearer(keys, 'GET', query)
  t.equal(shown.body.messages.length, 2)
  t.equal(shown.body.signed.receipt, keys.receipt)

  const stranger = receiptKeysOfNobody()
  t.equal((await asBearer(stranger, 'GET', query)).status, 404)
  t.equal((await asBearer(stranger, 'POST', query, message)).status, 404)
  const organisations = await referred()
  t.equal((await asBearer(keys, 'GET', `referral=${organisations.referralId}`)).status, 404)

  let last = message
  for (let number = 2; number <= unreadMax; number += 1) {
    last = messageOn(world, one, last, own)
    t.equal((await asBearer(keys, 'POST', query, last)).status, 201)
  }
  last = messageOn(world, one, last, own)
  t.match((await asBearer(keys, 'POST', query, last)).body, { code: 'messages-unread' })
  await readReplies(referralId)
  t.match((await asBearer(keys, 'POST', query, last)).body, { code: 'messages-unread' })
  const pages = await readReplies(referralId)
  t.equal(pages.messages.length, 15)
  t.equal(
    (await read(referralId, `${asRecipient}&after=${pages.next}`, call.casework)).messages.length,
    6,
  )
})

t.test('a reply to be read aloud counts as read when a person says so', async (t) => {
  const one = await refer(built, telephone, { replyTo: replyKeys().replyTo })
  const { referralId } = one
  const answer = messageOn(world, one, undefined, replying)
  await reply(answer, '&deliver=read_aloud&language=amh')
  const state = async () =>
    (await call.casework('GET', `/v1/referrals/${referralId}/state`)).body.unread
  t.equal(await state(), 1)
  const { messageId } = answer.header
  const path = (id: string, by = kid) =>
    `/v1/referrals/${referralId}/messages/${id}/delivery?recipient=${by}&way=read_aloud&language=amh`
  t.equal((await call.casework('POST', path(newId()))).status, 404)
  t.equal((await call.lawFirm('POST', path(messageId))).status, 403)
  t.equal((await call.casework('POST', path(messageId))).status, 204)
  t.equal((await call.casework('POST', path(messageId))).status, 204, 'safe to repeat')
  t.equal(await state(), 0)
  const marks = { deliver: 'read_aloud', language: 'amh' }
  const delivered = { deliveredBy: 'read_aloud', deliveredIn: 'amh' }
  t.match((await readReplies(referralId)).messages, [{ ...marks, ...delivered }])
  t.equal((await sql`select from message_delivery where referral_id = ${referralId}`).length, 1)
})
