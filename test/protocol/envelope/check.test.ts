// Goal: the server stores nothing but a whole sealed referral, and says what is wrong with any other.
// Method: one valid envelope, varied in one thing for each code; then random referrals, whose shape
// must not depend on what they say.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import {
  checkEnvelope,
  checkRecipients,
  checkReplyKey,
  checkSignature,
  readEnvelope,
} from '../../../src/protocol/envelope/check.ts'
import {
  permittedSealedBytes,
  plainBytes,
  sealedBytesOf,
} from '../../../src/protocol/envelope/compartment.ts'
import { type Envelope, envelopeBytesMax } from '../../../src/protocol/envelope/envelope.ts'
import { sealReferral } from '../../../src/protocol/envelope/seal.ts'
import { compartmentNames } from '../../../src/referral/compartment.ts'
import type { Referral } from '../../../src/referral/fields.ts'
import * as second from '../second.ts'
import {
  bytesOf,
  codeOf,
  copy,
  fullInput,
  keys,
  keysetPayload,
  origin,
  otherId,
  referral,
  referralId,
  seal,
  seedOf,
} from '../world.ts'

const valid = seal()
const longer = `${'A'.repeat(Math.ceil(((1024 + 28) * 4) / 3) + 4)}`

type Loose = Record<string, unknown> & {
  header: Record<string, unknown> & { replyTo: Record<string, unknown> }
  compartments: Record<string, unknown>
  signature: Record<string, unknown>
  wraps: Record<string, unknown>[]
  matching: { values: Record<string, unknown>[] }
}

/** Everything that is checked without a database, in the server's order. */
function check(envelope: unknown, keyset = keysetPayload, retired = new Set<string>()) {
  const checked = checkEnvelope(readEnvelope(envelope), { referralId, origin })
  checkRecipients(checked.header, keyset, retired)
  checkReplyKey(checked.header)
  checkSignature(checked, keys.partner.publicKey)
  return checked
}

const variations: [string, string, (envelope: Loose) => void][] = [
  ['an unknown property', 'unknown-property', (e) => (e.note = 'plain')],
  ['an unknown header property', 'unknown-property', (e) => (e.header.name = 'plain')],
  ['an eleventh compartment', 'unknown-property', (e) => (e.compartments.other = longer)],
  ['no header', 'malformed-request', (e) => delete (e as Partial<Loose>).header],
  ['a region of no list', 'malformed-request', (e) => (e.header.region = 'paris')],
  ['an id of another version', 'malformed-request', (e) => (e.header.referralId = organisationId)],
  ['no narrative', 'missing-compartment', (e) => delete e.compartments.narrative],
  ['a compartment in the clear', 'not-sealed', (e) => (e.compartments.identity = { name: 'A' })],
  [
    'a compartment of a few words in the clear',
    'not-sealed',
    (e) => (e.compartments.identity = 'A. B.'),
  ],
  ['a compartment with a space', 'not-sealed', (e) => (e.compartments.identity = ` ${longer}`)],
  ['nonzero trailing bits', 'not-sealed', (e) => (e.compartments.legal = respelt(e))],
  ['a length padding never gives', 'sealed-length', (e) => (e.compartments.contact = longer)],
  ['a compartment too short', 'sealed-length', (e) => (e.compartments.contact = 'AAAA')],
  ['another id in the header', 'referral-id-mismatch', (e) => (e.header.referralId = otherId)],
  ['another origin', 'wrong-origin', (e) => (e.header.origin = 'intake.example.com')],
  ['another protocol', 'unsupported-protocol', (e) => (e.header.protocol = 'sealed-referral/2')],
  ['a missing commitment', 'commitments-mismatch', (e) => delete commitments(e).legal],
  ['a malformed commitment', 'commitments-mismatch', (e) => (commitments(e).legal = 'AA')],
  ['a wrap too few', 'wraps-mismatch', (e) => e.wraps.pop()],
  ['a wrap twice', 'wraps-mismatch', (e) => e.wraps.push(e.wraps[0]!)],
  ['a wrap for another', 'wraps-mismatch', (e) => (e.wraps[0]!.kid = keys.volunteer.kid)],
  [
    'keys of a wrap blanked',
    'signature-invalid',
    (e) => (e.wraps[1]!.sealedKeys = 'A'.repeat((e.wraps[1]!.sealedKeys as string).length)),
  ],
  [
    'a wrap encapsulated anew',
    'signature-invalid',
    (e) => (e.wraps[0]!.encapsulated = e.wraps[1]!.encapsulated),
  ],
  ['sealedTo out of order', 'wraps-mismatch', (e) => sealedTo(e).reverse()],
  ['sealedTo twice the same', 'wraps-mismatch', (e) => (sealedTo(e)[1] = sealedTo(e)[0]!)],
  ['no signature', 'signature-missing', (e) => delete (e as Partial<Loose>).signature],
  ['an empty signature', 'signature-missing', (e) => (e.signature = {})],
  ['a signature by another kid', 'signature-invalid', (e) => (e.signature.kid = keys.root.kid)],
  ['another signature', 'signature-invalid', (e) => (e.signature.value = otherSignature)],
  ['another region', 'signature-invalid', (e) => (e.header.region = 'kent')],
  ['another receipt', 'signature-invalid', (e) => (e.receipt = second.b64u(seedOf('other')))],
  ['no receipt', 'signature-invalid', (e) => delete (e as Partial<Loose>).receipt],
  ['no match values', 'signature-invalid', (e) => delete (e as Partial<Loose>).matching],
  ['another epoch', 'signature-invalid', (e) => Object.assign(e.matching, { epoch: 2 })],
  [
    'a reply key of another length',
    'invalid-reply-key',
    (e) => (e.header.replyTo.publicKey = 'AA'),
  ],
  ['a reply key of another id', 'invalid-reply-key', (e) => (e.header.replyTo.kid = keys.root.kid)],
]

const organisationId = '5f8c2a1e-0b7d-4c11-9a54-1d2e3f405162'
const otherSignature = second.b64u(second.signatureOf(keys.partner.secretKey, seedOf('other')))
const commitments = (e: Loose) => e.header.commitments as Record<string, unknown>
const sealedTo = (e: Loose) => e.header.sealedTo as string[]

/** A sealed text whose last letter holds a bit that stands for nothing. */
function respelt(e: Loose): string {
  const sealed = e.compartments.legal as string
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return sealed.slice(0, -1) + letters[letters.indexOf(sealed.at(-1)!) + 1]
}

t.test('a sealed referral passes, with and without its optional parts', async (t) => {
  t.doesNotThrow(() => check(valid))
  const { replyTo, receipt, matching, respondBy, supersedes, ...bare } = fullInput
  const checked = check(sealReferral(bare))
  t.equal(checked.matching, undefined)
  t.equal(checked.matchingHash, undefined)
  t.equal(checked.receipt, undefined)
})

t.test('each thing that is wrong has its code', async (t) => {
  for (const [what, code, vary] of variations) {
    const envelope = copy(valid) as unknown as Loose
    vary(envelope)
    t.equal(
      codeOf(() => check(envelope)),
      code,
      what,
    )
  }
  for (const value of [null, 1, 'x', [], {}]) {
    t.match(
      codeOf(() => check(value)),
      /malformed-request|signature-missing/,
    )
  }
})

t.test('a value that was submitted is in no refusal', async (t) => {
  for (const [what, , vary] of variations) {
    const envelope = copy(valid) as unknown as Loose
    vary(envelope)
    try {
      check(envelope)
    } catch (refusal) {
      const { message } = refusal as Error
      t.notOk(/paris|kent|plain|AAAA|intake\.example\.com/.test(message), `${what}: ${message}`)
    }
  }
})

t.test('recipients are those of the keyset', async (t) => {
  const without = (kid: string) => ({
    ...keysetPayload,
    recipients: keysetPayload.recipients.filter((recipient) => recipient.kid !== kid),
  })
  const gone = keys.interpreters.kid
  t.equal(
    codeOf(() => check(valid, without(gone))),
    'unknown-recipient-key',
  )
  t.equal(
    codeOf(() => check(valid, without(gone), new Set([gone]))),
    'retired-recipient-key',
  )
  const more = { ...keysetPayload.recipients[0]!, kid: keys.volunteer.kid }
  const required = { ...keysetPayload, recipients: [...keysetPayload.recipients, more] }
  t.equal(
    codeOf(() => check(valid, required)),
    'missing-recipient',
  )
  const optional = { ...more, required: false }
  const wanted = { ...keysetPayload, recipients: [...keysetPayload.recipients, optional] }
  t.doesNotThrow(() => check(valid, wanted))
})

t.test('a reply key that nobody could answer to is refused', async (t) => {
  const bad = new Uint8Array(1216).fill(255)
  const header = copy(valid.header)
  header.replyTo = { ...header.replyTo!, publicKey: second.b64u(bad) }
  t.equal(
    codeOf(() => checkReplyKey(header)),
    'invalid-reply-key',
  )
  header.replyTo = { ...valid.header.replyTo!, signingKey: second.b64u(new Uint8Array(32)) }
  t.equal(
    codeOf(() => checkReplyKey(header)),
    'invalid-reply-key',
  )
  t.doesNotThrow(() => checkReplyKey({}))
})

t.test('a signature counts only under the key that the header names', async (t) => {
  const checked = checkEnvelope(valid, { referralId, origin })
  t.equal(
    codeOf(() => checkSignature(checked, keys.replySigning.publicKey)),
    'unknown-signer',
  )
})

t.test('an envelope is taken apart into its exact bytes and hashes', async (t) => {
  const checked = check(valid)
  t.strictSame(checked.headerBytes, second.utf8(second.jcs(valid.header)))
  t.strictSame(checked.headerHash, second.H(second.label('header'), checked.headerBytes))
  t.strictSame(
    checked.compartments.map(({ name }) => name),
    compartmentNames,
  )
  for (const { name, sealed } of checked.compartments) {
    t.strictSame(sealed, bytesOf(valid.compartments[name]))
  }
  t.strictSame(
    checked.wraps.map(({ kid, encapsulated, sealedKeys }) => [kid, encapsulated, sealedKeys]),
    valid.wraps.map((w) => [w.kid, bytesOf(w.encapsulated), bytesOf(w.sealedKeys)]),
  )
  t.strictSame(checked.receipt, bytesOf(valid.receipt!))
  t.strictSame(checked.matching?.[0]?.values[0]?.value, bytesOf(valid.matching!.values[0]!.value))
  t.strictSame(
    checked.matchingHash,
    second.H(second.label('matching'), second.utf8(second.jcs(valid.matching))),
  )
  t.equal(checked.signer, keys.partner.kid)
})

t.test('the same envelope, its keys in another order, has the same hashes', async (t) => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value) || typeof value !== 'object' || value === null) return value
    const members = Object.entries(value).map(([key, member]) => [key, reversed(member)])
    return Object.fromEntries(members.reverse())
  }
  const [a, b] = [check(valid), check(reversed(valid))]
  t.strictSame(a.envelopeHash, b.envelopeHash)
})

t.test('what is said changes nothing that the server sees but permitted lengths', async (t) => {
  const answer = fc.constantFrom('yes', 'no', 'unknown', 'not_asked')
  const name = fc
    .string({ minLength: 1, maxLength: 80, unit: 'grapheme' })
    .map((s) => s.normalize('NFC'))
    .filter((s) => s.trim() !== '')
  const said = fc.record({
    identity: fc.record({ familyName: name }),
    clinical: fc.record({
      requested: fc.constant('not_asked'),
      torture: answer,
      trafficking: answer,
    }),
    narrative: fc.oneof(
      fc.constant({}),
      fc.record({ story: fc.integer({ min: 1, max: 29_000 }).map((n) => 'س'.repeat(n)) }),
    ),
    contact: fc.oneof(fc.constant({}), fc.record({ phone: fc.constant('+447700900123') })),
  })
  const shapes = new Set<string>()
  const lengths = new Set<number>()
  fc.assert(
    fc.property(said, (answers) => {
      const envelope = sealReferral({
        ...fullInput,
        referral: { ...referral, ...answers } as unknown as Referral,
      })
      shapes.add(shapeOf(envelope))
      for (const compartment of compartmentNames) {
        const { length } = bytesOf(envelope.compartments[compartment])
        lengths.add(length)
        if (!permittedSealedBytes(compartment).includes(length)) throw new Error(`${length}`)
      }
    }),
    { numRuns: 1000 },
  )
  t.equal(shapes.size, 1)
  t.ok(lengths.size >= 4, `${lengths.size} lengths`)
  t.ok([...lengths].every((length) => Math.log2(length - 28) % 1 === 0))
})

/** Property names at every depth, with everything whose length is not that of a compartment. */
function shapeOf(value: unknown, path = ''): string {
  if (typeof value === 'string') {
    return path.startsWith('/compartments/') ? path : `${path} ${value.length}`
  }
  if (typeof value !== 'object' || value === null) return path
  return Object.entries(value)
    .map(([key, member]) => shapeOf(member, `${path}/${key}`))
    .sort()
    .join('\n')
}

t.test(
  'any one compartment may be at its largest, for as many readers as there can be',
  async (t) => {
    const base: Envelope = copy(valid)
    const wrap = { ...valid.wraps[0]!, sealedKeys: 'A'.repeat(800) }
    base.wraps = Array.from({ length: 32 }, () => wrap)
    base.header.sealedTo = base.wraps.map(({ kid }) => kid)
    base.matching = {
      epoch: 1_000_000,
      values: Array.from({ length: 40 }, () => ({ type: 'MH3_Y123', value: 'A'.repeat(22) })),
    }
    for (const name of compartmentNames) {
      const largest = copy(base)
      const bytes = Math.max(...permittedSealedBytes(name))
      largest.compartments[name] = 'A'.repeat(Math.ceil((bytes * 4) / 3))
      t.ok(JSON.stringify(largest).length <= envelopeBytesMax, name)
    }
  },
)

/** The numbers of bytes in a sentence of the protocol, which `form` finds there. */
function bytesSaid(form: RegExp): number[] {
  const protocol = readFileSync('docs/PROTOCOL.md', 'utf8').replaceAll(/\s+/g, ' ')
  const [, ...said] = form.exec(protocol) ?? []
  t.equal(said.length > 0, true, String(form))
  return said.map((bytes) => Number(bytes.replaceAll(',', '')))
}

t.test('a compartment has one of the lengths that the protocol names, and no other', async (t) => {
  const range = 'at least ([\\d,]+)(?: bytes)? and at most ([\\d,]+)'
  const [min = 0, max = 0, textMin = 0, textMax = 0] = bytesSaid(
    new RegExp(`next power of two: ${range}; for \`narrative\` ${range}`),
  )
  const [more = 0] = bytesSaid(/It is (\d+) bytes longer than the padded text/)
  for (const name of compartmentNames) {
    const [least, most] = name === 'narrative' ? [textMin, textMax] : [min, max]
    const powers = Array.from({ length: 20 }, (_, exponent) => 2 ** exponent)
    const padded = powers.filter((bytes) => bytes >= least && bytes <= most)
    t.same(
      permittedSealedBytes(name),
      padded.map((bytes) => bytes + more),
      name,
    )
    const around = plainBytes(name, { story: '' }).length
    // The byte 0x80 must fit too.
    const fullest = plainBytes(name, { story: 'a'.repeat(most - 1 - around) })
    t.equal(sealedBytesOf(name, fullest.length), most + more, name)
    const larger = { story: 'a'.repeat(most - around) }
    t.equal(
      codeOf(() => plainBytes(name, larger)),
      'referral-too-large',
      name,
    )
  }
})
