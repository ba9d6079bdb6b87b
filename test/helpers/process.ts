/** The service as a process of its own, which can be killed, and all that it wrote. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Test } from 'tap'

const server = join(import.meta.dirname, '../../src/server.ts')

export type ServiceProcess = {
  /** `http://127.0.0.1:port`. */
  readonly url: string
  /** Its standard output and its standard error, so far. */
  log(): Buffer
  /** Ends it, and waits until it has ended; answers its exit code, `null` if it was killed. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
}

/** Starts `src/server.ts` on a free port, in `folder`; it is killed when `t` ends. */
export async function startProcess(
  t: Pick<Test, 'teardown'>,
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [server], {
    cwd: folder,
    env: { ...process.env, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const chunks: Buffer[] = []
  const closed = once(child, 'close')
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal)
    await closed
    return child.exitCode
  }
  t.teardown(() => end('SIGKILL'))
  child.stderr.on('data', (chunk) => chunks.push(chunk))
  const url = await listening(child, chunks)
  return { url, log: () => Buffer.concat(chunks), end }
}

function listening(child: ChildProcess, chunks: Buffer[]): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once('close', () => {
      reject(new Error(`the service ended before it listened: ${Buffer.concat(chunks)}`))
    })
    child.stdout?.on('data', (chunk) => {
      chunks.push(chunk)
      const [, url] = /listens on (\S+)/.exec(Buffer.concat(chunks).toString()) ?? []
      if (url) resolve(url)
    })
  })
}
