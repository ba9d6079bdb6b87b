import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { sealKeyFile } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { acceptDirectory, type Directory } from '../../src/protocol/directory.ts'
import { generateSigningKey, type KeyPair } from '../../src/protocol/keys.ts'
import { acceptKeyset, type Keyset } from '../../src/protocol/keyset.ts'
import { firstOfMany, nextAfter, rootKey, roots, signKeyset, trust } from '../client/keysets.ts'
import { folderOf, intake } from './run.ts'

const [rootA, rootB, rootC] = roots
const first = firstOfMany()

async function table(t: Parameters<typeof folderOf>[0]) {
  const folder = await folderOf(t)
  const put = async (name: string, text: string) => {
    const file = join(folder, name)
    await writeFile(file, text, { mode: 0o600 })
    return file
  }
  const key = (name: string, signing: KeyPair) => put(name, sealKeyFile({ signing }, undefined))
  return {
    put,
    key,
    draft: (keyset: unknown) => put('draft.json', JSON.stringify(keyset)),
    trust: () => put('trust.json', JSON.stringify(trust)),
    root: await key('root.key', rootA),
    previous: await put('previous.jws', signKeyset(first, rootA)),
  }
}

t.test('a first keyset is shown whole, and signed as clients accept it', async (t) => {
  const { draft, root } = await table(t)
  const ran = await intake(['keyset', 'sign', await draft(first), '--key', root, '--yes'])
  t.equal(ran.code, 0, ran.err)
  t.match(ran.err, /Keyset 1 for intake\.test is the first/)
  t.match(ran.err, /Adds the recipient Recovery \(.*\), required, for recovery, who may open/)
  t.equal(acceptKeyset(ran.out.trim(), trust, undefined, new Date()).keyset.version, 1)
})

t.test('a change is shown in words before it is signed', async (t) => {
  const { draft, root, previous } = await table(t)
  const [casework, clinic, recovery] = first.recipients
  const next = nextAfter(first, {
    roots: [rootKey(rootA), rootKey(rootC)],
    recipients: [
      casework!,
      { ...clinic!, compartments: [...clinic!.compartments, 'identity'] },
      recovery!,
      { ...firstOfMany().recipients[1]!, label: 'Newcomer', required: false },
    ],
  })
  const args = ['keyset', 'sign', await draft(next), '--key', root, '--previous', previous]
  const unasked = await intake(args)
  t.match(unasked, { code: 2, out: '', err: /nobody is there to ask/ })
  for (const words of [
    'follows version 1',
    `Adds the root key ${rootKey(rootC)}.`,
    `Removes the root key ${rootKey(rootB)}.`,
    `The recipient Clinic (${clinic!.kid}) may also open identity.`,
    'Adds the recipient Newcomer (',
  ]) {
    t.ok(unasked.err.includes(words), words)
  }
  const unchanged = unasked.err.split('\n').filter((line) => line.includes('Casework'))
  t.same(unchanged, [], 'and nothing of what stays as it is')
  const signed = await intake([...args, '--yes'])
  t.equal(signed.code, 0)
  const { sha256 } = acceptKeyset(signKeyset(first, rootA), trust, undefined, new Date())
  t.ok(acceptKeyset(signed.out.trim(), trust, { version: 1, sha256 }, new Date()))
})

t.test('a draft that breaks the rules is not signed, and each fault is told', async (t) => {
  const { draft, root, previous, key } = await table(t)
  const [casework, , recovery] = first.recipients
  const broken: [Partial<Keyset>, RegExp][] = [
    [{ recipients: [casework!, { ...recovery!, recovery: false }] }, /has no recovery key/],
    [{ previous: 'A'.repeat(43) }, /follows another document/],
    [{ colour: 'red' } as Partial<Keyset>, /\/colour/],
  ]
  for (const [changes, words] of broken) {
    const file = await draft(nextAfter(first, changes))
    const args = ['keyset', 'sign', file, '--key', root, '--previous', previous, '--yes']
    t.match(await intake(args), { code: 1, out: '', err: words })
  }
  const file = await draft(nextAfter(first))
  const stranger = await key('stranger.key', generateSigningKey())
  t.match(await intake(['keyset', 'sign', file, '--key', root, '--yes']), { code: 2 })
  t.match(
    await intake(['keyset', 'sign', file, '--key', stranger, '--previous', previous, '--yes']),
    { code: 1, err: /signed neither by this root key nor by one in --trust/ },
  )
})

t.test('a version before that was forged on the host hides no change', async (t) => {
  const { draft, key, put, root, previous, trust } = await table(t)
  const other = await key('other.key', rootB)
  const next = await draft(nextAfter(first))
  const sign = (...args: string[]) => intake(['keyset', 'sign', next, '--yes', ...args])
  t.match(await sign('--key', other, '--previous', previous), { code: 1 })
  const pinned = ['--trust', await trust()]
  t.match(await sign('--key', other, '--previous', previous, ...pinned), { code: 0 })

  const late = await key('late.key', rootC)
  t.match(await sign('--key', late, '--previous', previous, ...pinned), {
    code: 1,
    out: '',
    err: /no client would accept it/,
  })

  const thief = generateSigningKey()
  const forged = { ...first, roots: [...first.roots, rootKey(thief)] }
  const forgery = await put('forged.jws', signKeyset(forged, thief))
  t.match(await sign('--key', root, '--previous', forgery, ...pinned), { code: 1 })
})

t.test('a directory is shown, and signed with the key that the keyset names', async (t) => {
  const { key, put } = await table(t)
  const signer = generateSigningKey()
  const directoryKey = generateSigningKey()
  const publicKey = encodeBase64url(directoryKey.publicKey)
  const keyset = { ...first, directory: { kid: directoryKey.kid, publicKey } }
  const directory: Directory = {
    origin: 'intake.test',
    version: 1,
    issuedAt: new Date().toISOString(),
    referrers: [
      {
        organisation: '0f0e0d0c-0b0a-4908-8706-050403020100',
        label: 'Harbour Law',
        signingKeys: [
          { kid: signer.kid, publicKey: rootKey(signer), from: '2026-01-01T00:00:00Z' },
        ],
      },
    ],
    grantees: [],
  }
  const file = await put('directory.json', JSON.stringify(directory))
  const args = ['directory', 'sign', file, '--key', await key('directory.key', directoryKey)]
  const ran = await intake([...args, '--yes', '--json'])
  t.match(ran.err, `Adds the signing key ${signer.kid} of Harbour Law`)
  const { signed } = JSON.parse(ran.out)
  t.ok(acceptDirectory(signed, keyset, undefined, new Date()))

  const twice = { ...directory, referrers: [...directory.referrers, ...directory.referrers] }
  await put('directory.json', JSON.stringify(twice))
  t.match(await intake([...args, '--yes']), { code: 1, err: /stands in it twice/ })
})
