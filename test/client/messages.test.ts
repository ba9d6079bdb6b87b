/**
 * Goal: a question reaches who sent a referral, and the answer those who asked, as they were written; whatever a server
 * leaves out, moves or puts in is named, and nothing is sealed to a referral that is not one's own.
 * Method: the SDK of each side against the real service, and in between a server that lies.
 */
import t from 'tap'
import {
  createPublicReferrer,
  createReader,
  createReferrer,
  newReceipt,
  type Opened,
  processMemory,
} from '../../src/client/index.ts'
import { ownHash } from '../../src/client/sealing.ts'
import { decodeBase64url } from '../../src/protocol/bytes.ts'
import { generateRecipientKey, generateSigningKey } from '../../src/protocol/keys.ts'
import { sealMessage } from '../../src/protocol/messages/message.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { build } from '../helpers/build.ts'
import { keysetReference } from '../helpers/publish.ts'
import { asSuperuser, untilSettled } from '../helpers/superuser.ts'
import { between } from './between.ts'

const built = await build(t)
const { world, url } = built
const { lawFirm } = world.referring
const sql = asSuperuser(t, built.databases)
t.afterEach(() => untilSettled(sql))
const reply = generateRecipientKey()

const partnerAt = (at = url, memory = processMemory(), signer = lawFirm.signing, key = reply) =>
  createReferrer({
    ...{ url: at, trust: world.trust, memory, signer, reply: key },
    token: () => world.token(lawFirm.clientId),
    onUnmatched() {},
  })
const partner = partnerAt()
const readerAt = (at = url, memory = processMemory()) =>
  createReader({
    ...{ url: at, trust: world.trust, recipient: world.recipients.casework, memory },
    token: () => world.token(world.clients.casework),
  })
const casework = readerAt()
const draft = {
  channel: 'legal_representative',
  region: 'unknown',
  referral: { identity: { familyName: 'Okonkwo' } },
} as const

async function openedBy(reader: typeof casework, id: string): Promise<Opened> {
  const opened = await reader.open(await reader.fetch(id))
  if (!opened.opened) throw new Error(opened.step)
  return opened
}

/** A referral of the law firm, as casework opened it. */
async function referred() {
  const acknowledgement = await partner.submit(await partner.seal(draft))
  const { referralId, reference } = acknowledgement
  return { referralId, reference, about: await openedBy(casework, referralId) }
}

/** A server that shows other messages than there are. */
type Page = { messages: { at: string; message: { header: { number: number; from: string } } }[] }
async function lied(lie: (page: Page & Record<string, unknown>) => void) {
  const { url: at } = await between(t, url, (answer, { path }) => {
    if (!path.includes('/messages') || answer.status >= 300) return answer
    const page = JSON.parse(answer.body)
    if (page.messages) lie(page)
    return { ...answer, body: JSON.stringify(page) }
  })
  return at
}

t.test('to and fro between a partner and casework', async (t) => {
  const { referralId, reference, about } = await referred()
  await casework.reply(about, { text: 'Which flight?' }, { way: 'letter', language: 'fra' })
  t.equal((await partner.state(reference)).unread, 1)
  await partner.send(reference, { text: 'BA 75, on Friday.', urgency: 'immediate' })
  t.equal((await partner.state(reference)).unread, 1, 'writing opens nothing')

  const atPartner = await partner.messages(reference)
  t.match(atPartner, { referralId, refused: [], faults: [] })
  t.match(atPartner.messages, [
    { from: 'recipient', number: 1, opened: true, content: { text: 'Which flight?' } },
    { from: 'referrer', number: 1, opened: false, step: 'grant', urgency: 'immediate' },
  ])
  t.match(atPartner.messages[0], {
    writer: { label: 'Casework' },
    deliver: 'letter',
    language: 'fra',
  })
  t.equal((await partner.state(reference)).unread, 0)

  const atCasework = await casework.messages(about)
  t.match(atCasework, { refused: [], faults: [] })
  t.match(atCasework.messages[1], { opened: true, content: { text: 'BA 75, on Friday.' } })
  t.ok(atCasework.messages[0]?.openedAt)
  await casework.delivered(referralId, atPartner.messages[0]?.messageId ?? '', {
    ...{ way: 'letter', language: 'fra' },
  })
  t.match((await casework.messages(about)).messages[0], { deliveredBy: 'letter' })
})

t.test('two that write at once both get their say', async (t) => {
  const { referralId, about } = await referred()
  const texts = ['one', 'two', 'three', 'four']
  await Promise.all(texts.map((text) => partner.send(referralId, { text })))
  const { messages, faults } = await casework.messages(about)
  t.same(
    messages.map((it) => it.opened && (it.content as { text: string }).text).sort(),
    [...texts].sort(),
  )
  t.same(faults, [])
})

t.test('by a receipt, from any device that has its digits', async (t) => {
  const receipt = await newReceipt()
  const make = () => createPublicReferrer({ url, trust: world.trust, memory: processMemory() })
  const first = make()
  const sealed = await first.seal({ ...draft, channel: 'detained_person_web' }, receipt)
  const { referralId } = await first.submit(sealed)
  const about = await openedBy(casework, referralId)
  await casework.reply(about, { text: 'Are you safe?' })
  const later = make()
  t.match(await later.messages(receipt, referralId), {
    messages: [{ opened: true, content: { text: 'Are you safe?' } }],
    faults: [],
  })
  await later.send(receipt, referralId, { text: 'Yes, for now.' })
  t.match((await casework.messages(about)).messages[1], {
    ...{ from: 'referrer', content: { text: 'Yes, for now.' } },
  })
  await t.rejects(later.messages(await newReceipt(), referralId), {
    message: /nothing was sent under/,
  })
  // Whoever sent under a receipt has no colleagues: what another key signed is nobody's of this side.
  const { header } = sealed
  const forged = sealMessage({
    ...{ kind: 'message', from: 'referrer', messageId: newId(), now: new Date(), last: undefined },
    referral: { header, envelopeHash: decodeBase64url(ownHash(sealed), 32) },
    content: { text: 'All is well, close this.' },
    keyset: keysetReference(world.keyset),
    signer: generateSigningKey(),
  })
  const forging = await lied(({ messages }) => {
    messages.splice(1, 1, { ...messages[1]!, message: forged })
  })
  const shown = await createPublicReferrer({ url: forging, trust: world.trust }).messages(
    receipt,
    referralId,
  )
  t.match(shown.refused, [{ step: 'signer' }])
  t.equal(shown.messages.length, 1)
})

t.test('a server that leaves out, exchanges or repeats is found out', async (t) => {
  const { reference, about } = await referred()
  for (const text of ['first', 'second', 'third']) await casework.reply(about, { text })
  const faultsOf = async (lie: Parameters<typeof lied>[0], memory = processMemory()) =>
    (await partnerAt(await lied(lie), memory).messages(reference)).faults
  t.match(await faultsOf((page) => page.messages.splice(1, 1)), [
    /There is no message 2 by the recipient/,
  ])
  const memory = processMemory()
  t.same(await faultsOf(() => {}, memory), [])
  t.match(await faultsOf((page) => page.messages.pop(), memory), [/The newest was 3, and now is 2/])
  const renumbered = await partnerAt(
    await lied(({ messages }) => {
      messages[1]!.message.header.number = 9
    }),
  ).messages(reference)
  t.match(renumbered.refused, [{ step: 'signature' }])

  // What this client wrote is not there any more: it writes nothing in its place.
  const own = processMemory()
  const honest = await between(t, url, (answer) => answer)
  await partnerAt(honest.url, own).send(reference, { text: 'Ours.' })
  const asked = honest.passed.filter(({ method, path }) =>
    `${method} ${path}`.includes('GET /v1/referrals'),
  )
  t.equal(asked.length, 1, 'it is asked once where a message goes')
  const forgetful = await lied((page) => delete page.last)
  await t.rejects(partnerAt(forgetful, own).send(reference, { text: 'Again.' }), {
    message: /written before, is not there/,
  })
})

t.test('a server that has no end of pages, or of others who were first, is left', async (t) => {
  const { reference, about } = await referred()
  await casework.reply(about, { text: 'Which flight?' })
  let copied: Page['messages'][number] | undefined
  type Lie = (page: Page & { next?: number }, after: number) => void
  const ends: Record<string, [Lie, RegExp]> = {
    'the same page again': [(page) => Object.assign(page, { next: 1 }), /no end/],
    'an empty page': [(page) => Object.assign(page, { messages: [], next: 5 }), /no end/],
    'a place before all': [(page) => Object.assign(page, { next: 0 }), /number from 1 on\.$/],
    'a place that none has': [(page) => Object.assign(page, { next: 1_000_000 }), /no end/],
    'more than anybody reads': [
      (page, after) => {
        copied ??= page.messages[0]!
        page.messages = Array.from({ length: 400 }, () => copied!)
        Object.assign(page, { next: after + 1 })
      },
      /over 30 MiB/,
    ],
  }
  for (const [name, [lie, words]] of Object.entries(ends)) {
    let pages = 0
    const { url: at } = await between(t, url, (answer, { path }) => {
      if (!path.includes('/messages')) return answer
      pages += 1
      if (pages > 50) return { ...answer, status: 500, body: '' }
      const page = JSON.parse(answer.body)
      lie(page, Number(new URL(path, url).searchParams.get('after')))
      return { ...answer, body: JSON.stringify(page) }
    })
    await t.rejects(partnerAt(at).messages(reference), { name: 'BadAnswer', message: words }, name)
  }

  let posts = 0
  const { url: at } = await between(t, url, (answer, { method, path }) => {
    if (method !== 'POST' || !path.includes('/messages')) return answer
    posts += 1
    const body = JSON.stringify({ type: '/problems/message-not-next', code: 'message-not-next' })
    return { ...answer, status: posts > 50 ? 500 : 409, body }
  })
  const code = 'message-not-next'
  await t.rejects(partnerAt(at).send(reference, { text: 'On Friday.' }), {
    problem: { code },
  } as object as Error)
  t.equal(posts, 5)
})

t.test('what is shown as one’s own and is not is no place to write to', async (t) => {
  const { reference } = await referred()
  const stranger = partnerAt(url, processMemory(), lawFirm.signing, generateRecipientKey())
  await t.rejects(stranger.messages(reference), { message: /another key to answer to/ })
  const changed = await lied((page) => {
    const signed = page.signed as { header: { urgency: string } }
    signed.header.urgency = 'immediate'
  })
  await t.rejects(partnerAt(changed).send(reference, { text: 'Hello.' }), { message: /not yours/ })
  // Its signing key has changed since: the reply key is still its own.
  const renewed = partnerAt(url, processMemory(), generateSigningKey())
  await t.rejects(renewed.messages(reference), { message: /not yours/ })
})

t.test('what nobody can answer is refused before anything is sent', async (t) => {
  const mute = createReferrer({
    ...{ url, trust: world.trust, signer: lawFirm.signing, onUnmatched() {} },
    token: () => world.token(lawFirm.clientId),
  })
  const { referralId } = await mute.submit(await mute.seal(draft))
  const about = await openedBy(casework, referralId)
  await t.rejects(casework.reply(about, { text: 'Hello?' }), { code: 'reply-key-missing' })
  await t.rejects(casework.reply(about, { text: '' }), { code: 'referral-invalid' })
  await mute.send(referralId, { text: 'But you can be told.' })
  t.match((await mute.messages(referralId)).messages, [{ from: 'referrer', opened: false }])
})
