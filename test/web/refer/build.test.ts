// What is built is small, neutral, the same each time, and named by its hashes.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { buildWeb, type WebOptions } from '../../../scripts/web.ts'
import { encodeBase64url } from '../../../src/protocol/bytes.ts'
import ar from '../../../src/web/refer/texts/drafts/ar.json' with { type: 'json' }

const rootKeys = [1, 2].map((byte) => encodeBase64url(new Uint8Array(32).fill(byte)))
const options: WebOptions = {
  trust: { origin: 'intake.example.org', rootKeys, minimumVersion: 7 },
  service: 'https://intake.example.org',
  organisation: 'Medical Help',
  telephone: '0800 555 0100 <b>',
  exit: 'https://example.org/weather?a&b',
  drafts: false,
}

const folder = t.testdir({ one: {}, two: {}, drafts: {} })
const [one, two, drafts] = ['one', 'two', 'drafts'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
]
await buildWeb(options, one)
await buildWeb(options, two)
await buildWeb({ ...options, drafts: true }, drafts)
const read = (file: string) => readFileSync(join(one, file))
const all = (out: string) => readdirSync(out).map((file) => readFileSync(join(out, file), 'utf8'))

t.test('the same sources and arguments give the same bytes', async (t) => {
  t.same(readdirSync(one), readdirSync(two))
  for (const file of readdirSync(one)) t.ok(read(file).equals(readFileSync(join(two, file))), file)
})

t.test('SHA256SUMS names every other file, and sha256sum agrees', async (t) => {
  const checked = execFileSync('sha256sum', ['-c', 'SHA256SUMS'], { cwd: one, encoding: 'utf8' })
  const names = checked.split('\n').flatMap((line) => line.match(/^(.+): OK$/)?.[1] ?? [])
  t.same(
    names,
    readdirSync(one).filter((file) => file !== 'SHA256SUMS'),
  )
})

/** A script, and all that it waits for before it runs. */
function loadedBy(script = ''): string[] {
  const found = new Set([script])
  for (const file of found) {
    const imports = read(file)
      .toString()
      .matchAll(/(?:from|import)"\.\/([\w-]+\.js)"/g)
    for (const [, name = ''] of imports) found.add(name)
  }
  return [...found]
}

function gzipped(files: Iterable<string>): number {
  return [...files].reduce((sum, file) => sum + gzipSync(read(file)).length, 0)
}

t.test('the first load is under 300 KB compressed, and does not seal', async (t) => {
  const html = read('index.html').toString()
  const [style] = /style-\w+\.css/.exec(html) ?? ['']
  const first = new Set(['index.html', style, ...loadedBy(/main-\w+\.js/.exec(html)?.[0])])
  const bytes = gzipped(first)
  t.comment(`first load: ${bytes} bytes gzipped, of ${[...first].join(', ')}`)
  t.ok(bytes < 300_000)
  const later = loadedBy(/sealing-\w+\.js/.exec(html)?.[0]).filter((file) => !first.has(file))
  t.comment(`loaded while that is read: ${gzipped(later)} bytes gzipped, in ${later.length} files`)
  t.ok(gzipped(later) < 300_000)
  const preloaded = [...html.matchAll(/rel="modulepreload" href="([\w-]+\.js)"/g)].map(
    ([, name]) => name,
  )
  const scripts = [...first].filter((file) => /^(?!main).*\.js$/.test(file))
  t.ok(scripts.length > 0)
  t.same(new Set(preloaded), new Set(scripts), 'all comes in one go')
  for (const file of first) t.notMatch(read(file).toString(), /crypto_kem_xwing/, file)
  t.match(all(one).join(''), /crypto_kem_xwing/, 'what seals is there')
})

t.test('nothing of the identity that the components come from, and no other host', async (t) => {
  for (const file of readdirSync(one).filter((name) => /\.(css|html|js)$/.test(name))) {
    const text = read(file).toString()
    t.notMatch(text, /@font-face|GDS Transport|url\(|\/assets\//, file)
    t.notMatch(text, /src=["']?https?:/, file)
  }
})

t.test('the page is told whom to trust, and text is only text', async (t) => {
  const script = all(one).join('')
  for (const key of rootKeys) t.ok(script.includes(key))
  t.match(script, 'minimumVersion:7')
  const html = read('index.html').toString()
  t.match(html, '<title>Form</title>')
  t.notMatch(html, '<b>')
  t.match(html, 'weather?a&#38;b')
})

t.test('a translation by machine is built in only where that is asked for', async (t) => {
  for (const words of ['العربية', ar['frame.exit']]) {
    t.notOk(all(one).join('').includes(words))
    t.ok(all(drafts).join('').includes(words))
  }
})

t.test('arguments that would make a page nobody can trust are refused', async (t) => {
  const { trust } = options
  const files = t.testdir({
    'trust.json': JSON.stringify(trust),
    'short.json': JSON.stringify({ ...trust, rootKeys: ['short'] }),
  })
  const run = (file: string, service: string) =>
    execFileSync(
      process.execPath,
      [
        ...['scripts/web.ts', '--trust', join(files, file), '--service', service],
        ...['--organisation', 'Medical Help', '--telephone', '0800 555 0100'],
      ],
      { stdio: 'pipe' },
    )
  t.throws(() => execFileSync(process.execPath, ['scripts/web.ts'], { stdio: 'pipe' }), /--trust/)
  t.throws(() => run('short.json', options.service), /rootKeys/)
  t.throws(() => run('trust.json', 'http://intake.example.org'), /no https address/)
})
