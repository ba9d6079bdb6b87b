/** A PostgreSQL of a test's own, which may be stopped, killed and held still. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startEmbedded, stopEmbedded } from '../../src/database/embedded.ts'

/** A test may lose its data in a crash of the machine, and is quicker for it. */
const quick = { fsync: 'off', shared_buffers: '32MB', restart_after_crash: 'on' }

export type OwnServer = {
  readonly url: string
  readonly ownerUrl: string
  readonly superuserUrl: string
  /** Ends it as an administrator does: sessions are ended, data is safe. */
  stop(): Promise<void>
  /** Ends it as a power cut does: by its postmaster, or all its processes at once. */
  kill(how?: 'SIGQUIT' | 'SIGKILL'): Promise<void>
  /** Starts it again, where it was. */
  start(): Promise<void>
  /** All its processes stand still: connections are taken by the kernel, and nothing answers. */
  freeze(): Promise<void>
  thaw(): Promise<void>
}

/** Starts it; it is ended and removed when `t` ends. */
export async function ownServer(
  t: Pick<Test, 'teardown'>,
  settings: Readonly<Record<string, string>> = quick,
): Promise<OwnServer> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-server-'))
  const { url, ownerUrl, superuserUrl } = await startEmbedded(folder, settings)
  const { port } = new URL(url)

  async function postmaster(): Promise<number> {
    const text = await readFile(join(folder, 'pgdata', 'postmaster.pid'), 'utf8')
    return Number(text.split('\n')[0])
  }

  async function signal(name: NodeJS.Signals): Promise<void> {
    const pid = await postmaster()
    for (const each of [pid, ...(await childrenOf(pid))]) process.kill(each, name)
  }

  const start = async () => {
    await startEmbedded(folder, { ...settings, port })
  }
  t.teardown(async () => {
    await signal('SIGCONT').catch(() => {})
    await stopEmbedded(folder).catch(() => {})
    await rm(folder, { recursive: true, force: true })
  })
  return {
    ...{ url, ownerUrl, superuserUrl, start },
    stop: () => stopEmbedded(folder),
    async kill(how = 'SIGQUIT') {
      const pid = await postmaster()
      const children = how === 'SIGKILL' ? await childrenOf(pid) : []
      process.kill(pid, how)
      for (const each of children) if (await isRunning(each)) process.kill(each, how)
      for (const each of [pid, ...children]) {
        while (await isRunning(each)) await new Promise((resolve) => setTimeout(resolve, 20))
      }
      // Where nobody reaps the dead, pg_ctl takes the one named here for alive.
      await rm(join(folder, 'pgdata', 'postmaster.pid'), { force: true })
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
  }
}

/** State and parent of a process (proc(5)); of one that is gone, nothing. */
async function statusOf(pid: number | string): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // Behind the command, which stands in brackets.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

async function isRunning(pid: number): Promise<boolean> {
  const [state = ''] = await statusOf(pid)
  return state !== '' && state !== 'Z'
}

async function childrenOf(pid: number): Promise<number[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const found = all.map(async (name) => {
    const [, parent] = await statusOf(name)
    return Number(parent) === pid ? [Number(name)] : []
  })
  return (await Promise.all(found)).flat()
}
