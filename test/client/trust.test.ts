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
import { firstOfMany, rootKey, roots, trust } from './keysets.ts'

const signer = generateSigningKey()
const directoryKey = { kid: signer.kid, publicKey: rootKey(signer) }
const keyset = signKeyset({ ...firstOfMany(), directory: directoryKey }, roots[0])
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
  const now = { directory: second }
  const { url } = await serve(t, ({ path }) => {
    const jws = signDirectory(now.directory, signer)
    const answer =
      path === '/v1/directory'
        ? { directory: jws }
        : { keyset, directorySha256: hashOf(now.directory) }
    return { status: 200, body: JSON.stringify(answer) }
  })
  const client = (pinned: Trust, memory = processMemory()) => {
    const options = { transport: createTransport({ url, token: () => 'x' }), trust: pinned, memory }
    return createDirectories(options, createKeysets(options))
  }
  return { now, client }
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
