/**
 * Builds the page of an exported log (src/web/log): one HTML file with its style and script in it, for a
 * browser runs no module that it reads from disk. `intake audit export` adds the log's data beside it.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import { licences } from './licences.ts'
import { withoutCompiling, withoutIdentity, withoutWaiting } from './plugins.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The page, in which `{nonce}` and then `{files}` are still to be filled in, and whose work is in it. */
export type LogPage = { readonly html: string; readonly licences: string }

/** The same sources give the same page. */
export async function buildLogPage(): Promise<LogPage> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/web/log/main.ts', style: 'src/web/log/style.css' },
    ...{ bundle: true, format: 'iife', platform: 'browser', minify: true, write: false },
    // Names of errors are part of what they say.
    ...{ target: 'es2022', charset: 'utf8', keepNames: true, legalComments: 'none' },
    ...{ metafile: true, logLevel: 'warning', outdir: root },
    plugins: [withoutIdentity, withoutCompiling, withoutWaiting],
  })
  const textOf = (ending: string) => {
    const file = outputFiles.find(({ path }) => path.endsWith(ending))
    if (!file) throw new Error(`nothing was built that ends in ${ending}`)
    return file.text
  }
  const [script, style] = [textOf('.js'), textOf('.css')]
  const template = readFileSync(join(root, 'src/web/log/index.html'), 'utf8')
  const parts: Readonly<Record<string, string>> = {
    ...{ policy: policyOf(script, style), style: `<style>${style}</style>` },
    script: `<script>${script}</script>`,
  }
  const html = template.replace(
    /\{(policy|style|script)\}/g,
    (_, name: string) => parts[name] ?? '',
  )
  return { html, licences: licences(Object.keys(metafile.inputs)) }
}

/** The page of an exported log comes along, built: whoever exports has no sources to build it of. */
export const withLogPage: Plugin = {
  name: 'with the page of a log',
  setup({ onLoad }) {
    onLoad({ filter: /src[/\\]cli[/\\]auditor[/\\]builtpage\.ts$/ }, async () => {
      const page = JSON.stringify(await buildLogPage())
      return { contents: `export const builtPage = async () => (${page})` }
    })
  },
}

/** The page's own script, the data beside it, WebAssembly, and nothing from anywhere else. */
function policyOf(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)} 'nonce-{nonce}' 'wasm-unsafe-eval'`,
    `style-src ${hashOf(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
