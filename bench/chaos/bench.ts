/**
 * Chaos: consumers, replicas and PostgreSQL are killed under load, and consumers sleep through their leases and
 * then complete what they held. Ours first, and then two libraries in the same manner, each used as it
 * documents (peers/run.ts).
 *
 *     npm run bench chaos -- [--seconds 600] [--items 100000] [--only ours|pg-boss|graphile-worker]
 *
 * The peers get a fifth of both. Ends with exit code 1 where of ours anything was lost, doubled or accepted
 * from a stale holder, or where the books do not balance.
 */
import { parseArgs } from 'node:util'
import { count, tell } from '../report.ts'
import type { Verdict } from './judge.ts'
import { type Outcome, weather } from './ours.ts'
import { peers, runPeer } from './peers/run.ts'

const names = ['ours', ...peers.map(({ name }) => name)]

export async function bench(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '600' },
      items: { type: 'string', default: '100000' },
      only: { type: 'string' },
    },
  })
  const [seconds, items] = [Number(values.seconds), Number(values.items)]
  for (const name of names.filter((name) => !values.only || name.startsWith(values.only))) {
    const peer = peers.find((each) => each.name === name)
    const outcome = await opened((t) =>
      peer
        ? runPeer(t, peer, { seconds: seconds / 5, items: items / 5 })
        : weather(t, { ...standard, seconds, items }),
    )
    tellOutcome(name, outcome)
    if (!peer) requireKept(outcome.verdict, items)
  }
}

/** What ten minutes have: consumers die each two seconds, replicas each ten, PostgreSQL each thirty. */
const standard = {
  ...{ consumers: 12, batch: 50, sleepers: 4, sleepMs: 34_000, againMs: 4_000 },
  everyMs: { consumer: 2_000, replica: 10_000, database: 30_000 },
  settings: { shared_buffers: '256MB', max_wal_size: '2GB' },
}

/** Closes all that was opened, the last first. */
async function opened<T>(
  act: (t: { teardown(close: () => unknown): void }) => Promise<T>,
): Promise<T> {
  const closing: (() => unknown)[] = []
  try {
    return await act({ teardown: (close) => void closing.push(close) })
  } finally {
    for (const close of closing.reverse()) await close()
  }
}

function tellOutcome(name: string, { verdict, kills, seconds, repeated }: Outcome): void {
  const figures = {
    'items in': verdict.items,
    completed: verdict.completed,
    'items that more than one holder was given': verdict.again,
    'completions refused': verdict.refused,
    'acts sent again under the same name': repeated,
    ...Object.fromEntries(Object.entries(kills).map(([what, times]) => [`killed: ${what}`, times])),
    seconds,
    'completed a second': verdict.completed / seconds,
  }
  for (const [figure, value] of Object.entries(figures)) tell(`${name}: ${figure}`, value)
  for (const fault of faults) tell(`${name}: ${fault}`, verdict[fault].length)
}

const faults = ['lost', 'doubled', 'stale', 'reopened', 'unlogged'] as const

/** What is promised of ours. That the books balance was looked at before. */
function requireKept(verdict: Verdict, items: number): void {
  const kept = [
    count('ours: completed', verdict.completed, items, 'at least'),
    ...faults.map((fault) => count(`ours: ${fault}`, verdict[fault].length, 0, 'at most')),
  ]
  if (!kept.every(Boolean)) process.exitCode = 1
}
