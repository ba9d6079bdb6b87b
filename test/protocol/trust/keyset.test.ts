// Goal: no one but the holder of a root makes a keyset, and no server passes off an older one.
// Method: one good document, varied in one thing; dates by moving `now`.
import t from 'tap'
import { canonicalBytes } from '../../../src/protocol/canonical.ts'
import { sha256, sodium } from '../../../src/protocol/sodium.ts'
import {
  acceptDirectory,
  type Directory,
  signDirectory,
  signerOf,
} from '../../../src/protocol/trust/directory.ts'
import { readPayload, signJws, verifyJws } from '../../../src/protocol/trust/jws.ts'
import {
  acceptKeyset,
  type Keyset,
  keysetChain,
  signKeyset,
} from '../../../src/protocol/trust/keyset.ts'
import { directoryFaults, keysetFaults } from '../../../src/protocol/trust/rules.ts'
import * as second from '../second.ts'
import {
  accepted,
  codeOf,
  copy,
  directory,
  directoryJws,
  directoryPayload,
  keys,
  keysetJws,
  keysetPayload,
  now,
  organisation,
  seedOf,
  text,
  trust,
} from '../world.ts'

const trusted = [{ kid: keys.root.kid, publicKey: keys.root.publicKey }]
const accept = (keyset: Keyset, at = now, seen?: { version: number; sha256: string }) =>
  acceptKeyset(signKeyset(keyset, keys.root), trust, seen, at)
const vary = (change: (keyset: Keyset) => void): Keyset => {
  const keyset = copy(keysetPayload)
  change(keyset)
  return keyset
}
const successor = (change: (keyset: Keyset) => void = () => {}) =>
  vary((keyset) => {
    keyset.version = 2
    keyset.previous = accepted.sha256
    keyset.issuedAt = '2026-11-20T00:00:00Z'
    change(keyset)
  })

t.test('a JWS is a compact one as RFC 7515 and 9864 have it', async (t) => {
  const [header, payload, signature] = keysetJws.split('.')
  t.strictSame(JSON.parse(Buffer.from(header!, 'base64url').toString()), {
    alg: 'Ed25519',
    kid: keys.root.kid,
    typ: 'keyset+jws',
  })
  t.equal(Buffer.from(payload!, 'base64url').toString(), second.jcs(keysetPayload))
  const signed = second.utf8(`${header}.${payload}`)
  t.ok(second.verifies(keys.root.publicKey, signed, second.unb64u(signature!)))
})

t.test('a JWS of any other signer, type or form is refused', async (t) => {
  const [header, payload, signature] = keysetJws.split('.') as [string, string, string]
  const withHeader = (value: object) => {
    const first = second.b64u(second.utf8(JSON.stringify(value)))
    const signed = second.utf8(`${first}.${payload}`)
    return `${first}.${payload}.${second.b64u(second.signatureOf(keys.root.secretKey, signed))}`
  }
  const exact = { alg: 'Ed25519', kid: keys.root.kid, typ: 'keyset+jws' }
  t.doesNotThrow(() => verifyJws(withHeader(exact), 'keyset+jws', trusted), 'as signed here')
  const refused: [string, string][] = [
    ['two parts', `${header}.${payload}`],
    ['four parts', `${keysetJws}.AA`],
    ['another root', signKeyset(keysetPayload, keys.otherRoot)],
    ['another type', signJws('directory+jws', keysetPayload, keys.root)],
    ['alg EdDSA', withHeader({ ...exact, alg: 'EdDSA' })],
    ['alg none', withHeader({ ...exact, alg: 'none' })],
    ['a further header', withHeader({ ...exact, crit: [] })],
    ['an embedded key', withHeader({ ...exact, jwk: {} })],
    ['another payload', `${header}.${second.b64u(seedOf('x'))}.${signature}`],
    ['no signature', `${header}.${payload}.`],
    ['a short signature', `${header}.${payload}.AAAA`],
    ['padding', `${header}.${payload}=.${signature}`],
  ]
  for (const [what, jws] of refused) {
    t.equal(
      codeOf(() => verifyJws(jws, 'keyset+jws', trusted)),
      'trust-invalid',
      what,
    )
  }
  for (const jws of ['', 'a', 'a.!', `${keysetJws}.AA`]) {
    t.equal(
      codeOf(() => readPayload(jws)),
      'trust-invalid',
      `unverified: ${jws.length}`,
    )
  }
  t.strictSame(readPayload(keysetJws), keysetPayload)
  const spaced = second.b64u(second.utf8(JSON.stringify(keysetPayload, null, 1)))
  t.equal(
    codeOf(() => readPayload(`a.${spaced}.b`)),
    'trust-invalid',
    'not canonical',
  )
})

t.test('a keyset signed by a pinned root is accepted, with the hash of its payload', async (t) => {
  t.strictSame(accepted.keyset, keysetPayload)
  t.equal(accepted.sha256, second.b64u(sha256(canonicalBytes(keysetPayload))))
  t.strictSame([accepted.warnings, accepted.stale], [[], false])
})

t.test('a keyset of another form, origin or time is refused', async (t) => {
  const refused: [string, (keyset: Keyset) => void][] = [
    ['another origin', (k) => (k.origin = 'intake.example.com')],
    ['issued six minutes ahead', (k) => (k.issuedAt = '2026-11-22T09:36:00Z')],
    ['a property of no list', (k) => Object.assign(k, { extra: 1 })],
    ['one root', (k) => k.roots.pop()],
    ['one recipient', (k) => k.recipients.splice(1)],
    ['a fault of its rules', (k) => (k.recipients[1]!.recovery = false)],
  ]
  for (const [what, change] of refused) {
    t.equal(
      codeOf(() => accept(vary(change))),
      'trust-invalid',
      what,
    )
  }
  t.doesNotThrow(() => accept(vary((k) => (k.issuedAt = '2026-11-22T09:34:00Z'))), 'four minutes')
})

t.test('an older keyset, or a second one of a version, is refused', async (t) => {
  const seen = { version: 1, sha256: accepted.sha256 }
  t.doesNotThrow(() => accept(keysetPayload, now, seen), 'the same again')
  t.doesNotThrow(() => accept(successor(), now, seen), 'the next')
  const code = 'trust-rolled-back'
  t.equal(
    codeOf(() => accept(keysetPayload, now, { version: 2, sha256: accepted.sha256 })),
    code,
  )
  const twin = vary((k) => (k.log.origin = 'elsewhere'))
  t.equal(
    codeOf(() => accept(twin, now, seen)),
    code,
    'a second version 1',
  )
  const fork = successor((k) => (k.previous = second.b64u(seedOf('x'))))
  t.equal(
    codeOf(() => accept(fork, now, seen)),
    code,
    'follows another version 1',
  )
  t.doesNotThrow(() => accept({ ...fork, version: 3 }, now, seen), 'a gap cannot be checked')
  const pinned = { ...trust, minimumVersion: 2 }
  t.equal(
    codeOf(() => acceptKeyset(keysetJws, pinned, undefined, now)),
    code,
    'older than pinned',
  )
})

t.test('dates warn, and never refuse', async (t) => {
  const at = (day: string) => accept(keysetPayload, new Date(`${day}T00:00:00Z`))
  t.strictSame(at('2027-08-31').warnings, [])
  t.match(at('2027-09-02').warnings, [/within 60 days/])
  t.match(at('2027-10-02').warnings, [/renewed by/, /within 30 days/])
  t.match(at('2027-10-18').warnings[1], /within 14 days/)
  t.match(at('2027-10-25').warnings[1], /within 7 days/)
  t.match(at('2027-10-29').warnings[1], /within 3 days/)
  t.match(at('2027-10-31').warnings[1], /within 1 days/)
  t.equal(at('2027-10-31').stale, false)
  t.equal(at('2027-11-01').stale, true)
  t.match(at('2030-01-01').warnings[1], /expired/)
})

t.test('an old keyset is vouched for by the next, whoever signed it', async (t) => {
  const next = accept(successor())
  const chain = keysetChain(next, [signKeyset(keysetPayload, keys.otherRoot)])
  t.strictSame([...chain.keys()], [next.sha256, accepted.sha256])
  t.strictSame(chain.get(accepted.sha256), keysetPayload)
  const forged = signKeyset(
    vary((k) => (k.log.origin = 'elsewhere')),
    keys.root,
  )
  t.equal(
    codeOf(() => keysetChain(next, [forged])),
    'trust-invalid',
  )
  t.equal(
    codeOf(() => keysetChain(next, [keysetJws, keysetJws])),
    'trust-invalid',
  )
})

t.test('each rule of a keyset is told in words', async (t) => {
  const { partner } = keys
  const point = (name: string) =>
    sodium.crypto_core_ristretto255_from_hash(new Uint8Array([...seedOf(name), ...seedOf(name)]))
  const [a, b] = [point('a'), point('b')]
  const sum = sodium.crypto_core_ristretto255_add(a, b)
  const epoch = (holders: Uint8Array[], publicKey: Uint8Array): Keyset['matching'][number] => ({
    epoch: 1,
    suite: 'ristretto255-SHA512',
    mode: 'VOPRF',
    recipe: 'match-keys/2',
    holders: holders.map(second.b64u),
    publicKey: second.b64u(publicKey),
    types: ['REF'],
    argon2id: { passes: 2, memoryKiB: 19456 },
  })
  t.strictSame(keysetFaults(keysetPayload), [])
  t.strictSame(keysetFaults(vary((k) => k.matching.push(epoch([a, b], sum)))), [])
  const zero = new Uint8Array(32)
  const minus = sodium.crypto_core_ristretto255_sub(zero, a)
  const bad = second.b64u(new Uint8Array(32).fill(255))
  const faults: [RegExp, (keyset: Keyset) => void][] = [
    [/expires before/, (k) => (k.expiresAt = '2026-10-01T00:00:00Z')],
    [/over 13 months/, (k) => (k.expiresAt = '2027-12-02T00:00:00Z')],
    [/less than 30 days/, (k) => (k.refreshBy = '2027-10-03T00:00:00Z')],
    [/fewer than two required/, (k) => k.recipients[0]!.compartments.pop()],
    [/fewer than two required/, (k) => (k.recipients[0]!.required = false)],
    [/no recovery key/, (k) => (k.recipients[1]!.recovery = false)],
    [/is not required/, (k) => (k.recipients[1]!.required = false)],
    [/is not the id of its key/, (k) => (k.recipients[0]!.kid = partner.kid)],
    [/is not the id of its key/, (k) => (k.directory.kid = partner.kid)],
    [
      /not a valid X-Wing key/,
      (k) => (k.recipients[0]!.publicKey = second.b64u(new Uint8Array(1216).fill(255))),
    ],
    [/not a valid Ed25519 key/, (k) => (k.recipients[0]!.signingKey = bad)],
    [/not a valid Ed25519 key/, (k) => (k.roots[0] = bad)],
    [/not a valid Ed25519 key/, (k) => (k.log.publicKeys[0] = bad)],
    [/not a valid Ed25519 key/, (k) => (k.directory.publicKey = bad)],
    [/signing key stands in it twice/, (k) => (k.log.publicKeys[0] = text(keys.root))],
    [/signing key stands in it twice/, (k) => (k.recipients[0]!.signingKey = text(keys.directory))],
    [
      /recipient stands in it twice/,
      (k) => (k.recipients[2] = { ...k.recipients[0]!, signingKey: text(partner) }),
    ],
    [/cannot be revoked/, (k) => k.revokes.push(1)],
    [/more cosignatures/, (k) => (k.log.quorum = 1)],
    [/follows nothing/, (k) => (k.previous = accepted.sha256)],
    [/does not name the version/, (k) => (k.version = 2)],
    [/not the sum/, (k) => k.matching.push(epoch([a, b], a))],
    [/not the sum/, (k) => k.matching.push(epoch([a, minus], zero))],
    [/no valid public key/, (k) => k.matching.push(epoch([zero], zero))],
    [/no valid public key/, (k) => k.matching.push(epoch([seedOf('no point').fill(255)], a))],
    [/matching epoch stands in it twice/, (k) => k.matching.push(epoch([a], a), epoch([b], b))],
  ]
  for (const [words, change] of faults) {
    t.match(keysetFaults(vary(change)).join(' '), words, String(words))
  }
})

t.test(
  'the step from one keyset to the next is checked where the one before is known',
  async (t) => {
    const previous = { payload: keysetPayload, sha256: accepted.sha256 }
    t.strictSame(keysetFaults(successor(), previous), [])
    const faults: [RegExp, (keyset: Keyset) => void][] = [
      [/leaves out a version/, (k) => (k.version = 3)],
      [/follows another document/, (k) => (k.previous = second.b64u(seedOf('x')))],
      [/another origin/, (k) => (k.origin = 'intake.example.com')],
      [/issued before/, (k) => (k.issuedAt = '2026-10-31T00:00:00Z')],
    ]
    for (const [words, change] of faults) {
      t.match(keysetFaults(successor(change), previous).join(' '), words, String(words))
    }
  },
)

t.test('a directory is believed under the directory key of the keyset alone', async (t) => {
  t.strictSame(directory, directoryPayload)
  const byRoot = signDirectory(directoryPayload, keys.root)
  t.equal(
    codeOf(() => acceptDirectory(byRoot, keysetPayload, undefined, now)),
    'trust-invalid',
  )
  const elsewhere = { ...keysetPayload, origin: 'intake.example.com' }
  t.equal(
    codeOf(() => acceptDirectory(directoryJws, elsewhere, undefined, now)),
    'trust-invalid',
  )
  const seen = { version: 2, sha256: accepted.sha256 }
  t.equal(
    codeOf(() => acceptDirectory(directoryJws, keysetPayload, seen, now)),
    'trust-rolled-back',
  )
  const faulty = copy(directoryPayload)
  faulty.grantees[0]!.kid = keys.partner.kid
  const signed = signDirectory(faulty, keys.directory)
  t.equal(
    codeOf(() => acceptDirectory(signed, keysetPayload, undefined, now)),
    'trust-invalid',
  )
})

t.test('each rule of a directory is told in words', async (t) => {
  const faults: [RegExp, (directory: Directory) => void][] = [
    [/is not the id of its key/, (d) => (d.referrers[0]!.signingKeys[0]!.kid = keys.root.kid)],
    [/not a valid Ed25519/, (d) => (d.grantees[0]!.signingKey = second.b64u(new Uint8Array(32)))],
    [/signing key stands in it twice/, (d) => (d.grantees[0]!.signingKey = text(keys.partner))],
    [/organisation stands in it twice/, (d) => d.referrers.push(d.referrers[0]!)],
    [/grantee stands in it twice/, (d) => d.grantees.push(d.grantees[0]!)],
    [/does not name the version/, (d) => (d.version = 2)],
  ]
  t.strictSame(directoryFaults(directoryPayload), [])
  for (const [words, change] of faults) {
    const faulty = copy(directoryPayload)
    change(faulty)
    t.match(directoryFaults(faulty).join(' '), words, String(words))
  }
})

t.test('a signature counts from its first moment until its last or its compromise', async (t) => {
  const key = { until: '2026-12-01T00:00:00Z', compromisedFrom: '2026-11-10T00:00:00Z' }
  const dated = (ends: Partial<typeof key>): Directory => {
    const changed = copy(directoryPayload)
    Object.assign(changed.referrers[0]!.signingKeys[0]!, ends)
    return changed
  }
  const at = (ends: Partial<typeof key>, moment: string) =>
    signerOf(dated(ends).referrers, keys.partner.kid, new Date(moment))?.organisation
  t.equal(at({}, '2026-01-01T00:00:00Z'), organisation)
  t.equal(at({}, '2025-12-31T23:59:59Z'), undefined)
  t.equal(at({ until: key.until }, '2026-11-30T23:59:59Z'), organisation)
  t.equal(at({ until: key.until }, '2026-12-01T00:00:00Z'), undefined)
  t.equal(at(key, '2026-11-09T00:00:00Z'), organisation)
  t.equal(at(key, '2026-11-10T00:00:00Z'), undefined)
  t.equal(signerOf(directory.referrers, keys.root.kid, now), undefined)
  t.strictSame(signerOf(directory.referrers, keys.partner.kid, now), {
    organisation,
    label: 'Example Law Centre',
    publicKey: keys.partner.publicKey,
  })
})
