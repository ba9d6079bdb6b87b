/**
 * Builds the client package into dist/client: the SDK for ES modules, CommonJS and browsers, and the
 * command line without what runs on the host. All but libsodium is bundled, so that whoever installs
 * it trusts two packages more and not a hundred; the licences of what is inside come along.
 */
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import manifest from '../package.json' with { type: 'json' }
import { licences } from './licences.ts'
import { withLogPage } from './logpage.ts'
import { withoutWaiting } from './plugins.ts'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const packageName = 'referral-intake-client'
const out = 'dist/client'
const sodium = 'libsodium-wrappers'

const shared: BuildOptions = {
  bundle: true,
  // Modules and Node's own files are read as UTF-8: letters of other alphabets need no escapes of three times their length.
  charset: 'utf8',
  external: [sodium],
  // Names of errors are part of what they say.
  keepNames: true,
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  target: ['es2022', 'node20.19'],
}

/** Nobody who installs the package is where the service is. */
const withoutHost: Plugin = {
  name: 'without host',
  setup({ onLoad }) {
    const contents = 'export const hostCommands = {}'
    onLoad({ filter: /src[/\\]cli[/\\]host[/\\]commands\.ts$/ }, () => ({ contents }))
  },
}

/** Some of what the command line bundles is CommonJS, and asks for Node's modules by `require`. */
const requiring = `import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)`

async function bundled(): Promise<string[]> {
  const sdk: BuildOptions = {
    ...shared,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    plugins: [withoutWaiting],
  }
  const entryPoints = { index: 'src/client/index.ts' }
  const built = await Promise.all([
    build({ ...sdk, entryPoints, outdir: out, format: 'esm', splitting: true }),
    build({ ...sdk, entryPoints, outdir: out, format: 'cjs', outExtension: { '.js': '.cjs' } }),
    build({
      ...shared,
      entryPoints: { intake: 'src/cli/intake.js' },
      outdir: join(out, 'cli'),
      platform: 'node',
      format: 'esm',
      splitting: true,
      plugins: [withoutHost, withLogPage],
      banner: { js: requiring },
    }),
  ])
  return built.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}))
}

/** `'./x.ts'`, `import("../y.mjs")` and `'typebox'`, in a file of declarations. */
const reference = /(\bfrom |\bimport\(|^import )(["'])([^"']+)\2/gm

/**
 * Copies the declarations that the SDK's reach, typebox's among them. Their folder is CommonJS by its own
 * package.json: such types serve whoever imports and whoever requires, for there is no default export.
 */
function declarations(): string[] {
  const declared = 'dist/declarations'
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
  const waiting = [join(declared, 'client/index.d.ts')]
  const copied = new Set(waiting)
  for (const file of waiting) {
    const target = placeOf(file)
    const text = read(file).replace(
      reference,
      (whole, before: string, quote: string, name: string) => {
        // An example in a comment.
        if (name === packageName) return whole
        const found = declarationOf(file, name)
        if (!copied.has(found)) waiting.push(found)
        copied.add(found)
        const path = relative(dirname(target), placeOf(found)).replace(/\.d\.ts$/, '.js')
        return `${before}${quote}${path.startsWith('.') ? path : `./${path}`}${quote}`
      },
    )
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, text)
  }
  write('types/package.json', '{ "type": "commonjs" }\n')
  rmSync(declared, { recursive: true })
  return waiting
}

function declarationOf(from: string, name: string): string {
  if (name === 'typebox') return 'node_modules/typebox/build/index.d.mts'
  const file = relative('.', resolve(dirname(from), name))
  const found = file.replace(/\.ts$/, '.d.ts').replace(/\.mjs$/, '.d.mts')
  if (name.startsWith('.') && existsSync(found)) return found
  throw new Error(`${from}: the types of ${name} cannot be packed`)
}

function placeOf(file: string): string {
  const place = file.replace(/^dist\/declarations\/|^node_modules\/(?=typebox)/, '')
  return join(out, 'types', place.replace(/\.d\.mts$/, '.d.ts'))
}

function manifestOfClient(): object {
  const { version, description, license, dependencies } = manifest
  return {
    name: packageName,
    version,
    description,
    license,
    type: 'module',
    engines: { node: '>=20.19' },
    exports: {
      '.': { types: './types/client/index.d.ts', require: './index.cjs', default: './index.js' },
    },
    bin: { intake: './cli/intake.js' },
    dependencies: { [sodium]: dependencies[sodium] },
    sideEffects: false,
  }
}

function read(file: string): string {
  return readFileSync(file, 'utf8')
}

function write(file: string, text: string): void {
  writeFileSync(join(out, file), text)
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
const files = [...(await bundled()), ...declarations()]
write('LICENSES-OF-BUNDLED.txt', licences(files))
write('package.json', `${JSON.stringify(manifestOfClient(), null, 2)}\n`)
copyFileSync('LICENSE', join(out, 'LICENSE'))
copyFileSync('docs/CLIENT.md', join(out, 'README.md'))
