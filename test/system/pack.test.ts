/**
 * Goal: the client package, installed by somebody who has nothing else of ours, seals and opens wherever it
 * says that it runs, and brings little along.
 * Method: it is built, packed and installed from the registry into an empty project. One program seals to the
 * published test recipients and opens as each of them: as an ES module, as CommonJS, and bundled for a browser.
 */
import { execFile } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import t from 'tap'
import world from '../../openapi/conformance.json' with { type: 'json' }
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

/** The blocks of code of one language in a document. */
function blocksOf(page: string, language: string): string[] {
  const blocks = page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))
  return [...blocks].map(([, code = '']) => code)
}

t.test('the packed package, installed into an empty project', async (t) => {
  const folder = await folderOf(t)
  await run('npm', ['run', 'build'], { cwd: root, env: environment })
  const pack = ['pack', '--json', '--pack-destination', folder, join(root, 'dist/client')]
  const packed = await run('npm', pack, { cwd: root, env: environment })
  const project = join(folder, 'project')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{"private":true,"type":"module"}')
  const { filename } = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[')))[0]
  await copyFile(join(folder, filename), join(project, filename))
  const env = {
    ...environment,
    ...{ npm_config_ignore_scripts: 'true', npm_config_audit: 'false', npm_config_fund: 'false' },
    // A home of its own: what is pinned in the tester's would be another's.
    INTAKE_HOME: join(folder, 'home'),
  }
  const inProject = { cwd: project, env }
  const page = await readFile(join(root, 'docs/CLIENT.md'), 'utf8')
  const [install = '', generate = ''] = blocksOf(page, 'sh')
  await run('sh', ['-ec', install], inProject)

  const url = await serveKeysets(t, { 1: signKeyset(firstOfMany(), roots[0]) }, () => 1)
  const signer = generateSigningKey()
  const write = (name: string, text: string) =>
    writeFile(join(project, name), text, { mode: 0o600 })
  await write('trust.json', JSON.stringify(trust))
  await write('signer.key', sealKeyFile({ signing: signer }, undefined))
  await write('draft.json', JSON.stringify(draft))

  t.test('seals from the command line', async (t) => {
    const flags = ['--url', url, '--trust', 'trust.json', '--key', 'signer.key']
    const command = `npx --no-install intake seal ${flags.join(' ')} < draft.json`
    const { stdout } = await run('sh', ['-c', command], inProject)
    t.match(JSON.parse(stdout), { header: { region: 'kent', signer: signer.kid } })
    t.notMatch(stdout, /Okonkwo/)
    const admin = run('npx', ['--no-install', 'intake', 'admin', 'migrate'], inProject)
    await t.rejects(admin, { code: 2, stderr: /runs on the host/ })
  })

  t.test('makes keys as its documentation says', async (t) => {
    const INTAKE_PASSPHRASE = 'a passphrase of nobody'
    const { stdout } = await run('sh', ['-ec', generate], {
      ...inProject,
      env: { ...env, INTAKE_PASSPHRASE },
    })
    t.match(stdout, /partner\.key.*partner\.pub/)
  })

  t.test('has the text of each licence that it owes', async (t) => {
    const installed = join(project, 'node_modules/referral-intake-client')
    const listed = await readFile(join(installed, 'LICENSES-OF-BUNDLED.txt'), 'utf8')
    const texts = listed.split('-'.repeat(80))
    t.ok(texts.length > 10)
    for (const text of texts) t.match(text, /copyright[\s\S]{500}/i, text.slice(0, 40).trim())
  })

  t.test('brings few packages and few bytes', async (t) => {
    const installed = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8'))
    const count = Object.keys(installed.packages).length - 1
    const names = await readdir(join(project, 'node_modules'), { recursive: true })
    const files = await Promise.all(names.map((name) => stat(join(project, 'node_modules', name))))
    const bytes = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
    t.comment(`${count} packages, ${bytes} bytes`)
    t.ok(count <= 8, `${count} packages`)
    t.ok(bytes <= 10_000_000, `${bytes} bytes`)
  })

  const conforming = await serveKeysets(t, { 1: world.keyset }, () => 1)
  /** Waits for nothing at the top, so that it may stand in CommonJS. */
  const program = `async function main({ url, world, draft }) {
    await sdk.ready
    const base64 = world.signer.seed.replaceAll('-', '+').replaceAll('_', '/')
    const secretKey = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const signer = { kid: world.signer.kid, secretKey }
    const referrer = sdk.createReferrer({ url, trust: world.trust, signer, token: () => 'none' })
    const envelope = await referrer.seal(draft)
    const other = { ...draft, region: 'unknown' }
    const conformed = [draft, other].map((draft) => sdk.conform(envelope, world, draft))
    const [right, wrong] = await Promise.all(conformed)
    console.log(JSON.stringify({ right, wrong: wrong.length }))
  }
  main(${JSON.stringify({ url: conforming, world, draft })})`
  const imported = `import * as sdk from 'referral-intake-client'\n${program}`
  const done = { right: [], wrong: 1 }

  t.test('seals and opens as an ES module and as CommonJS', async (t) => {
    await write('program.mjs', imported)
    await write('program.cjs', `const sdk = require('referral-intake-client')\n${program}`)
    for (const file of ['program.mjs', 'program.cjs']) {
      const { stdout } = await run(process.execPath, [file], inProject)
      t.same(JSON.parse(stdout), done, file)
    }
  })

  t.test('seals and opens bundled for a browser', async (t) => {
    const bundled = await build({
      stdin: { contents: imported, resolveDir: project },
      ...{ bundle: true, format: 'iife', platform: 'browser', minify: true, write: false },
      ...{ target: 'es2022', logLevel: 'silent' },
    })
    const { contents, text } = bundled.outputFiles[0]!
    t.notMatch(text, /["'`]node:/)
    t.comment(`${contents.length} bytes, ${gzipSync(contents).length} gzipped`)
    await write('bundle.cjs', text)
    const { stdout } = await run(process.execPath, ['bundle.cjs'], inProject)
    t.same(JSON.parse(stdout), done)
  })

  t.test('says what is missing before the cryptography is loaded', async (t) => {
    const early = `require('referral-intake-client').generateSigningKey()`
    const called = run(process.execPath, ['-e', early], inProject)
    await t.rejects(called, { message: /`await ready` first/ })
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
      examples.flatMap((code, index) => {
        const text = given + code.replaceAll(/^ \* ?/gm, '')
        // CommonJS has no wait at the top, and imports the same names.
        const [imports = '', rest = ''] = text.split('await ready\n')
        const inside = `${imports}export async function main() {\n${rest}}\n`
        return [
          [`example${index}.mts`, text],
          [`example${index}.cts`, inside],
        ].map(async ([name = '', source = '']) => {
          await write(name, source)
          return name
        })
      }),
    )
    const flags = '--noEmit --strict --target es2023 --module node16 --lib es2023,dom'.split(' ')
    const args = [...flags, '--skipLibCheck', 'false', ...files]
    const checked = await run('tsc', args, inProject).catch((error) => error)
    t.equal(checked.stdout, '')
  })
})
