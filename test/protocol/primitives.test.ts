// Goal: the pieces under everything are the published ones, and strict.
// Method: outside vectors as they are; a second implementation over other libraries; properties.

import { createHash } from 'node:crypto'
import { CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import { blake2b } from '@noble/hashes/blake2.js'
import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js'
import canonicalize from 'canonicalize'
import fc from 'fast-check'
import sodium from 'libsodium-wrappers'
import t from 'tap'
import { Check } from 'typebox/schema'
import {
  base64urlBytes,
  decodeBase64url,
  encodeBase64url,
  equalBytes,
  label,
} from '../../src/protocol/bytes.ts'
import { canonicalBytes, parseCanonical } from '../../src/protocol/canonical.ts'
import { auditCommitment } from '../../src/protocol/commitment.ts'
import { dammDigit, dammValid } from '../../src/protocol/damm.ts'
import { isReference, makeReference } from '../../src/protocol/envelope/acknowledgement.ts'
import { keySchedule, openBase, sealBase } from '../../src/protocol/envelope/hpke.ts'
import {
  generateRecipientKey,
  generateSigningKey,
  isRecipientPublicKey,
  isSigningPublicKey,
} from '../../src/protocol/keys.ts'
import { kidOf } from '../../src/protocol/kid.ts'
import { sign, verify } from '../../src/protocol/signature.ts'
import { hash, keyedHash, randomBytes, sha256 } from '../../src/protocol/sodium.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { UuidV7 } from '../../src/referral/format.ts'
import jcsVectors from '../vectors/rfc8785.json' with { type: 'json' }
import hpke from '../vectors/rfc9180-a2.json' with { type: 'json' }
import xwing from '../vectors/xwing-draft.json' with { type: 'json' }
import * as second from './second.ts'
import { codeOf, hex, keys, seedOf, unhex } from './world.ts'

t.test('X-Wing is that of the draft, in libsodium and in noble', async (t) => {
  for (const { seed, eseed, pk, ct, ss } of xwing) {
    const pair = sodium.crypto_kem_xwing_seed_keypair(unhex(seed))
    t.equal(hex(pair.publicKey), pk)
    const sent = sodium.crypto_kem_xwing_enc_deterministic(unhex(pk), unhex(eseed))
    t.equal(hex(sent.ciphertext), ct)
    t.equal(hex(sent.sharedSecret), ss)
    t.equal(hex(sodium.crypto_kem_xwing_dec(unhex(ct), unhex(seed))), ss)
    t.equal(hex(ml_kem768_x25519.decapsulate(unhex(ct), unhex(seed))), ss)
  }
})

t.test('the HPKE key schedule is that of RFC 9180 appendix A.2.1', async (t) => {
  const secret = unhex(hpke.shared_secret)
  const { key, baseNonce } = keySchedule(hpke.kem_id, secret, unhex(hpke.info))
  t.equal(hex(key), hpke.key)
  t.equal(hex(baseNonce), hpke.base_nonce)
  const { pt, aad, ct } = hpke.encryption
  const sealed = sodium.crypto_aead_chacha20poly1305_ietf_encrypt(
    unhex(pt),
    unhex(aad),
    null,
    baseNonce,
    key,
  )
  t.equal(hex(sealed), ct)
})

t.test('the copy of that vector opens with @hpke/core', async (t) => {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new second.ChaCha20Poly1305(),
  })
  const { pt, aad, ct } = hpke.encryption
  const receiver = await suite.createRecipientContext({
    recipientKey: await suite.kem.deserializePrivateKey(unhex(hpke.skRm)),
    enc: unhex(hpke.enc),
    info: unhex(hpke.info),
  })
  t.equal(hex(new Uint8Array(await receiver.open(unhex(ct), unhex(aad)))), pt)
})

t.test('what HPKE seals opens under the same info and key, and under no other', async (t) => {
  const info = seedOf('info')
  const { publicKey, secretKey } = keys.casework
  const sealed = sealBase(publicKey, info, seedOf('plain'), randomBytes(64))
  t.strictSame(openBase(secretKey, info, sealed), seedOf('plain'))
  t.equal(openBase(keys.recovery.secretKey, info, sealed), undefined)
  t.equal(openBase(secretKey, seedOf('other info'), sealed), undefined)
  t.equal(openBase(secretKey, info, { ...sealed, encapsulated: new Uint8Array(7) }), undefined)
})

t.test('canonical JSON is that of RFC 8785, for the values that may be sealed', async (t) => {
  // JCS does not normalise strings and writes fractions; what would be sealed may hold neither.
  const outside = ['unicode', 'weird', 'values']
  for (const { name, input, outputHex } of jcsVectors) {
    const value = JSON.parse(input)
    const expected = unhex(outputHex.replaceAll(' ', ''))
    t.strictSame(second.utf8(canonicalize(value)!), expected, `the library: ${name}`)
    if (outside.includes(name))
      t.equal(
        codeOf(() => canonicalBytes(value)),
        'malformed-request',
      )
    else t.strictSame(canonicalBytes(value), expected, name)
  }
})

t.test('a value with more than one reading is refused, wherever it stands', async (t) => {
  const refused: [string, unknown][] = [
    ['a fraction', 1.5],
    ['an integer past 2^53 - 1', 2 ** 53],
    ['no number', Number.NaN],
    ['undefined', undefined],
    ['a Date', new Date(0)],
    ['bytes', Uint8Array.of(1)],
    ['a bigint', 1n],
    ['a function', () => 1],
    ['half a surrogate pair', 'a\ud800'],
    ['not NFC', 'e\u0301'],
    ['a key that is not NFC', { 'e\u0301': 1 }],
  ]
  for (const [what, value] of refused) {
    t.equal(
      codeOf(() => canonicalBytes(value)),
      'malformed-request',
      what,
    )
    t.equal(
      codeOf(() => canonicalBytes({ a: [value] })),
      'malformed-request',
      `${what}, inside`,
    )
  }
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  t.equal(
    codeOf(() => canonicalBytes(cycle)),
    'malformed-request',
    'a cycle',
  )
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
  t.doesNotThrow(() => canonicalBytes(nested(32)))
  t.equal(
    codeOf(() => canonicalBytes(nested(33))),
    'malformed-request',
    '33 levels',
  )
})

t.test('what is canonical reads back, and nothing else does', async (t) => {
  const values = fc.jsonValue({ noUnicodeString: false }).filter((value) => {
    return codeOf(() => canonicalBytes(value)) === undefined
  })
  fc.assert(
    fc.property(values, (value) => {
      const bytes = canonicalBytes(value)
      t.equal(Buffer.from(bytes).toString(), second.jcs(value))
      t.strictSame(canonicalBytes(parseCanonical(bytes)), bytes)
    }),
    { numRuns: 200 },
  )
  for (const spelt of [
    '{ }',
    '{"b":1,"a":1}',
    '{"a":1,"a":1}',
    '1.0',
    '-0',
    '"\\u0041"',
    '\ufeff1',
    '',
    'x',
  ]) {
    t.equal(
      codeOf(() => parseCanonical(second.utf8(spelt))),
      'malformed-request',
      spelt,
    )
  }
  t.equal(
    codeOf(() => parseCanonical(Uint8Array.of(0x22, 0xff, 0x22))),
    'malformed-request',
  )
})

t.test('random bytes are random in every place', async (t) => {
  const draws = Array.from({ length: 64 }, () => randomBytes(32))
  for (let index = 0; index < 32; index += 1) {
    const seen = new Set(draws.map((bytes) => bytes[index]))
    // 64 draws of a byte that is random show under 20 values once in 10^20 tries.
    t.ok(seen.size >= 20, `${seen.size} values at ${index}`)
  }
})

t.test('bytes have one spelling in base64url', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = encodeBase64url(bytes)
      t.equal(text, second.b64u(bytes))
      t.strictSame(decodeBase64url(text, bytes.length), bytes)
      t.equal(
        codeOf(() => decodeBase64url(text, bytes.length + 1)),
        'malformed-request',
      )
    }),
  )
  for (const text of ['AA==', 'AB', 'A', 'A A', 'AA\n', 'A+', 'A/', 'é', 'AAB']) {
    t.equal(base64urlBytes(text), undefined, text)
    t.equal(
      codeOf(() => decodeBase64url(text)),
      'malformed-request',
      text,
    )
  }
})

t.test('hashes and kids are those of the second implementation', async (t) => {
  const [a, b, k] = [seedOf('a'), seedOf('b'), seedOf('k')]
  t.strictSame(hash(a, b), second.H(a, b))
  t.strictSame(keyedHash(k, a, b), second.H_k(k, a, b))
  t.strictSame(label('kid'), second.label('kid'))
  t.equal(
    hex(sha256(new Uint8Array())),
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  )
  for (const algorithm of ['X-Wing', 'Ed25519', 'ristretto255'] as const) {
    t.equal(kidOf(algorithm, a), second.kidOf(algorithm, a))
  }
  t.equal(kidOf('Ed25519', a).length, 22)
})

t.test('bytes are equal only if all are', async (t) => {
  t.ok(equalBytes(seedOf('a'), seedOf('a')))
  t.notOk(equalBytes(seedOf('a'), seedOf('b')))
  t.notOk(equalBytes(seedOf('a'), seedOf('a').subarray(1)))
})

t.test('key pairs are those of their seeds, and fresh ones differ', async (t) => {
  const recipient = generateRecipientKey()
  const signer = generateSigningKey()
  t.strictSame(recipient.publicKey, second.receivingPublicKey(recipient.secretKey))
  t.strictSame(signer.publicKey, second.signingPublicKey(signer.secretKey))
  t.equal(recipient.kid, second.kidOf('X-Wing', recipient.publicKey))
  t.equal(signer.kid, second.kidOf('Ed25519', signer.publicKey))
  t.not(generateRecipientKey().kid, recipient.kid)
  t.not(generateSigningKey().kid, signer.kid)
})

t.test('a key that could not be used is told from one that could', async (t) => {
  t.ok(isRecipientPublicKey(keys.casework.publicKey))
  t.notOk(isRecipientPublicKey(new Uint8Array(1216).fill(255)), 'ML-KEM coefficients over q')
  t.ok(isSigningPublicKey(keys.partner.publicKey))
  t.notOk(isSigningPublicKey(Uint8Array.of(1, ...new Uint8Array(31))), 'the identity')
  t.notOk(isSigningPublicKey(new Uint8Array(32).fill(255)), 'not reduced')
})

t.test('Ed25519 agrees with noble, and refuses an unreduced scalar', async (t) => {
  const { publicKey, secretKey } = keys.partner
  const message = seedOf('message')
  const signature = sign(secretKey, message)
  t.strictSame(signature, second.signatureOf(secretKey, message))
  t.ok(verify(publicKey, message, signature))
  t.notOk(verify(publicKey, seedOf('other'), signature))
  t.notOk(verify(keys.root.publicKey, message, signature))
  // S + L names the same scalar (RFC 8032 section 5.1.7 wants S < L): one signature, two spellings.
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const scalar = Buffer.from(signature.slice(32)).reverse().toString('hex')
  const raised = (BigInt(`0x${scalar}`) + order).toString(16).padStart(64, '0')
  const malleable = new Uint8Array([
    ...signature.slice(0, 32),
    ...Buffer.from(raised, 'hex').reverse(),
  ])
  t.notOk(verify(publicKey, message, malleable))
})

t.test('the check digit finds each wrong digit and each swap of neighbours', async (t) => {
  t.equal(dammDigit('572'), '4', "the worked example of Damm's thesis")
  const ten = [...'0123456789']
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9]{1,24}$/), fc.nat(), (digits, at) => {
      const whole = digits + dammDigit(digits)
      t.ok(dammValid(whole))
      const i = at % whole.length
      const others = ten.filter((digit) => digit !== whole[i])
      t.notOk(others.some((digit) => dammValid(whole.slice(0, i) + digit + whole.slice(i + 1))))
      const swapped = whole.slice(0, i) + (whole[i + 1] ?? '') + whole[i] + whole.slice(i + 2)
      t.equal(dammValid(swapped), swapped === whole)
    }),
  )
  for (const text of ['', '0', '57x4', '५७२४']) t.notOk(dammValid(text), text)
})

t.test('a reference is seven digits and their check digit', async (t) => {
  const references = Array.from({ length: 50 }, () => makeReference(newId(), 1))
  t.ok(references.every((reference) => /^[0-9]{8}$/.test(reference) && dammValid(reference)))
  t.ok(new Set(references).size > 40)
  t.ok(references.every(isReference))
  t.notOk(isReference('5724'), 'valid digits, but too few')
})

t.test(
  'a referral that is sent again gets the reference it had, and another if that is taken',
  async (t) => {
    const id = '01935f3a-7c00-7000-8000-000000000001'
    const expected = (tries: number) => {
      const hex = createHash('sha256').update(`reference ${id} ${tries}`).digest('hex')
      return String(BigInt(`0x${hex.slice(0, 16)}`) % 10_000_000n).padStart(7, '0')
    }
    for (const tries of [1, 2, 5]) t.equal(makeReference(id, tries).slice(0, 7), expected(tries))
    t.not(makeReference(id, 1), makeReference(id, 2))
  },
)

t.test('ids are of version 7 and ascend', async (t) => {
  const ids = Array.from({ length: 20 }, newId)
  t.ok(ids.every((id) => Check(UuidV7, id)))
  t.strictSame([...ids].sort(), ids)
})

t.test('an audit commitment is bound to its name, its salt and its value', async (t) => {
  const salt = seedOf('salt')
  const value = { client: 'a', organisation: 'b' }
  const expected = blake2b(
    second.join(second.label('audit actor'), salt, second.utf8(second.jcs(value))),
    { dkLen: 32 },
  )
  t.equal(auditCommitment('actor', salt, value), second.b64u(expected))
  const others = [
    auditCommitment('details', salt, value),
    auditCommitment('actor', seedOf('other salt'), value),
    auditCommitment('actor', salt, { ...value, client: 'c' }),
  ]
  t.notOk(others.includes(second.b64u(expected)))
})
