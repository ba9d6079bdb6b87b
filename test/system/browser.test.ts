/**
 * Goal: the SDK runs in a browser as it is, under a strict content security policy, and what is
 * sealed there opens in Node and the reverse.
 * Method: the SDK's one door is bundled without any stand-in for Node, and a page of another's
 * origin uses it against the real service, in a real Chromium. A second page breaks the policy on
 * purpose, so that silence about the first means something.
 */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { build as bundle } from 'esbuild'
import { chromium } from 'playwright-core'
import t from 'tap'
import {
  type Acknowledgement,
  checkDraft,
  createReader,
  createReferrer,
  type Draft,
  type Envelope,
  type Opened,
  sealKeyFile,
} from '../../src/client/index.ts'
import { build } from '../helpers/build.ts'

const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

/** In parts, as a page would be built: the recipe of match keys is loaded when it is needed. */
const bundled = await bundle({
  entryPoints: { client: 'src/client/index.ts' },
  ...{ bundle: true, format: 'esm', platform: 'browser', minify: true, write: false },
  ...{ splitting: true, outdir: 'bundled', metafile: true, logLevel: 'silent' },
})
const parts = bundled.outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }))

const { url, world } = await build(t)
const { lawFirm } = world.referring
const tokens = {
  referrer: await world.token(lawFirm.clientId),
  reader: await world.token(world.clients.casework),
}
const here = { url, trust: world.trust }
const referrer = createReferrer({ ...here, token: () => tokens.referrer, signer: lawFirm.signing })
const reader = createReader({
  ...{ ...here, token: () => tokens.reader },
  recipient: world.recipients.casework,
})
const draft: Draft = JSON.parse(await readFile('examples/referrals/telephone-01.json', 'utf8'))
const { referral } = checkDraft(draft) as { referral: object }
const sealedElsewhere = await referrer.seal(draft)
await referrer.submit(sealedElsewhere)

const given = {
  ...{ trust: world.trust, draft, sealedElsewhere: sealedElsewhere.header.referralId },
  referrerToken: tokens.referrer,
  referrerKey: sealKeyFile(lawFirm, undefined),
  readerToken: tokens.reader,
  readerKey: sealKeyFile(world.recipients.casework, undefined),
}
const html = (script: string) => `<!doctype html><html lang="en"><meta charset="utf-8">
  <title>Refer</title><h1 id="reference">Sealing</h1><pre id="done"></pre>
  <script type="module" src="${script}"></script></html>`
const script = 'text/javascript'
const files: Readonly<Record<string, readonly [type: string, body: string | Uint8Array]>> = {
  '/': ['text/html', html('/page.js')],
  '/page.js': [script, await readFile(join(import.meta.dirname, 'page.js'))],
  ...Object.fromEntries(parts.map(({ name, contents }) => [`/${name}`, [script, contents]])),
  '/given.json': ['application/json', JSON.stringify(given)],
  '/breaking': ['text/html', html('/breaking.js')],
  '/breaking.js': [script, "document.querySelector('#done').textContent = eval('1 + 1')"],
}

/** The page's own server, with the service behind the same origin, as a proxy would put it. */
const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy())
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
t.teardown(() => server.close())
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url: path = '/', headers } = request
  if (!path.startsWith('/v1/')) {
    const [type, body] = files[path] ?? ['text/plain', '']
    response.setHeader('content-security-policy', policy)
    response.writeHead(files[path] ? 200 : 404, { 'content-type': type }).end(body)
    return
  }
  const { authorization, 'content-type': type } = headers
  const body = await buffer(request)
  const answered = await fetch(url + path, {
    method,
    headers: { ...(authorization && { authorization }), ...(type && { 'content-type': type }) },
    ...(body.length > 0 && { body }),
  })
  response.writeHead(answered.status, {
    'content-type': answered.headers.get('content-type') ?? '',
  })
  response.end(Buffer.from(await answered.arrayBuffer()))
}

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    ...['--no-sandbox', '--disable-quic', '--disable-background-networking'],
    ...['--disable-component-update', '--disable-sync'],
  ],
})
t.teardown(() => browser.close())

/** Opens a page until `#done` says something or a script fails; answers what went wrong. */
async function visit(path: string) {
  const page = await browser.newPage()
  const complaints: string[] = []
  const origins = new Set<string>()
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => origins.add(new URL(request.url()).origin))
  const failed = page.waitForEvent('pageerror', { timeout: 20_000 }).catch(() => {})
  await page.goto(origin + path)
  await Promise.race([failed, page.waitForSelector('#done:not(:empty)', { timeout: 20_000 })])
  return { page, complaints, origins: [...origins], text: await page.textContent('#done') }
}

t.test('the bundle needs nothing of Node', async (t) => {
  const imported = Object.values(bundled.metafile!.outputs).flatMap(({ imports }) => imports)
  const names = parts.map(({ name }) => name)
  for (const { path } of imported) t.ok(names.includes(basename(path)), `${path} is in it`)
  for (const { contents } of parts) t.notMatch(Buffer.from(contents).toString(), /["'`]node:/)
})

t.test(
  'what a page loads at once, and each part that it may load later, is below 300 KB',
  async (t) => {
    const gzipped = new Map(parts.map(({ name, contents }) => [name, gzipSync(contents).length]))
    const atOnce = importedBy('bundled/client.js')
    const first = atOnce.reduce((sum, path) => sum + gzipped.get(basename(path))!, 0)
    t.comment(`the SDK for a browser, at once: ${first} bytes gzipped in ${atOnce.length} parts`)
    t.ok(first < 300_000, `${first} bytes gzipped`)
    const later = Object.keys(bundled.metafile!.outputs).filter((path) => !atOnce.includes(path))
    for (const path of later) {
      const bytes = gzipped.get(basename(path))!
      t.comment(`later, ${basename(path)}: ${bytes} bytes gzipped`)
      t.ok(bytes < 300_000, `${path}: ${bytes} bytes gzipped`)
    }
    const inputs = atOnce.flatMap((path) => Object.keys(bundled.metafile!.outputs[path]!.inputs))
    for (const unread of ['audit/schemas', 'cases/schemas', 'client/log', 'client/conform']) {
      t.notOk(inputs.includes(`src/${unread}.ts`), `no page needs ${unread} to begin with`)
    }
  },
)

/** A part and all that it imports before it runs: a page waits for every one of them. */
function importedBy(entry: string): string[] {
  const found = new Set([entry])
  for (const path of found) {
    for (const { path: next, kind } of bundled.metafile!.outputs[path]!.imports) {
      if (kind !== 'dynamic-import') found.add(next)
    }
  }
  return [...found]
}

t.test('a page seals, submits, claims, opens and completes', async (t) => {
  const { page, complaints, origins, text } = await visit('/')
  t.same(complaints, [], 'the console says nothing')
  t.same(origins, [origin], 'and nobody else is asked')
  const done: {
    sealedHere: Envelope
    acknowledgement: Acknowledgement
    opened: Opened
    claimed: Opened
    completion: { outcome: string }
  } = JSON.parse(text || '{}')

  t.same(done.opened.compartments, referral, 'the browser opens what Node sealed')
  t.same(done.opened.problems, [])
  t.match(done.sealedHere.matching, { epoch: 1 }, 'with match keys, by the same recipe')
  t.same(done.sealedHere.matching, sealedElsewhere.matching)
  const { referralId } = done.sealedHere.header
  const opened = await reader.open(await reader.fetch(referralId))
  t.same(opened.opened && opened.compartments, referral, 'Node opens what the browser sealed')
  t.same(opened.opened && opened.signedBy, done.opened.signedBy)
  t.same(await referrer.submit(done.sealedHere), done.acknowledgement, 'the bytes are the same')
  t.same(done.claimed.compartments, referral)
  t.equal(done.completion.outcome, 'accepted')
  await page.close()
})

t.test('a page that breaks the policy is stopped, and is heard', async (t) => {
  const { complaints, text } = await visit('/breaking')
  t.match(complaints.join('\n'), /Content Security Policy/)
  t.equal(text, '')
})
