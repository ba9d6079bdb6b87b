import t from 'tap'
import { createReferrer, processMemory } from '../../src/client/index.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import {
  firstOfMany,
  nextAfter,
  rootKey,
  roots,
  serveKeysets,
  signKeyset,
  trust,
} from './keysets.ts'

const [rootA, rootB, rootC] = roots
const first = firstOfMany()
const second = nextAfter(first, { roots: [rootKey(rootB), rootKey(rootC)] })
const third = nextAfter(second)
const documents = {
  1: signKeyset(first, rootA),
  2: signKeyset(second, rootA),
  3: signKeyset(third, rootC),
}

/** A client that starts anew, with what an earlier one remembered. */
function start(url: string, memory = processMemory(), configured = trust) {
  const signer = generateSigningKey()
  return createReferrer({ url, trust: configured, signer, token: () => '', memory })
}

t.test('an older keyset than was seen before is refused, also after a restart', async (t) => {
  let newest = 2
  const url = await serveKeysets(t, documents, () => newest)
  const memory = processMemory()
  t.equal((await start(url, memory).keyset()).keyset.version, 2)
  newest = 1
  await t.rejects(start(url, memory).keyset(), { code: 'trust-rolled-back' })
  t.equal((await start(url).keyset()).keyset.version, 1, 'only who remembers can tell')
})

t.test('a second keyset of the same version is refused', async (t) => {
  const shown = { ...documents }
  const url = await serveKeysets(t, shown, () => 2)
  const memory = processMemory()
  await start(url, memory).keyset()
  shown[2] = signKeyset({ ...second, revokes: [1] }, rootB)
  await t.rejects(start(url, memory).keyset(), { code: 'trust-rolled-back' })
})

t.test(
  'a root that the newest keyset brought is believed, and one that it dropped is not',
  async (t) => {
    let newest = 1
    const shown: Record<number, string> = { ...documents }
    const url = await serveKeysets(t, shown, () => newest)
    const memory = processMemory()
    await start(url, memory).keyset()
    newest = 3
    t.equal((await start(url, memory).keyset()).keyset.version, 3, 'by way of version 2')
    t.equal((await start(url, memory).keyset()).keyset.version, 3, 'and again')
    newest = 4
    shown[4] = signKeyset(nextAfter(third), rootA)
    await t.rejects(start(url, memory).keyset(), { code: 'trust-invalid' })
    shown[4] = signKeyset(nextAfter(third), rootB)
    t.equal((await start(url, memory).keyset()).keyset.version, 4)
  },
)

t.test('a keyset that drops the root it is signed with is served again and again', async (t) => {
  const url = await serveKeysets(t, documents, () => 2)
  const memory = processMemory()
  await start(url, memory).keyset()
  t.equal((await start(url, memory).keyset()).keyset.version, 2)
})

t.test('a version that forks from the one seen is refused, however far ahead', async (t) => {
  const fork = nextAfter(nextAfter(first, { revokes: [1] }))
  const shown: Record<number, string> = { ...documents, 3: signKeyset(fork, rootB) }
  let newest = 2
  const url = await serveKeysets(t, shown, () => newest)
  const memory = processMemory()
  await start(url, memory).keyset()
  newest = 3
  await t.rejects(start(url, memory).keyset(), { code: 'trust-rolled-back' })
  newest = 200
  shown[200] = signKeyset(nextAfter({ ...third, version: 199 }), rootB)
  await t.rejects(start(url, memory).keyset(), { code: 'trust-invalid' })
})

t.test('a server cannot leave out the version that drops a stolen root', async (t) => {
  const forged = signKeyset(nextAfter(second), rootA)
  const shown: Record<number, string> = { ...documents, 2: documents[1], 3: forged }
  let newest = 1
  const url = await serveKeysets(t, shown, () => newest)
  const memory = processMemory()
  await start(url, memory).keyset()
  newest = 3
  await t.rejects(start(url, memory).keyset(), { code: 'trust-rolled-back' }, 'version 1 again')
  shown[2] = documents[2]
  await t.rejects(start(url, memory).keyset(), { code: 'trust-invalid' }, 'its root is dropped')
})

t.test('trust that was configured anew comes before what is remembered', async (t) => {
  let newest = 1
  const url = await serveKeysets(t, documents, () => newest)
  const memory = processMemory()
  await start(url, memory).keyset()
  newest = 3
  const renewed = { ...trust, rootKeys: [rootKey(rootC)], minimumVersion: 3 }
  t.equal((await start(url, memory, renewed).keyset()).keyset.version, 3)
})

t.test('a damaged memory is not taken for an empty one', async (t) => {
  const url = await serveKeysets(t, documents, () => 1)
  for (const text of ['', '{}', '{"version":0}']) {
    const memory = { load: () => text, save: () => {} }
    await t.rejects(start(url, memory).keyset(), /damaged/)
  }
})

t.test('trust of the wrong form is refused at once', async (t) => {
  t.throws(() => start('https://intake.test', undefined, { ...trust, rootKeys: [] }), /rootKeys/)
})
