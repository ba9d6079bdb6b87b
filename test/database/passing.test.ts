/**
 * Goal: what a step fails at stands in the way of nothing behind it, and is tried again soon.
 * Method: a batch that fails where it is told to; the clock of the process is the test's.
 */
import t from 'tap'
import { DatabaseAway } from '../../src/database/lost.ts'
import { passingOver } from '../../src/database/passing.ts'

let now = 1_000
t.before(() => t.intercept(performance, 'now', { value: () => now }))

/** A step, and a function that runs it: what it leaves out, failing with `error` at `id`. */
function step() {
  let [id, error]: [string | undefined, Error | undefined] = [undefined, undefined]
  let leftOut: string[] = []
  const run = passingOver(async (passed, trying) => {
    leftOut = passed
    if (id !== undefined) trying(id)
    if (error) throw error
    return true
  })
  return async (failingAt?: string, by?: Error) => {
    ;[id, error] = [failingAt, by]
    if (by) await t.rejects(run(), by, 'whoever runs it is told')
    else t.equal(await run(), true)
    return leftOut
  }
}

t.test('it is left out for 30 seconds, and then tried at once', async (t) => {
  const run = step()
  t.same(await run('one', new Error('spoilt')), [])
  t.same(await run('two'), ['one'])
  now += 20_000
  t.same(await run('three', new Error('spoilt')), ['one'])
  now += 9_999
  t.same(await run(), ['one', 'three'])
  now += 1
  t.same(await run(), ['three'], 'each has a time of its own')
  now += 20_000
  t.same(await run(), [])
  t.same(await step()(), [], 'another step is told of none')
})

t.test(
  'nothing is left out where it is not known what failed, or nothing is at fault',
  async (t) => {
    const run = step()
    await run(undefined, new Error('spoilt'))
    t.same(await run(), [])
    await run('one', new DatabaseAway('no connection'))
    t.same(await run(), [])
    await run('one')
    await run(undefined, new Error('spoilt'))
    t.same(await run(), [], 'what was done before is not what failed')
  },
)
