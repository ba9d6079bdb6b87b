// Goal: whoever waits at a terminal sees how far it is; where there is none, nothing is written.
import t, { type Test } from 'tap'
import { createByteProgress, createProgress } from '../../src/cli/progress.ts'

/** What is written to standard error. */
function writtenBy(t: Test, isTTY: boolean, act: () => void): string {
  const words: string[] = []
  t.intercept(process.stderr, 'isTTY', { value: isTTY })
  t.capture(process.stderr, 'write', (word: string) => void words.push(word))
  act()
  return words.join('')
}

function counted() {
  const bar = createProgress(3)
  for (let times = 0; times < 3; times += 1) bar.step()
}

function uploaded() {
  const bar = createByteProgress('Document 1')
  for (const done of [0, 50_000_000, 100_000_000, 100_000_000]) bar(done, 100_000_000)
}

t.test('a bar is written over until it is full, and not after', async (t) => {
  const all = '#'.repeat(30)
  t.equal(
    writtenBy(t, true, counted),
    `\r[${'#'.repeat(10).padEnd(30)}] 1 of 3\r[${'#'.repeat(20).padEnd(30)}] 2 of 3\r[${all}] 3 of 3\n`,
  )
  t.equal(
    writtenBy(t, true, uploaded),
    `\r[${' '.repeat(30)}] Document 1: 0.0 of 100.0 MB` +
      `\r[${'#'.repeat(15).padEnd(30)}] Document 1: 50.0 of 100.0 MB` +
      `\r[${all}] Document 1: 100.0 of 100.0 MB\n`,
  )
})

t.test('a program that reads what is written gets no bar', async (t) => {
  t.equal(writtenBy(t, false, counted) + writtenBy(t, false, uploaded), '')
})
