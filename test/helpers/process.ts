/** The service as a process of its own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type Service = {
  readonly child: ChildProcess
  readonly url: string
  /** What it printed so far. */
  output(): string
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
}

export type Variables = Readonly<Record<string, string>>

/** Starts `command` in the repository with `variables` beside the environment of this process. */
export function start(
  t: Pick<Test, 'teardown'>,
  variables: Variables,
  command: readonly string[] = [process.execPath, 'src/server.ts'],
): Omit<Service, 'url'> {
  const assigned = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  // env(1) becomes the command, so that the child's id is that of the service.
  const child = spawn('env', [...assigned, ...command], { cwd: root })
  let printed = ''
  child.stdout.on('data', (text) => (printed += text))
  child.stderr.on('data', (text) => (printed += text))
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'no code'))
  })
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, output: () => printed, ended }
}

/** The same, once it listens. */
export async function listening(
  t: Pick<Test, 'teardown'>,
  variables: Variables,
  command?: readonly string[],
): Promise<Service> {
  const service = start(t, variables, command)
  const url = await new Promise<string>((resolve, reject) => {
    const look = () => {
      const [, found] = /listens on (http:\S+)/.exec(service.output()) ?? []
      if (found) resolve(found)
    }
    service.child.stdout?.on('data', look)
    service.ended.then(() => reject(new Error(`it ended: ${service.output()}`)), reject)
  })
  return { ...service, url }
}
