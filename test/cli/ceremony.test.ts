import { stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { keysetChangesCommand, keysetTrust } from '../../src/cli/ceremony/ceremony.ts'
import { keysGenerate } from '../../src/cli/ceremony/keys.ts'
import { nextKeyset } from '../../src/cli/host/drafting.ts'
import { openKeyFile, sealKeyFile } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { generateSigningKey, type KeyPair } from '../../src/protocol/keys.ts'
import { acceptDirectory, type Directory } from '../../src/protocol/trust/directory.ts'
import { readPayload } from '../../src/protocol/trust/jws.ts'
import { acceptKeyset, type Keyset } from '../../src/protocol/trust/keyset.ts'
import { compartmentNames } from '../../src/referral/compartment.ts'
import { firstOfMany, nextAfter, rootKey, roots, signKeyset, trust } from '../client/keysets.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { forgedIn, line, planted } from './forged.ts'
import { called, folderOf, intake } from './run.ts'
import { firstChanges, firstKeyset, keys, startWalk } from './walk.ts'

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

t.test('the ceremony of docs/OPERATIONS.md: trust and changes are made by commands', async (t) => {
  const databases = await cloneDatabase()
  t.teardown(() => databases.drop())
  const { done, run, call, read, folder } = await startWalk(t, databases.ownerUrl)
  await done(...keys, firstChanges, ...firstKeyset)
  const kidIn = async (file: string) => JSON.parse(await read(file)).kid as string
  const keyset = readPayload<Keyset>((await read('keyset-1.jws')).trim())
  t.match(keyset, {
    origin: 'intake.test',
    directory: { kid: await kidIn('directory.pub') },
    recipients: [
      { label: 'Casework', kid: await kidIn('casework.pub'), required: true, recovery: false },
      { label: 'Recovery', kid: await kidIn('recovery.pub'), required: true, recovery: true },
    ],
    log: { origin: 'intake.test/v1/audit/logs/1', witnesses: [], quorum: 0 },
  })
  for (const { compartments } of keyset.recipients) t.same(compartments, [...compartmentNames])

  const accepted = JSON.parse(await read('trust.json'))
  t.same(accepted, { origin: 'intake.test', rootKeys: keyset.roots, minimumVersion: 1 })
  t.equal((await stat(join(folder, 'trust.json'))).mode & 0o022, 0, 'nobody else may write to it')
  t.equal(
    acceptKeyset((await read('keyset-1.jws')).trim(), accepted, undefined, new Date()).stale,
    false,
  )

  t.test('a later one changes what is named, and nothing else', async (t) => {
    await done(
      'keys generate --no-passphrase --kind recipient --out clinic.key',
      'keys generate --no-passphrase --out root-c.key',
      `keyset changes --beside keyset-1.jws --out second.json
        --root root-c.pub --without ${await kidIn('root-a.pub')}
        --recipient clinic.pub --label 'The clinic' --compartments narrative,clinical --optional
        --recipient casework.pub --label Cases --compartments all`,
      'keyset draft --changes second.json --out keyset-2.draft.json',
    )
    const args = '--key root-b.key --previous keyset-1.jws --trust trust.json --yes'
    const { code, err } = await run(`keyset sign keyset-2.draft.json --out keyset-2.jws ${args}`)
    t.equal(code, 0, err)
    const changed = err.split('\n').filter((line) => /^- (?!Issued)/.test(line))
    t.same(changed, [
      `- Adds the root key ${JSON.parse(await read('root-c.pub')).publicKey}.`,
      `- Removes the root key ${JSON.parse(await read('root-a.pub')).publicKey}.`,
      `- The recipient Casework (${await kidIn('casework.pub')}) is now called Cases.`,
      `- Adds the recipient The clinic (${await kidIn('clinic.pub')}), not required, who may open ` +
        `clinical, narrative and signs with ${JSON.parse(await read('clinic.pub')).signingKey}.`,
    ])
    await done('keyset publish keyset-2.jws --trust trust.json')
    const both = '--root root-b.pub --root root-c.pub'
    await done(`keyset trust keyset-2.jws ${both} --out second-trust.json`)
    t.match(JSON.parse(await read('second-trust.json')), { minimumVersion: 2 })
  })

  t.test('a referrer’s file opens answers, and is registered by the key that signs', async (t) => {
    await done('keys generate --no-passphrase --kind referrer --out firm.key')
    const { signing, receiving } = openKeyFile(await read('firm.key'), undefined)
    const publicKey = encodeBase64url(signing.publicKey)
    t.same(JSON.parse(await read('firm.pub')), { alg: 'Ed25519', kid: signing.kid, publicKey })
    t.ok(receiving)
    await t.rejects(call(keysGenerate, '--kind signer --out other.key'), {
      message: '--kind is signing, referrer or recipient',
    })
  })

  t.test('trust is written only of roots that are the keyset’s, all of them', async (t) => {
    await done('keys generate --no-passphrase --out thief.key')
    const faults: [string, RegExp][] = [
      ['', /--root is missing/],
      ['--root root-a.pub', /names the root .*, which is not given/],
      ['--root root-a.pub --root root-b.pub --root thief.pub', /does not name it/],
      ['--root thief.pub', /not a keyset that one of the roots given signed/],
      ['--root casework.pub', /casework.pub is not the public half of a signing key/],
    ]
    for (const [roots, message] of faults) {
      await t.rejects(call(keysetTrust, `keyset-1.jws ${roots} --out other.json`), { message })
    }
    await t.rejects(stat(join(folder, 'other.json')))
    const again = 'keyset-1.jws --root root-a.pub --root root-b.pub --out trust.json'
    await t.rejects(call(keysetTrust, again), { code: 'EEXIST' })
  })

  t.test('changes that no keyset could have are not written', async (t) => {
    const recipient = '--recipient casework.pub --label Casework'
    const faults: [string, RegExp][] = [
      ['', /nothing is named to change/],
      ['--label Casework --recipient casework.pub', /--label stands behind the --recipient/],
      [recipient, /--compartments is missing behind --recipient/],
      ['--recipient casework.pub --compartments all', /--label is missing behind --recipient/],
      [`${recipient} --label Cases --compartments all`, /has two --label/],
      [`${recipient} --compartments all,identity`, /--compartments is all, or some of interp/],
      [`${recipient} --compartments identity,identity`, /each once/],
      ['--root root-a.pub --root root-a.pub', /is named twice/],
      ['--root root-a.key', /name the .pub file that stands beside its key/],
      ['--root casework.pub', /not the public half of a signing key/],
      ['--recovery root-a.pub', /not the public half of a recipient's key/],
      ['--log log.pub', /--origin is missing/],
      ['--log log.pub --origin https://intake.test', /--origin is a host name/],
      ['--beside keyset-1.jws --without AAAA', /--without takes the id of a root/],
    ]
    const secret = JSON.parse(await read('root-a.key')).secrets.signing
    for (const [words, message] of faults) {
      const error = await call(keysetChangesCommand, `--out bad.json ${words}`).then(
        () => new Error('it was written'),
        (error: Error) => error,
      )
      t.match(error.message, message, words)
      t.notOk(error.message.includes(secret), 'a key named by mistake is not shown')
    }
    await t.rejects(stat(join(folder, 'bad.json')))
  })

  t.test('a first draft that no root should sign is refused, and told what it lacks', async (t) => {
    const roots = '--root root-a.pub --root root-b.pub'
    const rest = '--directory directory.pub --log log.pub --origin intake.test'
    const casework = '--recipient casework.pub --label Casework --compartments all'
    const recovery = '--recovery recovery.pub'
    const elsewhere = rest.replace('intake.test', 'intake.other')
    const faults: [string, RegExp][] = [
      [roots, /\/directory must be answered[\s\S]*\/recipients must be answered/],
      [`${roots} ${rest} ${casework}`, /\/recipients must be a list of 2/],
      [`--root root-a.pub ${rest} ${casework} ${recovery}`, /\/roots must be a list of 2/],
      [
        `${roots} ${elsewhere} ${casework} ${recovery}`,
        /is intake.other.*, and ORIGIN is intake.t/,
      ],
      [
        `${roots} ${rest} ${casework.replace('all', 'identity')} ${recovery}`,
        /contact is held by fewer than two required recipients/,
      ],
      [
        `${roots} ${rest} ${casework} --recipient recovery.pub --label Other --compartments all`,
        /identity has no recovery key/,
      ],
    ]
    for (const [words, message] of faults) {
      const { value } = await call(keysetChangesCommand, words)
      const drafting = () =>
        nextKeyset(undefined, [value as Partial<Keyset>], { origin: 'intake.test' })
      t.throws(drafting, { code: 'trust-invalid', message }, words)
    }
    const bare = () => nextKeyset(undefined, [], { origin: 'intake.test' })
    t.throws(bare, { message: /--changes is missing: .*`intake keyset changes`/ })
  })
})

t.test('no name of a file that is written passes for a line of the program', async (t) => {
  const { put, previous } = await table(t)
  const halves = roots.map(({ kid, publicKey }, index) => {
    const half = { kid, alg: 'Ed25519', publicKey: encodeBase64url(publicKey) }
    return put(`root-${index}.pub`, JSON.stringify(half))
  })
  const named = (await Promise.all(halves)).flatMap((file) => ['--root', file])
  const trusted = named.slice(0, 2 * first.roots.length)
  const generate = ['generate', '--no-passphrase', '--out']
  for (const [words, name] of [
    [['keys', ...generate], 'a.key'],
    [['matching-key', ...generate], 'b.key'],
    [['keyset', 'changes', ...trusted, '--out'], 'c.json'],
    [['keyset', 'trust', previous, ...trusted, '--out'], 'd.json'],
  ] as const) {
    const file = join(dirname(previous), `\n${line}\n${name}`)
    const ran = await called(t, [...words, file])
    t.equal(ran.code, 0, ran.err)
    t.match(ran.out, `\\u{a}${name}`)
    t.same(forgedIn(ran), [], words.join(' '))
  }
})

t.test('a partner’s key is added by the file of its public half', async (t) => {
  const databases = await cloneDatabase()
  t.teardown(() => databases.drop())
  const { done, run, read } = await startWalk(t, databases.ownerUrl)
  await done('keys generate --no-passphrase --out harbour.key')
  const { organisationId } = JSON.parse(await done("admin organisation add 'Harbour Law' --json"))
  const add = `admin signing-key add --organisation ${organisationId} --public-key`
  const { kid } = JSON.parse(await read('harbour.pub'))
  t.match(await run(`${add} harbour.key`), { code: 1, err: /name the .pub file/ })
  t.match(JSON.parse(await done(`${add} harbour.pub --json`)), { kid })
})

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

t.test('a draft prints no line of its own, whatever is written in any of its places', async (t) => {
  const { draft, root, previous, key, put } = await table(t)
  const [casework, clinic, recovery] = first.recipients
  const sign = (file: string, ...args: string[]) =>
    intake(['keyset', 'sign', file, '--key', root, '--previous', previous, ...args])
  const keysets: Record<string, unknown> = {
    'a label': { recipients: [{ ...casework!, label: planted }, clinic!, recovery!] },
    'the log': { log: { ...first.log, origin: planted } },
    'a witness': { log: { ...first.log, witnesses: [planted] } },
    'the name of a property': { [planted]: planted },
    'one further in': { directory: { ...first.directory, [planted]: 1 } },
    'the origin': { origin: planted },
    'a protocol': { protocols: [planted] },
    'a moment': { issuedAt: planted },
  }
  for (const [place, changes] of Object.entries(keysets)) {
    const file = await draft(nextAfter(first, changes as Partial<Keyset>))
    const ran = await sign(file, '--yes', ...(place === 'a label' ? ['--json'] : []))
    t.match(ran, { code: 1, out: '', err: /trust-invalid/ }, place)
    t.same(forgedIn(ran), [], place)
  }
  const old = { ...first, recipients: [{ ...casework!, label: planted }, clinic!, recovery!] }
  const forged = await put('forged.jws', signKeyset(old, rootA))
  const ran = await intake([
    'keyset',
    'sign',
    await draft(nextAfter(first)),
    '--key',
    root,
    '--previous',
    forged,
    '--yes',
  ])
  t.match(ran, { code: 1, out: '' }, 'nor does the version before')
  t.same(forgedIn(ran), [])

  const signer = generateSigningKey()
  const signingKeys = [
    { kid: signer.kid, publicKey: rootKey(signer), from: '2026-01-01T00:00:00Z' },
  ]
  const referrer = { organisation: '0f0e0d0c-0b0a-4908-8706-050403020100', signingKeys }
  const directories: Record<string, object> = {
    'a label': { referrers: [{ ...referrer, label: planted }] },
    'a property': { referrers: [{ ...referrer, label: 'Harbour Law', [planted]: planted }] },
    'an id': { referrers: [{ ...referrer, label: 'Harbour Law', organisation: planted }] },
  }
  const directoryKey = await key('directory.key', generateSigningKey())
  for (const [place, changes] of Object.entries(directories)) {
    const issuedAt = new Date().toISOString()
    const directory = { origin: 'intake.test', version: 1, issuedAt, grantees: [], ...changes }
    const file = await put('directory.json', JSON.stringify(directory))
    const shown = await intake(['directory', 'sign', file, '--key', directoryKey, '--yes'])
    t.match(shown, { code: 1, out: '', err: /trust-invalid/ }, place)
    t.same(forgedIn(shown), [], place)
  }
  const named = await put(`x\n${line}.json`, '{}')
  for (const args of [
    ['keyset', 'sign', named, '--key', root],
    ['check', named],
    [`\u001b${planted}`],
  ]) {
    t.same(forgedIn(await intake(args)), [], 'nor does the name of a file, or a word of the call')
  }
})

t.test('clients refuse a label that is not one visible line, whoever signed it', async (t) => {
  const [casework, ...others] = first.recipients
  for (const label of ['A\nB', 'A\u202eB', 'A\u200bB', '']) {
    const jws = signKeyset({ ...first, recipients: [{ ...casework!, label }, ...others] }, rootA)
    t.throws(() => acceptKeyset(jws, trust, undefined, new Date()), { code: 'trust-invalid' })
  }
  const label = 'مرکز\u200Cدرمان'
  const jws = signKeyset({ ...first, recipients: [{ ...casework!, label }, ...others] }, rootA)
  t.ok(acceptKeyset(jws, trust, undefined, new Date()))
})
