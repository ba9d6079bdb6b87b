/**
 * Builds the form for people without an account into dist/web/refer: static files, with the SHA-256 of each.
 * Whom it seals to is written into it (docs/OPERATIONS.md, "Hosting the form"); the same sources and the same
 * arguments give the same bytes.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import rtlcss from 'rtlcss'
import { Trust } from '../src/protocol/trust/keyset.ts'
import { schemaProblems } from '../src/referral/problems.ts'
import type { Pinned } from '../src/web/refer/pinned.ts'
import { licences } from './licences.ts'
import { withoutCompiling, withoutIdentity } from './plugins.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = join(root, 'src/web/refer')

export type WebOptions = Pinned & {
  /** Builds in translations by machine, each with a banner that says so. */
  readonly drafts: boolean
}

/** Builds the form into `out`, which is emptied first. @returns the names of its files */
export async function buildWeb(options: WebOptions, out: string): Promise<readonly string[]> {
  const { drafts, ...pinned } = options
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      main: 'src/web/refer/main.ts',
      sealing: 'src/web/refer/sealing.ts',
      solver: 'src/web/refer/solver.ts',
      style: 'src/web/refer/style.css',
    },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'browser', minify: true },
    // Browsers of 2021 and later: an older one leaves the words of index.html as they are.
    ...{ target: 'es2022', charset: 'utf8' },
    define: { PINNED: JSON.stringify(pinned), DRAFTS: String(drafts) },
    ...{
      plugins: [withoutIdentity, withoutCompiling],
      legalComments: 'none',
      metafile: true,
      logLevel: 'warning',
    },
    ...{ outdir: out, entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]' },
  })
  const built = readdirSync(out)
  const style = named(built, /^style-.*\.css$/)
  const mirrored = mirror(out, style)
  const policy = policyOf(pinned)
  const main = named(built, /^main-.*\.js$/)
  const html = filled(preloaded(readFileSync(join(source, 'index.html'), 'utf8'), out, main), {
    ...{ policy, style, mirrored, main },
    sealing: named(built, /^sealing-.*\.js$/),
    solver: named(built, /^solver-.*\.js$/),
    ...{ telephone: pinned.telephone, exit: pinned.exit },
  })
  write(out, 'index.html', html)
  write(out, 'headers.txt', headersOf(policy))
  write(out, 'LICENSES.txt', licences(Object.keys(metafile.inputs)))
  const files = readdirSync(out).sort()
  write(out, 'SHA256SUMS', files.map((file) => `${sha256(out, file)}  ${file}\n`).join(''))
  return [...files, 'SHA256SUMS']
}

/** What a page may do: run its own scripts and WebAssembly, and speak to the service. */
function policyOf({ service }: Pinned): string {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "worker-src 'self'",
    'img-src data:',
    `connect-src ${new URL(service).origin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types solver',
  ].join('; ')
}

/** What the web server must send with every file. A policy in the page cannot forbid frames. */
function headersOf(policy: string): string {
  return [
    `Content-Security-Policy: ${policy}; frame-ancestors 'none'`,
    'Cache-Control: no-cache',
    'Cross-Origin-Opener-Policy: same-origin',
    'Permissions-Policy: camera=(), geolocation=(), microphone=()',
    'Referrer-Policy: no-referrer',
    'Strict-Transport-Security: max-age=31536000',
    'X-Content-Type-Options: nosniff',
    '',
  ].join('\n')
}

function mirror(out: string, style: string): string {
  const css = rtlcss.process(readFileSync(join(out, style), 'utf8'))
  const hash = createHash('sha256').update(css).digest('hex').slice(0, 8).toUpperCase()
  const name = `style-rtl-${hash}.css`
  write(out, name, css)
  return name
}

/** The page, with what `main` imports named in it: fetched beside it, not one journey over the line later. */
function preloaded(template: string, out: string, main: string): string {
  const imported = readFileSync(join(out, main), 'utf8').matchAll(
    /(?:from|import)"\.\/([\w-]+\.js)"/g,
  )
  const links = [...imported].map(([, file]) => `<link rel="modulepreload" href="${file}">\n`)
  return template.replace('<script', `${links.join('')}<script`)
}

function filled(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`index.html asks for ${whole}`)
    return value.replace(/[&"<>]/g, (character) => `&#${character.charCodeAt(0)};`)
  })
}

function named(files: readonly string[], pattern: RegExp): string {
  const [found, ...others] = files.filter((file) => pattern.test(file))
  if (found === undefined || others.length > 0) throw new Error(`not one file is ${pattern}`)
  return found
}

function write(out: string, file: string, text: string): void {
  writeFileSync(join(out, file), text)
}

function sha256(out: string, file: string): string {
  return createHash('sha256')
    .update(readFileSync(join(out, file)))
    .digest('hex')
}

const usage = `npm run build:web -- --trust trust.json --service https://intake.example.org \\
  --organisation NAME --telephone NUMBER [--exit URL] [--drafts]`

/** @throws Error that says what is missing or wrong */
function optionsOf(args: readonly string[]): WebOptions {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ trust: text, service: text, organisation: text, telephone: text },
      exit: { type: 'string', default: 'https://www.bbc.co.uk/weather' },
      drafts: { type: 'boolean', default: false },
    },
  })
  const { service, organisation, telephone, exit, drafts } = values
  if (!values.trust || !service || !organisation || !telephone) throw new Error(usage)
  const trust = JSON.parse(readFileSync(values.trust, 'utf8'))
  const [fault] = schemaProblems(Trust, trust)
  if (fault) throw new Error(`${values.trust}: ${fault.pointer} ${fault.detail}`)
  for (const url of [service, exit]) {
    if (!/^https:\/\//.test(url) || !URL.canParse(url))
      throw new Error(`${url} is no https address`)
  }
  return { trust, service, organisation, telephone, exit, drafts }
}

if (import.meta.main) {
  const out = join(root, 'dist/web/refer')
  try {
    const files = await buildWeb(optionsOf(process.argv.slice(2)), out)
    console.log(`${files.length} files in ${basename(root)}/dist/web/refer; compare SHA256SUMS`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
