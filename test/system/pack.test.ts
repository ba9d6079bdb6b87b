import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { sealKeyFile } from '../../src/client/index.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { folderOf } from '../cli/run.ts'
import { firstOfMany, roots, serveKeysets, signKeyset, trust } from '../client/keysets.ts'

const execute = promisify(execFile)
/** Without the loaders that tap gives to every child: some of these are other people's programs. */
const run = (command: string, args: readonly string[], options: { cwd: string; env: object }) =>
  execute('env', ['-u', 'NODE_OPTIONS', command, ...args], options as { cwd: string })
const root = fileURLToPath(new URL('../..', import.meta.url))
const PATH = [join(root, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(
  ':',
)
const environment = { ...process.env, PATH }

const draft = {
  channel: 'partner_ngo',
  region: 'kent',
  referral: { identity: { familyName: 'Okonkwo' } },
}

t.test('the packed package, installed into an empty project', async (t) => {
  const folder = await folderOf(t)
  const pack = ['pack', '--json', '--pack-destination', folder]
  const packed = await run('npm', pack, { cwd: root, env: environment })
  const project = join(folder, 'project')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{"private":true,"type":"module"}')
  const { filename } = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[')))[0]
  const install = ['install', '--ignore-scripts', '--no-audit', '--no-fund', join(folder, filename)]
  await run('npm', install, { cwd: project, env: environment })
  // A home of its own: what is pinned in the tester's would be another's.
  const inProject = { cwd: project, env: { ...environment, INTAKE_HOME: join(folder, 'home') } }

  const url = await serveKeysets(t, { 1: signKeyset(firstOfMany(), roots[0]) }, () => 1)
  const signer = generateSigningKey()
  const write = (name: string, text: string) =>
    writeFile(join(project, name), text, { mode: 0o600 })
  await write('trust.json', JSON.stringify(trust))
  await write('partner.key', sealKeyFile({ signing: signer }, undefined))
  await write('draft.json', JSON.stringify(draft))

  t.test('seals from the command line', async (t) => {
    const flags = ['--url', url, '--trust', 'trust.json', '--key', 'partner.key']
    const command = `npx --no-install intake seal ${flags.join(' ')} < draft.json`
    const { stdout } = await run('sh', ['-c', command], inProject)
    t.match(JSON.parse(stdout), { header: { region: 'kent', signer: signer.kid } })
    t.notMatch(stdout, /Okonkwo/)
    const admin = run('npx', ['--no-install', 'intake', 'admin', 'migrate'], inProject)
    await t.rejects(admin, { code: 2, stderr: /runs on the host/ })
  })

  t.test('seals from a program', async (t) => {
    await write(
      'seal.js',
      `import { createReferrer, openKeyFile } from 'referral-intake'
      import { readFileSync } from 'node:fs'
      const read = (file) => readFileSync(file, 'utf8')
      const referrer = createReferrer({
        url: '${url}',
        trust: JSON.parse(read('trust.json')),
        signer: openKeyFile(read('partner.key')).signing,
        token: () => 'none',
      })
      console.log(JSON.stringify(await referrer.seal(JSON.parse(read('draft.json')))))`,
    )
    const { stdout } = await run(process.execPath, ['seal.js'], inProject)
    t.match(JSON.parse(stdout), { header: { region: 'kent', signer: signer.kid } })
  })

  t.test('compiles each example of its documentation', async (t) => {
    const sources = ['referrer.ts', 'reader.ts'].map((name) => join(root, 'src/client', name))
    const texts = await Promise.all(sources.map((file) => readFile(file, 'utf8')))
    const examples = texts.flatMap((text) => {
      return [...text.matchAll(/^ \* ```ts\n([\s\S]*?)^ \* ```/gm)].map(([, code = '']) => code)
    })
    t.equal(examples.length, sources.length)
    const given = `declare const rootA: string, rootB: string, keyFileText: string, passphrase: string
      declare function currentToken(): Promise<string>\n`
    const files = await Promise.all(
      examples.map(async (code, index) => {
        await write(`example${index}.ts`, given + code.replaceAll(/^ \* ?/gm, ''))
        return `example${index}.ts`
      }),
    )
    const flags = '--noEmit --strict --target es2023 --module nodenext --lib es2023,dom'.split(' ')
    const checked = await run('tsc', [...flags, ...files], inProject).catch((error) => error)
    t.equal(checked.stdout, '')
  })
})
