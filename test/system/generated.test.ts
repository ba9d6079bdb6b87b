/**
 * Goal: that others can generate from the API document what they work with.
 * Method: the linters and generators that they use, at fixed versions, on what the service serves.
 */
import { execFile } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { folderOf, intake, partyOf } from '../cli/run.ts'
import { build } from '../helpers/build.ts'
import { sealed } from '../helpers/referral.ts'

const execute = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = await folderOf(t)
const PATH = [
  join(folder, 'node_modules/.bin'),
  join(root, 'node_modules/.bin'),
  dirname(process.execPath),
  process.env.PATH,
].join(':')
/** Without the loaders that tap gives to every child: these are other people's programs. */
const run = (command: string, args: readonly string[]) => {
  const own = { PATH, PYTHONPATH: join(folder, 'python'), REDOCLY_TELEMETRY: 'off' }
  const options = { cwd: folder, env: { ...process.env, ...own } }
  return execute('env', ['-u', 'NODE_OPTIONS', command, ...args], options).catch((error) => error)
}

const { world, url } = await build(t)
const served = await fetch(`${url}/openapi.json`)
await writeFile(join(folder, 'openapi.json'), await served.text())

t.test('linters and types, from npm', async (t) => {
  const tools = [
    '@redocly/cli@2.77.0',
    '@stoplight/spectral-cli@6.16.3',
    'openapi-typescript@7.13.0',
    'typescript@5.9.3',
  ]
  await writeFile(join(folder, 'package.json'), '{"private":true}')
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  t.notOk((await run('npm', ['install', ...flags, ...tools])).code)

  t.test("Redocly's recommended rules find nothing", async (t) => {
    const flags = ['--extends=recommended', '--format=json']
    const { stdout } = await run('redocly', ['lint', 'openapi.json', ...flags])
    t.same(JSON.parse(stdout).problems, [])
  })

  t.test("Spectral's recommended rules find nothing", async (t) => {
    await writeFile(join(folder, '.spectral.yaml'), 'extends: ["spectral:oas"]\n')
    const { stdout } = await run('spectral', ['lint', 'openapi.json', '--format=json', '--quiet'])
    t.same(JSON.parse(stdout), [])
  })

  t.test('openapi-typescript writes types that compile strictly and refuse', async (t) => {
    await run('openapi-typescript', ['openapi.json', '-o', 'openapi.ts'])
    await writeFile(
      join(folder, 'use.ts'),
      `import type { components, operations } from './openapi.ts'
      type Body = operations['completeClaim']['requestBody']['content']['application/json']
      export const body: Body = { fence: 1, outcome: 'accepted', referrals: ['12345678'] }
      type Envelope = operations['submitReferral']['requestBody']['content']['application/json']
      export const envelope: Envelope = { header: {}, wraps: [] }
      export const code: components['schemas']['Problem']['code'] = 'lease-lost'
      // @ts-expect-error: no such outcome
      export const wrong: Body = { fence: 1, outcome: 'perhaps', referrals: ['12345678'] }`,
    )
    const flags = [
      '--noEmit',
      '--strict',
      '--exactOptionalPropertyTypes',
      '--noUncheckedIndexedAccess',
    ]
    const modules = ['--module', 'nodenext', '--allowImportingTsExtensions']
    const { stdout } = await run('tsc', [...flags, ...modules, 'openapi.ts', 'use.ts'])
    t.equal(stdout, '')
  })
})

t.test(
  'a client generated in Python refers what was sealed, claims and completes it',
  async (t) => {
    const install = ['-m', 'pip', 'install', '--quiet', '--target', join(folder, 'python')]
    t.notOk((await run('python3', [...install, 'openapi-python-client==0.29.1'])).code)
    await writeFile(join(folder, 'generator.yaml'), 'post_hooks: []\n')
    const target = join(folder, 'python/referral_intake')
    const flags = ['--config', 'generator.yaml', '--meta', 'none', '--output-path', target]
    const from = ['generate', '--url', `${url}/openapi.json`, '--fail-on-warning']
    const generated = await run('python3', ['-m', 'openapi_python_client', ...from, ...flags])
    t.notOk(generated.code, generated.stdout)

    const files = (await readdir(join(target, 'models'))).filter((file) => file !== '__init__.py')
    const texts = await Promise.all(
      files.map((file) => readFile(join(target, 'models', file), 'utf8')),
    )
    const enums = texts.filter((text) => /^class \w+\(.*Enum\)/m.test(text)).length
    t.comment(`${files.length - enums} models, ${enums} lists of words`)
    t.ok(files.length - enums < 60, `${files.length - enums} models, fewer than 60`)

    const { casework } = world.recipients
    const party = { url, world, clientId: world.clients.casework, keys: casework }
    const { token, environment } = await partyOf(t, party)
    const partner = await world.token(world.referring.lawFirm.clientId)
    const envelope = sealed(world)
    const toSend = join(folder, 'sealed.json')
    const toOpen = join(folder, 'released.json')
    await writeFile(toSend, JSON.stringify(envelope))
    const script = join(root, 'test/system/generated.py')
    const given = [url, partner, token, casework.receiving.kid, toSend, toOpen]
    const { stdout, stderr } = await run('python3', [script, ...given])
    t.equal(stderr, '')
    const { referralId } = envelope.header
    t.same(JSON.parse(stdout), {
      referrals: [referralId],
      urgency: 'standard',
      region: 'heathrow',
      found: [referralId],
      state: 'leased',
      refused: 'malformed-request',
      outcome: 'accepted',
    })
    const opened = await intake(['open', toOpen], environment)
    t.match(opened, { code: 0, out: /Okonkwo/ }, 'what it was released opens as it wrote it down')
  },
)
