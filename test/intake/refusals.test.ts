/**
 * Goal: whatever is wrong with a submission, it is refused with the code of that fault, nothing of
 * it is stored, and nothing of it is repeated to anybody.
 * Method: one valid envelope, spoilt in one place a row, over real HTTP. After each row the number
 * of rows in every table is compared, and the answer, the log and every table are searched for the
 * name that was planted.
 */
import t, { type Test } from 'tap'
import { decodeBase64url, encodeBase64url } from '../../src/protocol/bytes.ts'
import type { Envelope } from '../../src/protocol/envelope/envelope.ts'
import type { SealInput } from '../../src/protocol/envelope/seal.ts'
import { generateRecipientKey, generateSigningKey, type KeyPair } from '../../src/protocol/keys.ts'
import { kidOf } from '../../src/protocol/kid.ts'
import type { Keyset } from '../../src/protocol/trust/keyset.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { planted, requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { keysetReference, publishKeyset } from '../helpers/publish.ts'
import { callerOf, refer, sealed } from '../helpers/referral.ts'
import { asSuperuser, census, untilPaired } from '../helpers/superuser.ts'

const secret = 'Zuleika fled from 4 Dock Street'
// biome-ignore lint/suspicious/noExplicitAny: envelopes are spoilt in ways their type forbids.
type Loose = any

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const { lawFirm, ngo } = world.referring
const asLawFirm = await callerOf(world, url, lawFirm.clientId)
const asNgo = await callerOf(world, url, ngo.clientId)
t.afterEach(() => requireBalanced(sql))

const pathOf = (envelope: Envelope) => `/v1/referrals/${envelope.header.referralId}`

type Sent = Awaited<ReturnType<typeof asLawFirm>>

/** Refused as `code` and `status`, by a whole problem document, with one entry and no other row. */
async function refused(
  t: Test,
  [code, status]: readonly [string, number],
  send: () => Promise<Sent>,
  path: string,
) {
  await untilPaired(sql)
  const before = await census(sql)
  const { status: answered, headers, body } = await send()
  t.equal(answered, status)
  t.match(headers.get('content-type'), /^application\/problem\+json(;|$)/)
  const members = ['type', 'title', 'status', 'detail', 'code', 'stored', 'retry', 'next']
  t.same(
    Object.keys(body).filter((key) => key !== 'errors'),
    [...members, 'instance'],
  )
  t.match(body, { code, status, type: `/problems/${code}`, stored: false })
  t.match(body.retry, /^(never|later|after-refresh)$/)
  for (const text of [body.title, body.detail, body.next]) t.match(text, /.{10}/)

  const after = await census(sql)
  t.same(after, {
    ...before,
    audit_entry: before.audit_entry! + 1,
    audit_opening: before.audit_opening! + 1,
  })
  const [entry] = await sql`
    select object_id, convert_from(leaf, 'UTF8')::jsonb as said from audit_entry
    order by at desc, id desc limit 1`
  t.match(entry?.said, { action: 'referral.submitted', outcome: 'refused', reason: code })
  t.equal(body.instance, `urn:uuid:${entry?.said.request}`)
  t.equal(entry?.object_id, path.split('/').at(-1))
  const said = (JSON.stringify(body) + built.log()).toLowerCase()
  for (const word of planted) t.notOk(said.includes(word), `nobody was told ${word}`)
}

type Row = [
  name: string,
  code: string,
  status: number,
  spoil: (envelope: Loose) => { body: unknown } | undefined,
]

const spoilt: Row[] = [
  ['a property at the top', 'unknown-property', 400, (e) => put(e, secret)],
  ['a property of the header', 'unknown-property', 400, (e) => put(e.header, secret)],
  ['a property of the commitments', 'unknown-property', 400, (e) => put(e.header.commitments, 'x')],
  ['a property of the compartments', 'unknown-property', 400, (e) => put(e.compartments, 'name')],
  ['a property of a wrap', 'unknown-property', 400, (e) => put(e.wraps[1], secret)],
  ['a property of the signature', 'unknown-property', 400, (e) => put(e.signature, 'by')],
  ['a property of replyTo', 'unknown-property', 400, (e) => put(e.header.replyTo, 'telephone')],
  ['a property of the keyset', 'unknown-property', 400, (e) => put(e.header.keyset, 'label')],
  ['an array', 'malformed-request', 400, (e) => ({ body: [e] })],
  ['null', 'malformed-request', 400, () => ({ body: null })],
  ['a region of no list', 'malformed-request', 400, (e) => set(e.header, 'region', secret)],
  ['a message', 'malformed-request', 400, (e) => set(e.header, 'kind', 'message')],
  ['an object for a sealed string', 'not-sealed', 422, (e) => inClear(e, { name: secret })],
  ['prose for a sealed string', 'not-sealed', 422, (e) => inClear(e, secret.repeat(400))],
  ['a few words for a sealed string', 'not-sealed', 422, (e) => inClear(e, secret)],
  ['null for a sealed string', 'not-sealed', 422, (e) => inClear(e, null)],
  ['a sealed string cut short', 'sealed-length', 422, (e) => inClear(e, 'AAAA')],
  ['a length padding never gives', 'sealed-length', 422, (e) => inClear(e, longer(e))],
  ['nine compartments', 'missing-compartment', 422, (e) => cut(e.compartments, 'narrative')],
  ['nine commitments', 'commitments-mismatch', 422, (e) => cut(e.header.commitments, 'legal')],
  ['no signature', 'signature-missing', 422, (e) => cut(e, 'signature')],
  ['an empty signature', 'signature-missing', 422, (e) => set(e, 'signature', null)],
  ['a wrap that is not named', 'wraps-mismatch', 422, (e) => void e.header.sealedTo.pop()],
  ['a named wrap that is not there', 'wraps-mismatch', 422, (e) => void e.wraps.pop()],
  ['a wrap twice', 'wraps-mismatch', 422, (e) => void e.wraps.push(e.wraps[0])],
  ['another protocol', 'unsupported-protocol', 422, (e) => set(e.header, 'protocol', secret)],
  ['a reply key under another id', 'invalid-reply-key', 422, (e) => swapReplyKid(e)],
  ['a changed header', 'signature-invalid', 422, (e) => set(e.header, 'region', 'scotland')],
  ['a changed compartment', 'signature-invalid', 422, (e) => swapTwo(e.compartments)],
  ['a blanked wrap', 'signature-invalid', 422, (e) => blank(e.wraps[1])],
  ['a wrap exchanged for another', 'signature-invalid', 422, (e) => swapWraps(e.wraps)],
  ['another signature', 'signature-invalid', 422, (e) => swapSignature(e)],
  ['a signature by another kid', 'signature-invalid', 422, (e) => swapKid(e.signature)],
]

function put(place: Loose, name: string): undefined {
  place[name] = secret
}
function set(place: Loose, name: string, value: unknown): undefined {
  place[name] = value
}
function cut(place: Loose, name: string): undefined {
  delete place[name]
}
function inClear(envelope: Loose, value: unknown): undefined {
  envelope.compartments.narrative = value
}
function longer(envelope: Loose): string {
  return `${envelope.compartments.narrative}AAAA`
}
function swapReplyKid({ header }: Loose): undefined {
  header.replyTo.kid = generateRecipientKey().kid
}
function swapTwo(compartments: Loose): undefined {
  const { contact, consent } = compartments
  Object.assign(compartments, { contact: consent, consent: contact })
}
function blank(wrap: Loose): undefined {
  wrap.sealedKeys = 'A'.repeat(wrap.sealedKeys.length)
}
function swapWraps([one, two]: Loose): undefined {
  const { kid } = one
  Object.assign(one, { ...two, kid })
}
function swapSignature({ signature }: Loose): undefined {
  signature.value = sealed(world).signature.value
}
function swapKid(signature: Loose): undefined {
  signature.kid = ngo.signing.kid
}

const replyKey = generateRecipientKey()
const replySigning = generateSigningKey()
const replyTo = {
  kid: replyKey.kid,
  publicKey: encodeBase64url(replyKey.publicKey),
  signingKey: encodeBase64url(replySigning.publicKey),
}

t.test(
  'an envelope that is spoilt in one place is refused by the name of that place',
  async (t) => {
    for (const [name, code, status, spoil] of spoilt) {
      await t.test(name, async (t) => {
        const envelope = structuredClone(sealed(world, { replyTo }))
        const { body } = spoil(envelope) ?? { body: envelope }
        const path = pathOf(envelope)
        const text = JSON.stringify(body)
        await refused(t, [code, status], () => asLawFirm('PUT', path, text), path)
      })
    }
  },
)

t.test('a body that is no JSON document is refused before it is read as one', async (t) => {
  const valid = JSON.stringify(sealed(world))
  const json = { 'content-type': 'application/json' }
  const rows: [string, string, number, string, Record<string, string>][] = [
    ['not JSON', 'malformed-json', 400, `{"narrative": ${secret}`, json],
    ['nothing', 'malformed-json', 400, '', json],
    ['a prototype', 'malformed-json', 400, `{"__proto__": "${secret}"}`, json],
    ['text', 'unsupported-media-type', 415, valid, { 'content-type': 'text/plain' }],
    ['a form', 'unsupported-media-type', 415, valid, { 'content-type': secret.slice(0, 7) }],
    ['over 512 KiB', 'body-too-large', 413, `"${secret}${'a'.repeat(524_288)}"`, json],
  ]
  for (const [name, code, status, body, headers] of rows) {
    await t.test(name, async (t) => {
      const path = `/v1/referrals/${newId()}`
      await refused(t, [code, status], () => asLawFirm('PUT', path, body, headers), path)
    })
  }
})

t.test('an envelope for another path or another service is refused', async (t) => {
  const elsewhere = `/v1/referrals/${newId()}`
  const send = () => asLawFirm('PUT', elsewhere, sealed(world))
  await refused(t, ['referral-id-mismatch', 422], send, elsewhere)
  const foreign = sealAs(lawFirm.signing, (keyset) => ({ ...keyset, origin: 'intake.example.org' }))
  const path = pathOf(foreign)
  await refused(t, ['wrong-origin', 422], () => asLawFirm('PUT', path, foreign), path)
})

/** Sealed to something other than the published keyset, which it names all the same. */
function sealAs(
  signer: KeyPair,
  change: (keyset: Keyset) => Keyset,
  changes: Partial<SealInput> = {},
): Envelope {
  const { sha256 } = keysetReference(world.keyset)
  return sealed(world, { signer, keyset: { keyset: change(world.keyset), sha256 }, ...changes })
}

t.test('an envelope that the published documents do not allow is refused', async (t) => {
  const extra = { ...world.keyset.recipients[0]!, ...publicHalf(generateRecipientKey()) }
  const invalidKey = { ...replyTo, publicKey: encodeBase64url(new Uint8Array(1216).fill(255)) }
  const rows: [string, string, Envelope][] = [
    [
      'without a required wrap',
      'missing-recipient',
      sealAs(lawFirm.signing, (k) => ({ ...k, recipients: k.recipients.slice(1) })),
    ],
    [
      'to a key of no keyset',
      'unknown-recipient-key',
      sealAs(lawFirm.signing, (k) => ({ ...k, recipients: [...k.recipients, extra] })),
    ],
    [
      'under a keyset that never was',
      'unknown-keyset',
      sealAs(lawFirm.signing, (k) => ({ ...k, version: 9 })),
    ],
    [
      'under other bytes of a keyset',
      'unknown-keyset',
      sealed(world, { keyset: { keyset: world.keyset, sha256: 'A'.repeat(43) } }),
    ],
    [
      'with match values of no epoch',
      'unknown-matching-epoch',
      sealed(world, {
        matching: { epoch: 3, values: [{ type: 'REF_uan', value: 'A'.repeat(22) }] },
      }),
    ],
    ['by the key of another organisation', 'unknown-signer', sealAs(ngo.signing, (k) => k)],
    ['by a day that is none', 'malformed-request', sealed(world, { respondBy: '2027-02-29' })],
    ['by the day zero', 'malformed-request', sealed(world, { respondBy: '0000-01-01' })],
    [
      'by a receipt',
      'unknown-signer',
      sealed(world, { signer: replySigning, replyTo, receipt: 'A'.repeat(43) }),
    ],
    ['by a key of nobody', 'unknown-signer', sealAs(generateSigningKey(), (k) => k)],
    ['with no key to answer', 'invalid-reply-key', sealed(world, { replyTo: rekey(invalidKey) })],
  ]
  for (const [name, code, envelope] of rows) {
    await t.test(name, async (t) => {
      const path = pathOf(envelope)
      const status = code === 'malformed-request' ? 400 : 422
      await refused(t, [code, status], () => asLawFirm('PUT', path, envelope), path)
    })
  }
})

function publicHalf({ kid, publicKey }: KeyPair) {
  return { kid, publicKey: encodeBase64url(publicKey) }
}

/** An X-Wing key of the right length and the right id that cannot be encapsulated to. */
function rekey(invalid: typeof replyTo) {
  const kid = kidOf('X-Wing', decodeBase64url(invalid.publicKey))
  return { ...invalid, kid }
}

t.test('a known id with other bytes is refused, and nobody learns whose it is', async (t) => {
  const { referralId } = await refer(built)
  const path = `/v1/referrals/${referralId}`
  const answers: Sent[] = []
  const keep = (sending: Promise<Sent>) =>
    sending.then((sent) => {
      answers.push(sent)
      return sent
    })
  const own = sealed(world, { referralId })
  await refused(t, ['referral-id-taken', 409], () => keep(asLawFirm('PUT', path, own)), path)
  const others = sealed(world, { referralId, signer: ngo.signing })
  await refused(t, ['referral-id-taken', 409], () => keep(asNgo('PUT', path, others)), path)
  const [first, second] = answers.map(({ body: { instance: _, ...said } }) => said)
  t.strictSame(first, second)
})

t.test('what may not be superseded is as unknown as what does not exist', async (t) => {
  const theirs = await refer(built, ngo)
  const amended = await refer(built)
  await refer(built, lawFirm, { supersedes: amended.referralId })
  const said = []
  for (const supersedes of [newId(), theirs.referralId, amended.referralId]) {
    const envelope = sealed(world, { supersedes })
    const path = pathOf(envelope)
    let answer: Sent | undefined
    await refused(
      t,
      ['not-found', 404],
      async () => {
        answer = await asLawFirm('PUT', path, envelope)
        return answer
      },
      path,
    )
    const { instance: _, ...rest } = answer!.body
    said.push(rest)
  }
  t.strictSame(said[1], said[0])
  t.strictSame(said[2], said[0])
})

t.test('a keyset is sealed under for as long as the rules say', async (t) => {
  const clinic = publicHalf(generateRecipientKey())
  const recipients = world.keyset.recipients.map((recipient) =>
    recipient.label === 'Clinic' ? { ...recipient, ...clinic } : recipient,
  )
  const second = await publishKeyset(built, { ...world.keyset, recipients })
  const under = (keyset: Keyset) => sealed(world, { keyset: keysetReference(keyset) })
  const refusedUnder = async (keyset: Keyset, code: string) => {
    const envelope = under(keyset)
    const path = pathOf(envelope)
    await refused(t, [code, 422], () => asLawFirm('PUT', path, envelope), path)
  }
  const acceptedUnder = async (keyset: Keyset) => {
    const envelope = under(keyset)
    t.equal((await asLawFirm('PUT', pathOf(envelope), envelope)).status, 201)
    return envelope
  }
  const age = (version: number, days: number) => sql`
    update keyset set published_at = now() - make_interval(days => ${days})
    where version = ${version}`

  t.comment('version 2 is the newest')
  const retired = { ...second, recipients: [...second.recipients, world.keyset.recipients[1]!] }
  const toRetired = sealed(world, {
    keyset: { keyset: retired, sha256: keysetReference(second).sha256 },
  })
  const path = pathOf(toRetired)
  const send = () => asLawFirm('PUT', path, toRetired)
  await refused(t, ['retired-recipient-key', 422], send, path)
  await acceptedUnder(second)
  await age(2, 29)
  const early = await acceptedUnder(world.keyset)
  await age(2, 31)
  await refusedUnder(world.keyset, 'keyset-superseded')

  t.comment('version 3 is the newest and revokes version 2')
  const third = await publishKeyset(built, { ...second, revokes: [2] })
  await acceptedUnder(third)
  await refusedUnder(second, 'keyset-revoked')
  await refusedUnder(world.keyset, 'keyset-superseded')

  t.comment('what is stored stays acknowledged, whatever became of its keyset')
  const again = await asLawFirm('PUT', pathOf(early), early)
  t.equal(again.status, 200)
  t.match(again.body, { referralId: early.header.referralId })
})
