/**
 * Goal: a bar is drawn once for each thing that it says, over nothing but itself, and words begin a line of their own.
 * Method: what is written, to a standard error that says it is a terminal.
 */
import t from 'tap'
import { createByteProgress } from '../../src/cli/progress.ts'
import { tell } from '../../src/cli/terminal.ts'

t.test('a bar that an error ends stands on a line of its own, and is drawn once', async (t) => {
  const { isTTY } = process.stderr
  process.stderr.isTTY = true
  t.teardown(() => {
    process.stderr.isTTY = isTTY
  })
  const writes = t.capture(process.stderr, 'write', () => true)
  const progress = createByteProgress('Document 1')
  for (let done = 0; done < 1_000; done += 1) progress(done, 100_000_000)
  tell('The line broke off.')
  createByteProgress('Document 2')(1_000_000, 1_000_000)
  const written = writes().map(({ args: [text] }) => String(text))
  writes.restore()
  t.strictSame(written, [
    `\r[${' '.repeat(30)}] Document 1: 0.0 of 100.0 MB`,
    '\n',
    'The line broke off.\n',
    `\r[${'#'.repeat(30)}] Document 2: 1.0 of 1.0 MB\n`,
  ])
})
