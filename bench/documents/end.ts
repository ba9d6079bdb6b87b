/** The two ends of a line, each a process of its own, and what each takes of memory. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile, writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { residentMb } from '../intake/stage.ts'
import type { Told } from './told.ts'

const settleMs = 1_000

/** Starts a client. */
export async function startClient(env: NodeJS.ProcessEnv) {
  const process_ = spawn(process.execPath, ['bench/documents/client.ts'], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface(process_.stdout)[Symbol.asyncIterator]()
  await lines.next()
  return {
    /** @returns milliseconds, what it answered, and the MB it took at most, beyond what it idled with */
    async does(told: Told) {
      const client = await idle(process_)
      process_.stdin.write(`${JSON.stringify(told)}\n`)
      const line = await lines.next()
      if (line.done) throw new Error(`the client ended while it was to do: ${told.act}`)
      const { ms, value }: { ms: number; value: unknown } = JSON.parse(line.value)
      const figure = { ms, value, grown: await client.grown() }
      process_.kill()
      await once(process_, 'exit')
      return figure
    },
  }
}

/** Lets a process idle, and forgets the most that it has taken (proc_pid_clear_refs(5)). */
export async function idle(child: ChildProcess) {
  await sleep(settleMs)
  await writeFile(`/proc/${child.pid}/clear_refs`, '5')
  const before = await residentMb(child)
  return {
    /** The most that Linux has counted since then, less what it was. */
    async grown() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024 - before
    },
  }
}

/** Makes a file of so many MiB that looks like a PDF. */
export async function fill(path: string, megabytes: number): Promise<void> {
  const handle = await open(path, 'w')
  const piece = Buffer.alloc(1024 * 1024, 'A letter of 22 November. ')
  await handle.write('%PDF-1.7\n', 0)
  for (let at = 0; at < megabytes; at += 1) {
    const from = at === 0 ? 9 : 0
    await handle.write(piece, from, piece.length - from, at * piece.length + from)
  }
  await handle.close()
}
