/**
 * Goal: the service asks holders apart, one or two, and a client can use what comes back.
 * Method: `intake matching-key serve` as processes of their own; a client finalizes the answers, and
 * so verifies them. What goes wrong is in `test/faults/holder.test.ts`.
 */
import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import t from 'tap'
import { createRemoteKeyholders } from '../../src/keyholder/remote.ts'
import { createLogger } from '../../src/log.ts'
import { matchingEpochOf } from '../../src/protocol/matching/matchingkey.ts'
import { generateMatchingKey } from '../../src/protocol/matching/voprf.ts'
import { serviceApart } from '../helpers/apart.ts'
import { argon2id } from '../helpers/build.ts'
import { blindedElements, holderFiles, nameOf, serveKeyholder } from '../helpers/holder.ts'
import { publishKeyset } from '../helpers/publish.ts'

t.test('a holder apart evaluates for the service, which says where the key is', async (t) => {
  const key = generateMatchingKey()
  const files = await holderFiles(t, [key])
  const holder = await serveKeyholder(t, files)
  const { use, built, values, spent } = await serviceApart(t, [key])
  use([holder.url], files.client)
  const [first, again] = [await values(), await values()]
  t.match(first, [{ type: 'N', value: /^[\w-]{22}$/ }])
  t.same(first, again)
  t.equal(await spent(), 2)
  const ready = await fetch(`${built.url}/readyz`)
  t.same(await ready.json(), { status: 'ok', matchingKey: 'apart' })
})

t.test('two holders of two organisations make one value, and neither alone', async (t) => {
  const keys = [generateMatchingKey(), generateMatchingKey()] as const
  const first = await holderFiles(t, [keys[0]])
  const second = await holderFiles(t, [keys[1]], first.trusted)
  const holders = [await serveKeyholder(t, first), await serveKeyholder(t, second)] as const
  const { use, values, evaluate, spent, log } = await serviceApart(t, keys)
  const ca = first.trusted.ca + second.trusted.ca
  // Which holds which key is found out by asking: the order does not matter.
  use([holders[1].url, holders[0].url], { ...first.client, ca })
  const [one, again] = [await values(), await values()]
  t.match(one, [{ type: 'N', value: /^[\w-]{22}$/ }])
  t.same(one, again)
  t.equal(log(), '')

  const { lines } = await holders[1].end()
  t.equal(lines.filter(({ msg }) => msg === 'evaluated').length, 2)
  t.match(await evaluate(5), { status: 503, body: { code: 'matching-unavailable' } })
  t.equal(await spent(), 7, 'the other has counted them')
  t.match(log(), /"reason":"E/)
})

t.test('over the total of the holder the service says until when', async (t) => {
  const key = generateMatchingKey()
  const files = await holderFiles(t, [key])
  const holder = await serveKeyholder(t, files, [], { MATCHING_ELEMENTS_PER_DAY: '10' })
  const { use, evaluate, spent } = await serviceApart(t, [key])
  use([holder.url], files.client)
  t.equal((await evaluate(8)).status, 200)
  const { status, body, headers } = await evaluate(3)
  t.match({ status, body }, { status: 429, body: { code: 'matching-budget-spent' } })
  t.match(headers.get('retry-after'), /^\d+$/)
  t.equal(await spent(), 8)
})

t.test(
  'a new key takes over while both are held, and the service is not started anew',
  async (t) => {
    const [old, young] = [generateMatchingKey(), generateMatchingKey()]
    const files = await holderFiles(t, [old, young])
    const [, oldFile = '', , youngFile = '', ...rest] = files.flags
    const { use, built, values, log } = await serviceApart(t, [old])
    const types = built.world.keyset.matching[0]!.types
    const [first, second] = [
      built.world.keyset.matching[0]!,
      matchingEpochOf(2, [nameOf(young)], { types, argon2id }),
    ]
    const before = await serveKeyholder(t, { flags: ['--key', oldFile, ...rest] })
    const port = ['--port', new URL(before.url).port]
    use([before.url], files.client)
    const kept = await values(first)
    t.equal(await values(second), 'unknown-matching-epoch')

    await before.end()
    const both = await serveKeyholder(t, files, port)
    await publishKeyset(built, { ...built.world.keyset, matching: [first, second] })
    t.same(await values(first), kept)
    const [renewed] = await values(second)
    t.match(renewed, { type: 'N', value: /^[\w-]{22}$/ })
    t.not(renewed.value, kept[0].value, 'the values of two epochs have nothing in common')

    await both.end()
    await serveKeyholder(t, { flags: ['--key', youngFile, ...rest] }, port)
    await publishKeyset(built, { ...built.world.keyset, matching: [second] })
    t.same(await values(second), [renewed])
    t.equal(await values(first), 'matching-unavailable', 'its key is gone')
    t.notMatch(log(), /ECONNRESET/, 'a kept connection that leads nowhere is no fault')
  },
)

t.test('a thread that dies while it verifies is no fault of the holder', async (t) => {
  const key = generateMatchingKey()
  const files = await holderFiles(t, [key])
  const holder = await serveKeyholder(t, files)
  const lines: string[] = []
  const log = createLogger('info', { write: (line: string) => void lines.push(line) })
  const started = once(process, 'worker')
  const remote = createRemoteKeyholders({ urls: [holder.url], certificates: files.client, log })
  t.teardown(() => remote.close())
  await remote.open()
  const [worker] = (await started) as [Worker]
  worker.postMessage = () => void worker.terminate()
  const asked = () => remote.evaluate([nameOf(key)], blindedElements(1))
  await t.rejects(asked(), { code: 'matching-unavailable', counted: true })
  t.match(lines.join(''), /could not be verified on this side/)
  t.match(await asked(), [{ holder: nameOf(key) }], 'and the next thread verifies')
})

t.test('the service answers others while evaluations are verified', async (t) => {
  const key = generateMatchingKey()
  const files = await holderFiles(t, [key])
  const holder = await serveKeyholder(t, files, ['--elements-per-day', '100000'])
  const { use, built, evaluate } = await serviceApart(t, [key])
  use([holder.url], files.client)
  await evaluate(1)
  let settled = 0
  const asked = Array.from({ length: 12 }, () => evaluate(40).finally(() => (settled += 1)))
  let health = 0
  while (settled < asked.length) {
    t.equal((await fetch(`${built.url}/livez`)).status, 200)
    health += 1
  }
  const statuses = (await Promise.all(asked)).map(({ status }) => status)
  t.same([...new Set(statuses)], [200])
  t.ok(health > asked.length, 'more often than there were batches')
})
