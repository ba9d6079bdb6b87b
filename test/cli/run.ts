/** Runs `intake` as a person does: a process of its own, its secrets in files and environment. */
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import type { World } from '../../examples/ceremony.ts'
import { main } from '../../src/cli/main.ts'
import { type KeyFile, sealKeyFile } from '../../src/client/index.ts'

export type Ran = { readonly code: number | null; readonly out: string; readonly err: string }
export type Environment = Readonly<Record<string, string>>

const { NODE_OPTIONS } = process.env

const program = fileURLToPath(new URL('../../src/cli/intake.js', import.meta.url))

/** The lines wider than a terminal of 80 columns that are more than one word which stays whole. */
export function tooWide(printed: string): string[] {
  return printed.split('\n').filter((line) => {
    return line.length > 80 && /\S\s+\S/.test(line.replace(/^ +\| /, ''))
  })
}

/** What is to be copied whole: a public half as JSON, and the signatures of a note. */
const copied = /^ +"\w+": "|^\| — /

/**
 * What ran, if all that it printed for people fits a terminal; then with the lines of its errors whole again.
 *
 * @throws Error with what does not fit
 */
function fitting(args: readonly string[], ran: Ran): Ran {
  if (args.includes('--json') || args.includes('--csv')) return ran
  const wide = tooWide(`${ran.out}\n${ran.err}`).filter((line) => !copied.test(line))
  if (wide.length === 0) return { ...ran, err: unbroken(ran).err }
  throw new Error(`intake ${args.join(' ')} prints lines over 80 columns:\n${wide.join('\n')}`)
}

/** What was printed, with the lines that were broken to fit a terminal whole again. */
export function unbroken({ code, out, err }: Ran): Ran {
  const whole = (printed: string) => printed.replace(/\n +\| /g, ' ')
  return { code, out: whole(out), err: whole(err) }
}

/** Runs to the end. Of the environment it has `environment`, and what a test run adds (quick.js). */
export async function intake(
  args: readonly string[],
  environment: Environment = {},
  input = '',
  cwd?: string,
): Promise<Ran> {
  return fitting(args, await node([program, ...args], environment, input, cwd))
}

/** The same of any program. */
export async function node(
  args: readonly string[],
  environment: Environment,
  input = '',
  cwd?: string,
): Promise<Ran> {
  const child = spawn(process.execPath, args, {
    ...(cwd !== undefined && { cwd }),
    env: { NODE_OPTIONS, ...environment },
  })
  child.stdin.end(input)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, out, err }
}

/** The same in this process, which is cheap. Only one at a time, for a process has one environment. */
export async function called(
  t: Pick<Test, 'capture'>,
  args: readonly string[],
  environment: Environment = {},
): Promise<Ran> {
  const before = { ...process.env }
  Object.assign(process.env, environment)
  const streams = [process.stdout, process.stderr].map((stream) => {
    return t.capture(stream, 'write', () => true)
  })
  const code = await main(args)
  const [out = '', err = ''] = streams.map((writes) => {
    const printed = writes().map(({ args: [text] }) => String(text))
    writes.restore()
    return printed.join('')
  })
  for (const name of Object.keys(environment)) delete process.env[name]
  Object.assign(process.env, before)
  return fitting(args, { code, out, err })
}

/**
 * Runs at a terminal of its own (`script` of util-linux), on which both streams are printed. Each time it prints what is
 * waited for, a person types what goes with it.
 */
export async function atTerminal(
  args: readonly string[],
  environment: Environment,
  typed: readonly (readonly [RegExp, string])[],
): Promise<Pick<Ran, 'code' | 'out'>> {
  const words = [process.execPath, program, ...args].map((word) => `'${word}'`)
  const child = spawn('script', ['-qefc', words.join(' '), '/dev/null'], {
    env: { NODE_OPTIONS, PATH: process.env.PATH, SHELL: '/bin/sh', ...environment },
  })
  const left = [...typed]
  let [out, seen] = ['', 0]
  child.stdout.on('data', (text) => {
    out += text
    const [awaited, answer] = left[0] ?? []
    if (!awaited?.test(out.slice(seen))) return
    left.shift()
    seen = out.length
    child.stdin.write(answer)
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, out: out.replaceAll('\r\n', '\n') }
}

export type Running = {
  /** Resolves with what was printed so far once it matches; rejects if the process ends before. */
  printed(words: RegExp): Promise<string>
  /** Sends the signal, and answers how it ended. */
  stop(signal: NodeJS.Signals): Promise<Ran>
  /** How it ended by itself. */
  readonly ended: Promise<Ran>
}

/** Starts what runs until it is stopped. */
export function running(
  t: Pick<Test, 'teardown'>,
  args: readonly string[],
  environment: Environment,
): Running {
  const child = spawn(process.execPath, [program, ...args], {
    env: { NODE_OPTIONS, ...environment },
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => (out += text))
  child.stderr.on('data', (text) => (err += text))
  const ended = new Promise<Ran>((resolve) =>
    child.on('close', (code) => resolve({ code, out, err })),
  )
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return {
    printed: (words) =>
      new Promise((resolve, reject) => {
        const look = () => words.test(out + err) && resolve(out + err)
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        void ended.then(() => reject(new Error(`it ended: ${out}${err}`)))
        look()
      }),
    stop: (signal) => {
      child.kill(signal)
      return ended
    },
    ended,
  }
}

/** A folder that is gone when the test ends. */
export async function folderOf(t: Pick<Test, 'teardown'>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-cli-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The files and the environment of one party, under a folder of its own. */
export async function partyOf(
  t: Pick<Test, 'teardown'>,
  { url, world, clientId, keys }: { url: string; world: World; clientId: string; keys: KeyFile },
): Promise<{ folder: string; token: string; environment: Environment }> {
  const folder = await folderOf(t)
  const token = await world.token(clientId)
  const file = (name: string) => join(folder, name)
  await writeFile(file('token'), token, { mode: 0o600 })
  await writeFile(file('key.json'), sealKeyFile(keys, undefined), { mode: 0o600 })
  await mkdir(file('home'), { mode: 0o700 })
  await writeFile(file('home/trust.json'), JSON.stringify(world.trust), { mode: 0o600 })
  const environment = {
    INTAKE_URL: url,
    INTAKE_HOME: file('home'),
    INTAKE_KEY: file('key.json'),
    INTAKE_TOKEN_FILE: file('token'),
  }
  return { folder, token, environment }
}
