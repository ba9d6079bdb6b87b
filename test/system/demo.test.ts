// Goal: however the demo ends, nothing of it is left, and it says what to do.
// Method: it is started as a person starts it, in a group of processes and a folder for temporary files
// of its own. Afterwards nobody of that group lives, no process names that folder, and it is empty.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { readBlock } from '../../scripts/block.ts'
import { block, firstDifference } from '../../scripts/readme.ts'

const root = join(import.meta.dirname, '../..')

/** The demo in a shell of its own, so that a signal reaches all of it, as a terminal's Ctrl-C does. */
async function demo(t: Test, command: string, variables: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const child = spawn('bash', ['-c', command], {
    cwd: root,
    detached: true,
    // npm would keep a cache of its own there.
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1', TMPDIR: folder, ...variables },
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => (out += text))
  child.stderr.on('data', (text) => (err += text))
  const ended = once(child, 'close')
  t.teardown(() => {
    if (child.exitCode === null && child.signalCode === null) interrupt(child, 'SIGKILL')
  })
  return {
    child,
    /** Resolves once it has printed `words`. */
    async printed(words: RegExp): Promise<string> {
      while (!words.test(out)) await Promise.race([once(child.stdout, 'data'), ended.then(fail)])
      return out
    },
    async end() {
      const [code] = await ended
      return { code, out, err, left: [...(await readdir(folder)), ...(await processesOf(folder))] }
    },
  }

  function fail(): never {
    throw new Error(`it ended: ${out}${err}`)
  }
}

function interrupt({ pid = 0 }: ChildProcess, signal: NodeJS.Signals): void {
  process.kill(-pid, signal)
}

/** Processes that were started with `folder` in their arguments or their environment. */
async function processesOf(folder: string): Promise<string[]> {
  const numbers = (await readdir('/proc')).filter((name) => /^[0-9]+$/.test(name))
  const all = await Promise.all(
    numbers.map(async (number) => {
      const [command, variables] = await Promise.all(
        ['cmdline', 'environ'].map((name) =>
          readFile(`/proc/${number}/${name}`, 'utf8').catch(() => ''),
        ),
      )
      return `${command}${variables}`.includes(folder) ? [`process ${number}: ${command}`] : []
    }),
  )
  return all.flat()
}

const play = 'npm run --silent demo'

t.test('Ctrl-C leaves nothing, whenever it comes', async (t) => {
  for (const words of [/^/, /^2\. /m, /^4\. /m]) {
    const running = await demo(t, `exec ${play}`)
    await running.printed(words)
    interrupt(running.child, 'SIGINT')
    const { code, err, left } = await running.end()
    t.strictSame(left, [])
    // So early that nothing was made yet, it is npm or node itself that ends.
    if (words.source !== '^') {
      t.equal(code, 130)
      t.match(err, /ended by SIGINT. It left no process and no folder behind.\n.*npm run demo\n/)
    }
  }
})

t.test('a signal to the demo alone leaves nothing', async (t) => {
  const running = await demo(t, 'exec node examples/demo.ts')
  await running.printed(/^1\. /m)
  running.child.kill('SIGTERM')
  const { code, left } = await running.end()
  t.equal(code, 143)
  t.strictSame(left, [])
})

t.test('a reader that goes away leaves nothing', async (t) => {
  const running = await demo(t, `set -o pipefail; ${play} | head -3`)
  const { code, out, err, left } = await running.end()
  t.equal(out.split('\n').length, 4)
  t.match(err, /^Nobody reads what the demo prints any more, so it ended. It left no process/)
  t.strictSame(left, [])
  t.equal(code, 0)
})

t.test('a port that is taken is told, and nothing was started', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  for (const flags of ['', ' -- --keep']) {
    const running = await demo(t, play + flags, { PORT: String(port) })
    const { code, out, err, left } = await running.end()
    t.match({ code, out }, { code: 1, out: '' })
    t.match(err, `Port ${port} is taken`)
    t.match(err, `PORT=${Number(port) + 1} npm run demo${flags}\n`)
    t.strictSame(left, [])
  }
})

t.test('help, an unknown flag and a port that is none start nothing', async (t) => {
  const cases = [
    { command: `${play} -- --help`, code: 0, out: /^Usage: npm run demo/ },
    { command: `${play} -- --kep`, code: 2, err: /'--kep'[\s\S]*Usage: npm run demo/ },
    { command: `${play} -- keep`, code: 2, err: /keep[\s\S]*Usage: npm run demo/ },
    { command: `PORT=http ${play}`, code: 2, err: /^PORT must be a whole number/ },
  ]
  for (const { command, ...expected } of cases) {
    const ended = await (await demo(t, command)).end()
    t.match(ended, expected, command)
    t.strictSame(ended.left, [])
    for (const line of (ended.out + ended.err).split('\n')) t.ok(line.length <= 80, line)
  }
})

t.test(
  'kept, it plays what README.md shows, serves an auditor until Ctrl-C, and takes all with it',
  async (t) => {
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const address = free.address()
    const port = typeof address === 'object' ? String(address?.port) : ''
    await new Promise((resolve) => free.close(resolve))
    const running = await demo(t, `exec ${play} -- --keep`, { PORT: port })
    const printed = await running.printed(/intake audit --since today\n/)
    const [acts = '', afterwards = ''] = printed.split('\nThe service stays up')
    t.match(afterwards, ` at http://127.0.0.1:${port} until Ctrl-C`)
    const shown = readBlock(await readFile(join(root, 'README.md'), 'utf8'), block)
    t.equal(firstDifference(shown, acts), undefined, 'npx node scripts/readme.ts writes README.md')
    for (const line of printed.split('\n')) t.ok(line.length <= 80, line)
    const [header = ''] = (await readFile(join(root, 'data/try/auditor.header'), 'utf8')).split(
      '\n',
    )
    const url = `http://127.0.0.1:${port}/v1/audit/entries?limit=5`
    const answer = await fetch(url, { headers: { authorization: header.replace(/^.*?: /, '') } })
    t.equal(answer.status, 200)
    t.match(await answer.json(), { entries: { length: 5 } })
    /** As somebody in the second terminal. @returns what is printed; rejects where it does not end with 0 */
    const run = async (who: string, words: string) => {
      const command = `. data/try/${who}.env && exec ${process.execPath} src/cli/intake.js ${words}`
      return (await promisify(execFile)('bash', ['-c', command], { cwd: root })).stdout
    }
    await t.resolves(run('auditor', 'audit verify'), 'what was changed in the log was put back')
    const referred = await run('law-firm', 'refer examples/referrals/law-firm-01.json')
    const [reference = ''] = /\b[0-9]{8}\b/.exec(referred) ?? []
    t.match(await run('law-firm', `documents add ${reference} LICENSE`), /One document/)
    t.match(await run('casework', `documents list ${reference}`), /^1 {2}Other, .*"LICENSE"$/m)
    t.match(await run('host', 'admin client list --trial'), /partner .* Harbour Law client\n/)
    interrupt(running.child, 'SIGINT')
    const { code, left } = await running.end()
    t.strictSame(left, [])
    t.equal(code, 0)
    t.notOk((await readdir(join(root, 'data')).catch((): string[] => [])).includes('try'))
  },
)
