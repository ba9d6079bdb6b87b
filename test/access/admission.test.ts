/**
 * Goal: a flood of one sender waits behind itself, and nobody is forgotten.
 * Method: many requests are made in one turn of the loop, and the order in which they are begun is kept.
 */
import fc from 'fast-check'
import Fastify from 'fastify'
import t from 'tap'
import { admission } from '../../src/access/admission.ts'

/** @param waves - of senders, a token each, or a token and an address; each after all before were answered */
async function begunInOrder(...waves: (readonly string[])[]) {
  const app = Fastify()
  await app.register(admission)
  const begun: { sender: string; turn: number }[] = []
  let turn = 0
  app.get('/', async ({ headers }) => {
    begun.push({ sender: String(headers.authorization), turn })
  })
  await app.ready()
  let isOver = false
  const count = () => {
    turn += 1
    if (!isOver) setImmediate(count)
  }
  const statuses: number[] = []
  for (const [wave, senders] of waves.entries()) {
    const answers = senders.map((sender) => {
      const [authorization, remoteAddress = '192.0.2.1'] = sender.split(' from ')
      return app.inject({ url: '/', headers: { authorization }, remoteAddress })
    })
    if (wave === 0) count()
    statuses.push(...(await Promise.all(answers)).map(({ statusCode }) => statusCode))
  }
  isOver = true
  await app.close()
  return { begun, statuses }
}

t.test('one that comes after a flood is begun among the first', async (t) => {
  const { begun, statuses } = await begunInOrder([...Array(50).fill('flood'), 'another'])
  t.same(new Set(statuses), new Set([200]))
  t.ok(begun.findIndex(({ sender }) => sender === 'another') <= 4)
  t.equal(begun.length, 51)
})

t.test('a flood with a new token each time waits behind itself, wherever it is from', async (t) => {
  const flood = Array.from({ length: 60 }, (_, n) => `token ${n}`)
  const { begun } = await begunInOrder([...flood, 'another from 198.51.100.7'])
  t.ok(begun.findIndex(({ sender }) => sender === 'another') <= 4)
  const household = Array.from({ length: 60 }, (_, n) => `token ${n} from 2001:db8:0:${n}::1`)
  const { begun: later } = await begunInOrder([...household, 'another from 2001:db8:0:100::1'])
  t.ok(later.findIndex(({ sender }) => sender === 'another') <= 4)
})

t.test('whoever waits in a line without end is refused, and not kept', async (t) => {
  const crowd = Array.from({ length: 5_100 }, (_, n) => `flood from 203.0.113.${n % 100}`)
  const { statuses } = await begunInOrder(crowd)
  t.equal(statuses.filter((status) => status !== 200).length, 5_100 - 5_000 - 2)
})

t.test('one address does not fill the line for others, and has its part again later', async (t) => {
  const flood = Array.from({ length: 5_100 }, (_, n) => `token ${n}`)
  const { statuses } = await begunInOrder([...flood, 'another from 198.51.100.7'])
  t.equal(statuses.at(-1), 200)
  t.equal(statuses.filter((status) => status !== 200).length, 5_100 - 1_000 - 2)
  const part = flood.slice(0, 1_000)
  t.same(new Set((await begunInOrder(part, part)).statuses), new Set([200]))
})

t.test('no more than two are begun in one turn', async (t) => {
  const { begun } = await begunInOrder(Array.from({ length: 40 }, (_, n) => `sender ${n}`))
  for (const [place, { turn }] of begun.entries()) {
    t.not(begun[place + 2]?.turn, turn)
  }
})

t.test('whoever comes, each is begun once', async () => {
  const senders = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(senders, async (sent) => {
      const { begun } = await begunInOrder(sent)
      const count = (name: string, of: readonly string[]) => of.filter((one) => one === name).length
      const came = begun.map(({ sender }) => sender)
      for (const name of ['a', 'b', 'c']) {
        if (count(name, came) !== count(name, sent)) throw new Error(`${name} was begun otherwise`)
      }
    }),
    { numRuns: 50 },
  )
})
