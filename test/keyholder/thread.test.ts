/** Goal: what the evaluating thread and the count of the day do when something breaks under them. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { embedKeyholder } from '../../src/keyholder/embedded.ts'
import { createThread } from '../../src/keyholder/thread.ts'
import { createTotal } from '../../src/keyholder/total.ts'
import { createLogger } from '../../src/log.ts'
import { decodeBase64url } from '../../src/protocol/bytes.ts'
import { sealMatchingKey } from '../../src/protocol/matching/matchingkey.ts'
import { generateMatchingKey, verifyEvaluation } from '../../src/protocol/matching/voprf.ts'
import { blindedElements, nameOf } from '../helpers/holder.ts'

async function folderOf(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-thread-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const blinded = (count: number) => blindedElements(count).map((text) => decodeBase64url(text, 32))

t.test('a thread that could not open its key tries again when it is asked again', async (t) => {
  const file = join(await folderOf(t), 'matching.json')
  const thread = createThread([{ file, passphrase: undefined }])
  t.teardown(() => thread.close())
  await t.rejects(thread.publicKeys(), { message: /no such file/ })
  await t.rejects(thread.evaluate('any', blinded(1)), { message: /no such file/ })
  const key = generateMatchingKey()
  await writeFile(file, sealMatchingKey(key, undefined), { mode: 0o600 })
  t.same(await thread.publicKeys(), [nameOf(key)])
  const elements = blinded(3)
  const evaluated = await thread.evaluate(nameOf(key), elements)
  verifyEvaluation(key.publicKey, elements, evaluated.elements, evaluated.proof)
  await t.rejects(thread.evaluate('another', elements), { code: 'not-found' })
  await t.rejects(thread.evaluate(nameOf(key), [new Uint8Array(32)]), { code: 'element-invalid' })
})

t.test('a thread that ends fails what it was asked, and the next one starts', async (t) => {
  const thread = createThread([])
  t.teardown(() => thread.close())
  const key = generateMatchingKey()
  const verify = { holder: key.publicKey, blinded: blinded(40), elements: blinded(40) }
  const proof = new Uint8Array(64).fill(1)
  await thread.publicKeys()
  const asked = thread.verify({ ...verify, proof })
  const failed = t.rejects(asked, { message: 'the evaluating thread ended' })
  await thread.close()
  await failed
  await t.rejects(thread.verify({ ...verify, proof }), { code: 'proof-invalid' })
})

t.test('a count that cannot be written down is not given out', async (t) => {
  const folder = await folderOf(t)
  await writeFile(join(folder, 'file'), '')
  const nowhere = { file: join(folder, 'file', 'total.json'), elementsPerDay: 10, alarm: () => {} }
  await t.rejects(createTotal(nowhere).charge(1))

  const file = join(folder, 'total.json')
  const total = createTotal({ file, elementsPerDay: 10, alarm: () => {} })
  const outcomes = await Promise.allSettled([4, 4, 4, 2].map((count) => total.charge(count)))
  t.same(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'refused')),
    [4, 8, 'refused', 10],
  )
  t.match(JSON.parse(await readFile(file, 'utf8')), { elements: 10 })
  await total.close()
  t.same((await readdir(folder)).sort(), ['file', 'total.json'], 'and nothing is left lying about')
  for (const spoilt of [
    ...['', 'null', '[]', '{"day":"today","elements":1}'],
    '{"day":"2026-01-01","elements":-1}',
  ]) {
    await writeFile(file, spoilt)
    await t.rejects(total.charge(1), { message: /holds no total of a day/ }, spoilt)
  }
})

t.test('what one of two keys has counted is counted, also when the other is refused', async (t) => {
  const folder = await folderOf(t)
  const keys = [generateMatchingKey(), generateMatchingKey()]
  const file = (name: string) => join(folder, name)
  for (const [index, key] of keys.entries()) {
    await writeFile(file(`${index}.json`), sealMatchingKey(key, undefined), { mode: 0o600 })
  }
  const holders = embedKeyholder({
    keys: keys.map((_, index) => ({ file: file(`${index}.json`), passphrase: undefined })),
    ...{ totalFile: file('total.json'), elementsPerDay: 5, log: createLogger('silent') },
  })
  t.teardown(() => holders.close())
  const spent = { code: 'matching-budget-spent', counted: true, retryAfterSeconds: Number }
  const fault = await holders.evaluate(keys.map(nameOf), blindedElements(3)).catch((it) => it)
  t.match(fault, spent)
  t.match(JSON.parse(await readFile(file('total.json'), 'utf8')), { elements: 3 })
  await t.rejects(holders.evaluate(keys.map(nameOf), blindedElements(3)), {
    ...{ code: 'matching-budget-spent', counted: false },
  })
})

t.test('a batch that the thread refuses after it was counted is counted', async (t) => {
  const folder = await folderOf(t)
  const [keyFile, totalFile] = [join(folder, 'key.json'), join(folder, 'total.json')]
  const key = generateMatchingKey()
  await writeFile(keyFile, sealMatchingKey(key, undefined), { mode: 0o600 })
  const holders = embedKeyholder({
    keys: [{ file: keyFile, passphrase: undefined }],
    ...{ totalFile, elementsPerDay: 4, log: createLogger('silent') },
  })
  t.teardown(() => holders.close())
  await holders.open()
  // The count waits to be read from a pipe, until the key of the thread is another.
  await rm(totalFile, { force: true })
  execFileSync('mkfifo', [totalFile])
  const fault = holders.evaluate([nameOf(key)], blindedElements(1)).catch((it) => it)
  await writeFile(keyFile, sealMatchingKey(generateMatchingKey(), undefined))
  await holders.close()
  await writeFile(totalFile, '{"day":"2026-01-01","elements":0}')
  t.match(await fault, { code: 'matching-unavailable', counted: true })
  t.match(JSON.parse(await readFile(totalFile, 'utf8')), { elements: 1 })
})
