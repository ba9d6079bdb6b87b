/**
 * Goal: a block is read as it was written or not at all, however the mail treated it, and none is believed
 * that was put together from others'.
 * Method: one request, admission and change, each changed in every way that somebody on the way could.
 */
import * as fc from 'fast-check'
import t from 'tap'
import { encodeBase64url } from '../../../src/protocol/bytes.ts'
import { thumbprintOf } from '../../../src/protocol/jwk.ts'
import { generateRecipientKey, generateSigningKey } from '../../../src/protocol/keys.ts'
import {
  fingerprintOf,
  isFingerprintOf,
  readBlock,
  writeBlock,
} from '../../../src/protocol/partner/block.ts'
import {
  changeBlock,
  makeChange,
  type PartnerKeyChange,
  readChange,
  requireOldKeys,
} from '../../../src/protocol/partner/change.ts'
import {
  clientJwkOf,
  generateClientKey,
  openClientKey,
  sealClientKey,
} from '../../../src/protocol/partner/clientkey.ts'
import {
  admissionBlock,
  admissionOf,
  makeRequest,
  type PartnerRequest,
  readAdmission,
  readRequest,
  requestBlock,
} from '../../../src/protocol/partner/request.ts'

const newKeys = () => ({
  signing: generateSigningKey(),
  reply: generateRecipientKey(),
  client: generateClientKey(),
})
const keys = newKeys()
const request = makeRequest('Kessingland Law', keys, new Date())
const block = requestBlock(request)
const rootKeys = [encodeBase64url(generateSigningKey().publicKey)]
const given = {
  url: 'https://intake.example.org',
  issuer: 'https://intake.example.org/oauth',
  tokenEndpoint: 'https://intake.example.org/oauth/token',
  trust: { origin: 'intake.example.org', rootKeys, minimumVersion: 3 },
  clientId: '01890a5d-ac96-774b-bcce-b302099a8057',
}

t.test('a block survives what mail does to it', async (t) => {
  t.match(block, /^[\n -~]*$/, 'it is plain ASCII')
  t.ok(block.split('\n').every((line) => line.length <= 64))
  const broken = block.replaceAll(/^(.{40})(.{1,24})$/gm, (line, first, rest) => {
    return line.startsWith('-----') ? line : `${first}\n${rest}`
  })
  const treated = [
    `Dear all,\n\n${block}\n-- \nK.`,
    block.replaceAll(/^/gm, '> '),
    block.replaceAll(/^/gm, '> > '),
    block.replaceAll('\n', '\r\n'),
    block.replaceAll(/^/gm, '    ').replaceAll(/$/gm, '  '),
    broken,
  ]
  for (const text of treated) t.same(readRequest(text), request)
})

t.test('a block that was cut or changed is noticed, wherever', async (t) => {
  const lines = block.trimEnd().split('\n')
  for (const index of lines.keys()) {
    const cut = lines.filter((_, at) => at !== index).join('\n')
    t.throws(() => readRequest(cut), { code: 'block-damaged' }, `without line ${index + 1}`)
  }
  const body = block.indexOf('\n') + 1
  const changing = fc.integer({ min: body, max: block.lastIndexOf('=') + 8 })
  const change = fc.property(changing, (at) => {
    const changed = block.slice(0, at) + (block[at] === 'A' ? 'B' : 'A') + block.slice(at + 1)
    if (block[at] !== '\n') t.throws(() => readRequest(changed), { code: 'block-damaged' })
  })
  await fc.assert(change)
  t.throws(() => readRequest(block + block), { code: 'block-damaged' }, 'two of them')
  t.throws(() => readRequest(''), { code: 'block-damaged' })
  t.throws(() => readRequest('x'.repeat(100_000)), { code: 'block-damaged' }, 'a long one')
  const other = writeBlock('PARTNER ADMISSION', request)
  t.throws(() => readRequest(other), { code: 'block-damaged' }, 'one of another kind')
  t.same(readBlock('PARTNER ADMISSION', other), request)
})

t.test('no key stands in a request but its owner’s', async (t) => {
  const thief = newKeys()
  const theirs = makeRequest('Kessingland Law', thief, new Date(request.madeAt))
  const forged: Record<string, PartnerRequest> = {
    'another label': { ...request, label: 'Kessingland Law LLP' },
    'another time': { ...request, madeAt: '2026-01-01T00:00:00Z' },
    'another signing key': { ...request, signingKey: theirs.signingKey },
    'another reply key': { ...request, replyKey: theirs.replyKey },
    'another client key': { ...request, clientKey: theirs.clientKey },
    'a proof of another': {
      ...request,
      proofs: { ...request.proofs, client: theirs.proofs.client },
    },
    'proofs exchanged': {
      ...request,
      proofs: { signing: request.proofs.client, client: request.proofs.signing },
    },
  }
  for (const [name, value] of Object.entries(forged)) {
    t.throws(() => readRequest(requestBlock(value)), { code: 'block-unproven' }, name)
    t.notOk(isFingerprintOf(value, fingerprintOf(request)), `${name} has another fingerprint`)
  }
  // All made anew it is a request like any other, and only the telephone tells it from the first.
  t.same(readRequest(requestBlock(theirs)), theirs)
  t.notOk(isFingerprintOf(theirs, fingerprintOf(request)))
})

t.test('a label holds nothing that a terminal obeys', async (t) => {
  for (const label of ['a\u001b[2Jb', 'a\nb', 'a\u202eb', '']) {
    t.throws(() => makeRequest(label, keys, new Date()), { code: 'block-damaged' })
    const written = requestBlock({ ...request, label })
    t.throws(() => readRequest(written), { code: 'block-damaged' })
  }
})

t.test('an admission counts for the request that it answers', async (t) => {
  const admission = admissionOf(request, given)
  const answered = admissionBlock(admission)
  t.same(readAdmission(answered, request), admission)
  const other = makeRequest('Kessingland Law', keys, new Date(Date.now() + 1000))
  t.throws(() => readAdmission(answered, other), { code: 'block-unproven' })
  const renamed = admissionBlock({ ...admission, label: 'Others' })
  t.throws(() => readAdmission(renamed, request), { code: 'block-unproven' })
  const more = admissionBlock({ ...admission, trust: { ...given.trust, rootKeys: [] } })
  t.throws(() => readAdmission(more, request), { code: 'block-damaged' })
})

t.test('an admission that sends a key or an assertion over plain HTTP is none', async (t) => {
  for (const host of [
    'http://127.0.0.1:8080',
    'http://localhost',
    'http://[::1]:1',
    'https://a.b',
  ]) {
    const own = { url: host, issuer: `${host}/oauth`, tokenEndpoint: `${host}/oauth/token` }
    t.match(readAdmission(admissionBlock(admissionOf(request, { ...given, ...own })), request), own)
  }
  const admission = admissionOf(request, given)
  for (const host of [
    ...['http://intake.example.org', 'http://127.evil.example', 'http://localhost.evil.example'],
    ...['https://user@a.b', 'http://127.0.0.1:80@evil.example', 'https://a.b\\@evil.example'],
    ...['https://a.b?x', 'https://a.b#x'],
  ]) {
    for (const name of ['url', 'issuer', 'tokenEndpoint']) {
      const block = admissionBlock({ ...admission, [name]: host })
      t.throws(() => readAdmission(block, request), { code: 'block-damaged' }, `${name} ${host}`)
      t.throws(() => admissionOf(request, { ...given, [name]: host }), { code: 'block-damaged' })
    }
  }
  for (const own of ['https://a.b/c', 'https://a.b/', 'https://A.b', 'https://a.b:443']) {
    const block = admissionBlock({ ...admission, url: own })
    t.throws(() => readAdmission(block, request), { code: 'block-damaged' }, `${own} is not ours`)
  }
})

t.test('a change of keys needs both old keys and both new ones', async (t) => {
  const next = newKeys()
  const change = makeChange(given.clientId, keys, next, new Date())
  const recorded = { signingKey: request.signingKey, clientKey: request.clientKey }
  t.same(readChange(changeBlock(change)), change)
  t.doesNotThrow(() => requireOldKeys(change, recorded))

  const thief = newKeys()
  const theirs = makeChange(given.clientId, thief, next, new Date(change.madeAt))
  const { proofs } = change
  const changed: Record<string, PartnerKeyChange> = {
    'another client': { ...change, clientId: '01890a5d-ac96-774b-bcce-b302099a8058' },
    'another signing key': { ...change, signingKey: encodeBase64url(thief.signing.publicKey) },
    'another client key': { ...change, clientKey: clientJwkOf(thief.client) },
    'a proof of an old key for that of a new one': {
      ...change,
      proofs: { ...proofs, signing: proofs.oldSigning },
    },
  }
  for (const [name, value] of Object.entries(changed)) {
    t.throws(() => readChange(changeBlock(value)), { code: 'block-unproven' }, name)
  }
  const half = makeChange(given.clientId, { ...thief, signing: keys.signing }, next, new Date())
  const other = makeChange(given.clientId, { ...thief, client: keys.client }, next, new Date())
  for (const value of [theirs, half, other]) {
    t.throws(() => requireOldKeys(value, recorded), { code: 'block-unproven' })
  }
})

t.test('a fingerprint is thirty digits that may be typed as they were heard', async (t) => {
  const digits = fingerprintOf(request)
  t.match(digits, /^\d{5}( \d{5}){5}$/)
  for (const typed of [digits, digits.replaceAll(' ', ''), digits.replaceAll(' ', ' - ')]) {
    t.ok(isFingerprintOf(request, typed))
  }
  for (const typed of ['', digits.slice(0, -1), `${digits}0`])
    t.notOk(isFingerprintOf(request, typed))
})

t.test(
  'a client key is named by its RFC 7638 thumbprint, and its file opens to itself',
  async (t) => {
    // RFC 8037 appendix A.3.
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
    const thumbprint = 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k'
    t.equal(thumbprintOf({ crv: 'Ed25519', kty: 'OKP', x }), thumbprint)
    const { client } = keys
    t.equal(client.kid, thumbprintOf(clientJwkOf(client)))
    const text = sealClientKey(client, undefined)
    t.same(openClientKey(text), client)
    const stored = JSON.parse(text)
    const stranger = JSON.parse(sealClientKey(generateClientKey(), undefined))
    const mixed = JSON.stringify({ ...stored, secrets: stranger.secrets })
    t.throws(() => openClientKey(mixed), { code: 'key-file-invalid' })
    t.throws(() => openClientKey('{}'), { code: 'key-file-invalid' })
  },
)
