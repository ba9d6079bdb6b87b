/** Consumers as processes: started, killed, put to sleep while they hold something, and let go. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'

export type Crew = {
  /** Kills one that is awake, and puts another in its place. */
  kill(): Promise<void>
  /**
   * Lets one claim once more and stops it there, or stops it wherever it is; and lets it go on after `ms`
   * and what `meanwhile` takes.
   */
  sleep(how: 'holding' | 'anywhere', ms: number, meanwhile?: () => Promise<void>): Promise<void>
  /** Waits until each has done what it is at. */
  end(): Promise<void>
  /** How many were stopped so far, and let go. */
  readonly slept: number
  readonly killed: number
  /** Those that ended by themselves, each of which another came for. */
  readonly failed: number
}

type Member = { child: ChildProcess; busy: boolean }

/** @param argsOf - of the script, for the member of this number */
export function startCrew(
  script: string,
  size: number,
  argsOf: (number: number) => readonly string[],
): Crew {
  let [number, slept, killed, failed] = [0, 0, 0, 0]
  let isOver = false
  const start = (member: Partial<Member> = {}): Member => {
    const child = fork(script, argsOf(number++), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const started = Object.assign(member, { child, busy: false })
    child.once('exit', (code) => {
      if (code === null || code === 0 || isOver) return
      failed += 1
      start(started)
    })
    return started
  }
  const members = Array.from({ length: size }, () => start())
  const awake = () => {
    const free = members.filter(({ busy }) => !busy)
    return free[Math.floor(Math.random() * free.length)]
  }

  async function kill() {
    const member = awake()
    if (!member) return
    member.child.kill('SIGKILL')
    await ended(member.child)
    killed += 1
    start(member)
  }

  async function sleep(how: 'holding' | 'anywhere', ms: number, meanwhile = async () => {}) {
    const member = awake()
    if (!member) return
    member.busy = true
    try {
      const { child } = member
      if (how === 'anywhere') child.kill('SIGSTOP')
      else {
        child.send('sleep')
        await Promise.race([once(child, 'message'), ended(child)])
      }
      await wait(ms)
      await meanwhile()
      child.kill('SIGCONT')
      slept += 1
    } finally {
      member.busy = false
    }
  }

  async function end() {
    isOver = true
    for (const { child } of members) {
      child.kill('SIGCONT')
      if (child.connected) child.send('end')
    }
    await Promise.all(members.map(({ child }) => ended(child)))
  }

  return {
    ...{ kill, sleep, end },
    get slept() {
      return slept
    },
    get killed() {
      return killed
    },
    get failed() {
      return failed
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
