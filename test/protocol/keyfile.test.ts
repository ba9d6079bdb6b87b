// Goal: a key file opens for who has the passphrase, and for nobody with a file that was changed.
// Method: files sealed here are opened at full cost once; all else on a cheap file, sealed by noble.
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { argon2id } from '@noble/hashes/argon2.js'
import t from 'tap'
import { needsPassphrase, openKeyFile, sealKeyFile } from '../../src/protocol/keyfile.ts'
import * as second from './second.ts'
import { codeOf, keys, seedOf } from './world.ts'

const recipient = { signing: keys.caseworkSigning, receiving: keys.casework }

/** A file as another program would write it, at the least cost there is. */
function cheapFile(passphrase: string, secrets: object = honestSecrets): Record<string, never> {
  const half = (key: { kid: string; publicKey: Uint8Array }) => ({
    kid: key.kid,
    publicKey: second.b64u(key.publicKey),
  })
  const shown = { v: 1, signing: half(recipient.signing), receiving: half(recipient.receiving) }
  const [salt, nonce] = [seedOf('salt').slice(0, 16), seedOf('nonce').slice(0, 12)]
  const key = argon2id(second.utf8(passphrase), salt, { t: 1, m: 8, p: 1, dkLen: 32 })
  const cipher = chacha20poly1305(key, nonce, second.utf8(second.jcs(shown)))
  return {
    ...shown,
    sealed: {
      argon2id: { passes: 1, memoryKiB: 8, salt: second.b64u(salt) },
      nonce: second.b64u(nonce),
      secrets: second.b64u(cipher.encrypt(second.utf8(second.jcs(secrets)))),
    },
  } as never
}

const honestSecrets = {
  signing: second.b64u(recipient.signing.secretKey),
  receiving: second.b64u(recipient.receiving.secretKey),
}

t.test('a sealed file opens under its passphrase and holds no secret in the clear', async (t) => {
  const file = sealKeyFile(recipient, 'pässword')
  t.ok(needsPassphrase(file))
  t.strictSame(openKeyFile(file, 'pa\u0308ssword'), recipient, 'in another Unicode form')
  for (const secret of Object.values(honestSecrets)) t.notOk(file.includes(secret))
  t.match(JSON.parse(file).sealed.argon2id, { passes: 3, memoryKiB: 262144 })
})

t.test('a file without a passphrase opens without one', async (t) => {
  const file = sealKeyFile({ signing: keys.partner }, undefined)
  t.notOk(needsPassphrase(file))
  t.strictSame(openKeyFile(file), { signing: keys.partner })
  t.strictSame(openKeyFile(sealKeyFile(recipient, undefined), 'not needed'), recipient)
})

t.test("another program's file opens, at the cost that it names", async (t) => {
  t.strictSame(openKeyFile(JSON.stringify(cheapFile('x')), 'x'), recipient)
})

t.test('a wrong or missing passphrase is told from a broken file', async (t) => {
  const file = JSON.stringify(cheapFile('right'))
  t.equal(
    codeOf(() => openKeyFile(file, 'wrong')),
    'passphrase-wrong',
  )
  t.equal(
    codeOf(() => openKeyFile(file)),
    'passphrase-wrong',
  )
  const broken: [string, (file: Record<string, Record<string, never>>) => void][] = [
    ['an unknown version', (f) => Object.assign(f, { v: 2 })],
    ['no keys at all', (f) => delete f.sealed],
    ['an unknown property', (f) => Object.assign(f, { comment: 'x' })],
    ['4 GiB', (f) => Object.assign(f.sealed!.argon2id!, { memoryKiB: 4 * 1024 * 1024 })],
    ['17 passes', (f) => Object.assign(f.sealed!.argon2id!, { passes: 17 })],
  ]
  for (const [what, spoil] of broken) {
    const spoilt = cheapFile('right')
    spoil(spoilt)
    t.equal(
      codeOf(() => openKeyFile(JSON.stringify(spoilt), 'right')),
      'key-file-invalid',
      what,
    )
  }
  for (const text of ['', 'x', 'null', '[]']) {
    t.equal(
      codeOf(() => openKeyFile(text, 'x')),
      'key-file-invalid',
      text,
    )
  }
})

t.test('a public key that is not that of its secret is refused', async (t) => {
  const swapped = cheapFile('x') as Record<string, unknown>
  swapped.signing = { kid: keys.root.kid, publicKey: second.b64u(keys.root.publicKey) }
  t.equal(
    codeOf(() => openKeyFile(JSON.stringify(swapped), 'x')),
    'passphrase-wrong',
    'sealed',
  )
  const open = JSON.parse(sealKeyFile({ signing: keys.partner }, undefined))
  open.secrets.signing = second.b64u(seedOf('another'))
  t.equal(
    codeOf(() => openKeyFile(JSON.stringify(open))),
    'key-file-invalid',
    'open',
  )
  const other = { ...honestSecrets, receiving: second.b64u(seedOf('another')) }
  const exchanged = JSON.stringify(cheapFile('x', other))
  t.equal(
    codeOf(() => openKeyFile(exchanged, 'x')),
    'key-file-invalid',
    'exchanged inside',
  )
  const odd = JSON.stringify(cheapFile('x', { signing: 7 }))
  t.equal(
    codeOf(() => openKeyFile(odd, 'x')),
    'key-file-invalid',
    'malformed inside',
  )
})
