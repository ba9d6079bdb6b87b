/**
 * A PostgreSQL that is not ours: version 16 with its client tools, from the PyPI package `pgserver`,
 * and the commands of a document run against it as an administrator would.
 */
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Test } from 'tap'

const execute = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))

/** Without the loaders that tap gives to every child: these are other people's programs. */
const run = (command: string, args: readonly string[], environment: object = {}, cwd = root) =>
  execute('env', ['-u', 'NODE_OPTIONS', command, ...args], {
    cwd,
    env: { ...process.env, ...environment },
  })

/** Each code block of the section under `heading`, in order, as it would be typed. */
export function blocksOf(document: string, heading: string): string[] {
  const [, section = ''] = document.split(`\n${heading}\n`)
  const [own = ''] = section.split(/^#+ /m)
  return [...own.matchAll(/^( *)```\w*\n([\s\S]*?)^ *```$/gm)].map(([, indent = '', code = '']) => {
    return code.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
  })
}

/** Its programs, and a folder to type commands in. All is gone when `t` ends. */
export async function foreignPostgres(t: Pick<Test, 'teardown'>) {
  const folder = await mkdtemp(join(tmpdir(), 'intake-foreign-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const wheel = join(folder, 'pgserver')
  const where = ['--target', wheel, '--only-binary=:all:', '--python-version', '3.12', '--no-deps']
  await run('python3', ['-m', 'pip', 'install', '--quiet', ...where, 'pgserver==0.1.4'])
  const programs = join(wheel, 'pgserver/pginstall/bin')
  const commands = join(folder, 'commands')
  await mkdir(commands)
  const program = join(root, 'src/cli/intake.js')
  await writeFile(
    join(commands, 'intake'),
    `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`,
  )
  await chmod(join(commands, 'intake'), 0o755)
  const PATH = [commands, programs, dirname(process.execPath), process.env.PATH].join(':')
  // Variables of the shell, which last from one block to the next.
  const environment: Record<string, string> = { PATH, DATA_DIR: folder }

  const dataOf = (name: string) => join(folder, name)
  const control = (name: string, ...words: string[]) =>
    asSomebody(join(programs, 'pg_ctl'), ['-D', dataOf(name), '-w', ...words])
  const running = new Set<string>()
  const start = async (name: string, port: number) => {
    const flags = `-p ${port} -h 127.0.0.1 -c unix_socket_directories='' -c fsync=off`
    await control(name, '-o', flags, '-l', join(folder, `${name}.log`), 'start')
    running.add(name)
  }
  /** As if it were killed. */
  const stop = async (name: string) => {
    if (running.delete(name)) await control(name, '-m', 'immediate', 'stop')
  }
  t.teardown(async () => {
    for (const name of running) await stop(name)
  })

  /** Types commands into a shell, which goes on after one that fails; answers what it printed. */
  async function type(commands: string): Promise<{ out: string; err: string; code: string }> {
    const script = `${commands}\necho "code:$?"\nenv -0 > "${folder}/environment"`
    const { stdout, stderr } = await run('bash', ['-c', script], environment, folder)
    const [out = '', code = ''] = stdout.split('code:')
    const variables = await run('cat', [`${folder}/environment`])
    for (const line of variables.stdout.split('\0')) {
      const [name = '', ...value] = line.split('=')
      if (/_URL$|^ORIGIN$/.test(name)) environment[name] = value.join('=')
    }
    return { out, err: stderr, code: code.trim() }
  }

  /** The same, of which each command must go well; answers what they printed. */
  async function typed(commands: string): Promise<string> {
    const { out, err, code } = await type(`set -e\n${commands}`)
    if (code !== '0') throw new Error(`${commands}\n${out}${err}`)
    return out
  }

  return {
    folder,
    stop,

    /** A new cluster with the superuser `postgres`; answers its URL without a database. */
    async cluster(name: string, port: number): Promise<string> {
      const password = 'SUPERUSER-PASSWORD'
      await writeFile(join(folder, 'password'), password)
      const scram = ['-A', 'scram-sha-256', '--pwfile', join(folder, 'password')]
      await asSomebody(join(programs, 'initdb'), ['-D', dataOf(name), '-U', 'postgres', ...scram])
      await start(name, port)
      return `postgres://postgres:${password}@127.0.0.1:${port}`
    },

    /** Another that follows the cluster at this URL; answers its own. */
    async standby(name: string, port: number, of: string): Promise<string> {
      const copying = ['-D', dataOf(name), '-R', '-X', 'stream', '-c', 'fast', '--no-sync']
      await asSomebody(join(programs, 'pg_basebackup'), [...copying, '-d', `${of}/postgres`])
      await start(name, port)
      return Object.assign(new URL(of), { port: String(port) }).href.replace(/\/$/, '')
    },

    promote: (name: string) => control(name, 'promote'),

    type,
    typed,

    /** Types the first deployment of docs/OPERATIONS.md for the cluster at this URL; answers the owner's. */
    async deploy(url: string): Promise<string> {
      const page = await readFile(join(root, 'docs/OPERATIONS.md'), 'utf8')
      const document = page.replaceAll('127.0.0.1:5432', new URL(url).host)
      const [makeRoles = '', makeTables = ''] = blocksOf(document, '## First deployment')
      await typed(`psql -v ON_ERROR_STOP=1 ${url}/postgres <<'SQL'\n${makeRoles}\nSQL`)
      await typed(makeTables)
      return environment.DATABASE_OWNER_URL!
    },
  }
}

/** PostgreSQL will not run as root, so root becomes somebody else in a namespace of its own. */
async function asSomebody(command: string, args: readonly string[]): Promise<void> {
  const somebody = ['unshare', '--user', '--map-user=1000', '--map-group=1000']
  const [first = '', ...words] = process.getuid?.() === 0 ? [...somebody, command] : [command]
  await run(first, [...words, ...args])
}
