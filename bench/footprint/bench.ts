/**
 * Memory, starts and size of this build beside another, `--against REVISION`, in turns on one machine.
 * The other is a git worktree with the packages of its own lock file.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, report } from '../report.ts'
import type { Measured } from './probe.ts'

const here = join(import.meta.dirname, '../..')
const revisionByDefault = 'b974f33'
const turns = 3

const rows: readonly (readonly [keyof Measured, name: string, target: number])[] = [
  ['idle', 'service, idle, resident MB', 0.4],
  ['after', 'service, after 1,800 PUTs, resident MB', 0.6],
  ['keyholder', 'keyholder, idle, resident MB', 0.35],
  ['ready', 'start to /readyz, seconds', 0.5],
  ['check', 'intake check FILE, seconds', 0.5],
]

export async function bench(args: readonly string[]): Promise<void> {
  const [, revision = revisionByDefault] = args[0] === '--against' ? args : []
  if (run('npm', ['run', 'build', '--silent'], here) !== 0) throw new Error('the build failed')
  const folder = mkdtempSync(join(tmpdir(), 'intake-footprint-'))
  const other = join(folder, 'other')
  git('worktree', 'add', '--detach', other, revision)
  try {
    const dev = run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], other)
    if (dev !== 0) throw new Error('npm ci failed in the other build')
    mkdirSync(join(other, 'bench/footprint'), { recursive: true })
    copyFileSync(join(import.meta.dirname, 'probe.ts'), join(other, 'bench/footprint/probe.ts'))
    const [ours, against]: [Measured[], Measured[]] = [[], []]
    for (let turn = 0; turn < turns; turn += 1) {
      against.push(probe(other))
      ours.push(probe(here))
    }
    report(
      'production install, MB',
      installMb(here, folder),
      installMb(other, folder),
      1,
      'at most',
    )
    for (const [key, name, target] of rows) {
      const middle = (all: readonly Measured[]) => median(all.map((each) => each[key]))
      report(name, middle(ours), middle(against), target, 'at most')
    }
  } finally {
    git('worktree', 'remove', '--force', other)
    rmSync(folder, { recursive: true, force: true })
  }
}

function probe(build: string): Measured {
  return JSON.parse(
    execFileSync(process.execPath, ['bench/footprint/probe.ts'], {
      cwd: build,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
}

/** What the image installs (Dockerfile), on disk. */
function installMb(build: string, folder: string): number {
  const place = mkdtempSync(join(folder, 'install-'))
  for (const file of ['package.json', 'package-lock.json'])
    cpSync(join(build, file), join(place, file))
  const flags = ['--omit=dev', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund']
  if (run('npm', ['ci', ...flags], place) !== 0) throw new Error('npm ci failed')
  const [size] = execFileSync('du', ['-sk', 'node_modules'], {
    cwd: place,
    encoding: 'utf8',
  }).split('\t')
  return Number(size) / 1024
}

function git(...args: readonly string[]): void {
  execFileSync('git', args, { cwd: here, stdio: ['ignore', 'ignore', 'inherit'] })
}

function run(program: string, args: readonly string[], cwd: string): number | null {
  return spawnSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] }).status
}
