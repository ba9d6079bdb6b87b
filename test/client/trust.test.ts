/** The directory as one client knows it: never older than what was pinned, or seen before. */
import t, { type Test } from 'tap'
import { processMemory } from '../../src/client/memory.ts'
import { createTransport } from '../../src/client/transport.ts'
import { createDirectories, createKeysets } from '../../src/client/trust.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { sha256 } from '../../src/protocol/sodium.ts'
import { type Directory, signDirectory } from '../../src/protocol/trust/directory.ts'
import { signKeyset, type Trust } from '../../src/protocol/trust/keyset.ts'
import { serve } from './between.ts'
import { firstOfMany, nextAfter, rootKey, roots, serveKeysets, trust } from './keysets.ts'

const signer = generateSigningKey()
const directoryKey = { kid: signer.kid, publicKey: rootKey(signer) }
const firstKeyset = { ...firstOfMany(), directory: directoryKey }
const hashOf = (directory: Directory) => encodeBase64url(sha256(canonicalBytes(directory)))

const issuedAt = new Date().toISOString()
const first: Directory = {
  origin: 'intake.test',
  version: 1,
  issuedAt,
  referrers: [],
  grantees: [],
}
const second: Directory = { ...first, version: 2, previous: hashOf(first) }
const third: Directory = { ...first, version: 3, previous: hashOf(second) }

async function serving(t: Pick<Test, 'teardown'>) {
  const now = { directory: second, keyset: signKeyset(firstKeyset, roots[0]), signer }
  const { url, passed } = await serve(t, ({ path }) => {
    const jws = signDirectory(now.directory, now.signer)
    const answer =
      path === '/v1/directory'
        ? { directory: jws }
        : { keyset: now.keyset, directorySha256: hashOf(now.directory) }
    return { status: 200, body: JSON.stringify(answer) }
  })
  const client = (pinned: Trust, memory = processMemory()) => {
    const options = { transport: createTransport({ url, token: () => 'x' }), trust: pinned, memory }
    return createDirectories(options, createKeysets(options))
  }
  return { now, client, passed }
}

t.test('a directory older than one seen before is refused, also after a restart', async (t) => {
  const { now, client } = await serving(t)
  const memory = processMemory()
  t.equal((await client(trust, memory)()).directory.version, 2)
  t.match(memory.load('directory intake.test'), /"version":2/, 'it is remembered')
  now.directory = first
  const running = client(trust, memory)
  for (const attempt of ['at once', 'and again']) {
    await t.rejects(running(), { code: 'trust-rolled-back' }, attempt)
  }
  now.directory = { ...second, issuedAt: new Date(0).toISOString() }
  await t.rejects(client(trust, memory)(), { code: 'trust-rolled-back' }, 'a second version 2')
  now.directory = third
  t.equal((await client(trust, memory)()).directory.version, 3)
  now.directory = second
  await t.rejects(client(trust, memory)(), { code: 'trust-rolled-back' }, 'the newer is remembered')
})

t.test('trust names the oldest directory that a client without a memory believes', async (t) => {
  const { now, client } = await serving(t)
  const pinned = { ...trust, minimumDirectoryVersion: 2 }
  t.equal((await client(pinned)()).directory.version, 2)
  now.directory = first
  await t.rejects(client(pinned)(), { code: 'trust-rolled-back' })
  t.equal((await client(trust)()).directory.version, 1, 'and without it, whatever is signed')
  for (const minimumDirectoryVersion of [0, 1.5, '2']) {
    t.throws(
      () => client({ ...trust, minimumDirectoryVersion } as Trust),
      /minimumDirectoryVersion/,
    )
  }
})

t.test(
  'a client that runs has a new directory within five minutes, and logs no needless read',
  async (t) => {
    const { now, client, passed } = await serving(t)
    const reads = () => passed.filter(({ path }) => path === '/v1/directory').length
    const startedAt = Date.now()
    let minutes = 0
    t.capture(Date, 'now', () => startedAt + minutes * 60_000)
    const running = client(trust)
    const versionAt = async (at: number) => {
      minutes = at
      return (await running()).directory.version
    }
    t.equal(await versionAt(0), 2)
    t.equal(await versionAt(6), 2)
    t.equal(reads(), 1, 'one that has not changed is not read again')
    now.directory = third
    t.equal(await versionAt(7), 2, 'before its keyset is five minutes old it asks for none')
    t.equal(await versionAt(11), 3)
    t.equal(reads(), 2)
    const other = generateSigningKey()
    const directory = { kid: other.kid, publicKey: rootKey(other) }
    now.keyset = signKeyset(nextAfter(firstKeyset, { directory }), roots[0])
    await t.rejects(versionAt(17), { code: 'trust-invalid' }, 'its signing key has been replaced')
    now.signer = other
    t.equal(await versionAt(18), 3, 'the same directory under the new key')
  },
)

t.test('older keysets that do not lead to the newest are asked for again', async (t) => {
  const first = firstOfMany()
  const second = nextAfter(first)
  const shown = {
    1: signKeyset(first, roots[0]),
    2: signKeyset(nextAfter(first, { revokes: [1] }), roots[0]),
    3: signKeyset(nextAfter(second), roots[0]),
  }
  const url = await serveKeysets(t, shown, () => 3)
  const transport = createTransport({ url, token: () => 'x' })
  const keysets = createKeysets({ transport, trust, memory: processMemory() })
  await t.rejects(keysets.backTo(1), { code: 'trust-invalid' })
  shown[2] = signKeyset(second, roots[0])
  const versions = [...(await keysets.backTo(1)).values()].map(({ version }) => version)
  t.same(versions.sort(), [1, 2, 3])
})
