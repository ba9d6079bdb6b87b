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
import { folderOf } from '../cli/run.ts'
import { build } from '../helpers/build.ts'
import { refer } from '../helpers/referral.ts'

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

t.test('a client generated in Python claims an item and completes it', async (t) => {
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
  // Each new operation brings its own request and answer: what is held is how many of them there are for each.
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: object }
  const operations = Object.values(document.paths).flatMap((path) => Object.keys(path)).length
  const modelsMax = Math.floor(operations * 2.4)
  t.ok(files.length - enums <= modelsMax, `${files.length - enums} models, at most ${modelsMax}`)

  const { referralId } = await refer({ world, url })
  const token = await world.token(world.clients.casework)
  const script = join(root, 'test/system/generated.py')
  const kid = world.recipients.casework.receiving.kid
  const { stdout, stderr } = await run('python3', [script, url, token, kid])
  t.equal(stderr, '')
  t.same(JSON.parse(stdout), {
    referrals: [referralId],
    urgency: 'standard',
    refused: 'malformed-request',
    outcome: 'accepted',
  })
})
