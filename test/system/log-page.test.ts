/**
 * Goal: the page beside an exported log answers who opened a referral and who tried, from disk, in a real
 * browser, to whoever cannot see it too; what it says of proofs is worked out there; and nothing that anybody
 * wrote acts on it.
 * Method: a real service's log is exported and opened from `file://`. Whatever the page says to its console, a
 * broken policy among it, fails the test. Then files of copies are spoiled, and a long log is made up.
 */
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { appendAll } from '../../src/audit/service.ts'
import { writePage } from '../../src/cli/auditor/page.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { parseBundle } from '../../src/protocol/log/bundle.ts'
import { parseCheckpoint } from '../../src/protocol/log/checkpoint.ts'
import { verifierKey } from '../../src/protocol/log/key.ts'
import { parseNote } from '../../src/protocol/log/note.ts'
import { parseTilePath } from '../../src/protocol/log/tile.ts'
import { originOfLog } from '../../src/protocol/logorigin.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { called, folderOf } from '../cli/run.ts'
import { build } from '../helpers/build.ts'
import { forgeLog } from '../helpers/forgedlog.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { keyOfLog } from '../helpers/servedlog.ts'
import { asSuperuser, untilPaired, untilSequenced } from '../helpers/superuser.ts'

const built = await build(t, { share: { requestsPerMinute: 1_000_000 } })
const { world, url, database } = built
const { casework, clinic, auditor } = world.clients
const sql = asSuperuser(t, built.databases)
const folder = await folderOf(t)

const hostile = '</script><img src=x onerror=alert(1)>\u2028“Clinic”'
await sql`update client set label = ${hostile} where id = ${clinic}`
const { referralId, acknowledgement } = await refer(built)
const reference = String(acknowledgement.reference)
await refer(built)
const kid = world.recipients.casework.receiving!.kid
const openAs = async (clientId: string) => {
  const call = await callerOf(world, url, clientId)
  return (await call('GET', `/v1/referrals/${referralId}?recipient=${kid}`)).status
}
const answers = [await openAs(casework), await openAs(clinic)]
await untilPaired(sql)
const acts = Array.from({ length: 300 }, () => ({ action: 'request.received' }) as const)
await database.inTransaction({ kind: 'system', request: newId() }, (tx) => appendAll(tx, acts))
await untilSequenced(sql)

await mkdir(join(folder, 'home'), { mode: 0o700 })
await writeFile(join(folder, 'home/trust.json'), JSON.stringify(world.trust), { mode: 0o600 })
const whole = join(folder, 'log')
const environment = {
  ...{ INTAKE_URL: url, INTAKE_HOME: join(folder, 'home') },
  INTAKE_TOKEN: await world.token(auditor),
}
const exported = await called(t, ['audit', 'export', whole], environment)

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-quic', '--disable-background-networking'],
})
t.teardown(() => browser.close())

const wide: BrowserContextOptions = { viewport: { width: 1200, height: 900 } }
const telephone: BrowserContextOptions = { viewport: { width: 360, height: 700 } }

/** The page of a folder, when its verdict is there; what it said to its console, and what it asked for. */
async function opened(t: Test, log: string, how = wide) {
  const context = await browser.newContext({ ...how, offline: true })
  t.teardown(() => context.close())
  const page = await context.newPage()
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  page.on('pageerror', (error) => said.push(error.message))
  page.on('dialog', (dialog) => said.push(dialog.message()))
  page.on('request', (request) => {
    if (!/^(file|data):/.test(request.url())) said.push(request.url())
  })
  await page.goto(pathToFileURL(join(log, 'index.html')).href)
  await page.locator('.log-verdict').waitFor()
  return { page, said }
}

/** A copy of the folder, with the text of one file of its data changed. */
async function spoiled(name: string, file: string, change: (text: string) => string) {
  const copy = join(folder, name)
  await cp(whole, copy, { recursive: true })
  const path = join(copy, 'data', file)
  const text = await readFile(path, 'utf8')
  const other = change(text)
  if (other === text) throw new Error(`${file} is as it was`)
  await writeFile(path, other)
  return copy
}

const region = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
const verdict = async (page: Page) => (await page.locator('.log-verdict').innerText()).trim()
const entries = (page: Page) => page.locator('section', { has: page.locator('#entries') })
const rowsOf = (place: Locator) => place.locator('tbody tr').allInnerTexts()

async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = (await page.evaluate('axe.run(document)')) as axe.AxeResults
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

t.test('the log is exported with its page', async (t) => {
  t.same(answers, [200, 403])
  t.match(exported, { code: 0, err: '', out: /index\.html/ })
  for (const file of ['index.html', 'data/about.js']) {
    t.equal((await stat(join(whole, file))).mode & 0o077, 0, `${file} is for its owner alone`)
  }
  for (const file of await readdir(join(whole, 'data'))) {
    const script = await readFile(join(whole, 'data', file), 'utf8')
    t.notMatch(script, /[<\u2028]/, `${file} has nothing that could end a script or a line`)
  }
})

t.test('it says that all is as it was signed, by which key, and what is evidence', async (t) => {
  const { page, said } = await opened(t, whole)
  t.match(await verdict(page), /^Each entry that is shown is as it was signed/)
  t.match(await verdict(page), /unwitnessed/)
  t.ok((await verdict(page)).includes(verifierKey(keyOfLog(world))))
  const words = await region(page, 'Is it true?').innerText()
  t.match(words, /This page is not evidence/)
  t.match(words, /a witness signed.*intake audit verify --log DIR/s)
  t.same(await barriers(page), [])
  t.same(said, [])
})

t.test('who opened a referral and who tried, by its reference and by its id', async (t) => {
  const { page, said } = await opened(t, whole)
  const asked = await called(t, ['audit', '--json', '--referral', reference], environment)
  const ids: string[] = JSON.parse(asked.out).entries.map(({ id }: { id: string }) => id)
  for (const name of [reference, referralId]) {
    await page.getByLabel('Referral: its id').fill(name)
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    const words = await entries(page).innerText()
    t.match(words, `Timeline of referral ${name}`)
    t.match(words, /Opened by: Casework app \(The charity\)\./)
    t.match(words, /Refused, or failed: <\/script><img .*\\u\{2028\}“Clinic” \(The charity\)\./)
    const rows = await rowsOf(entries(page))
    t.match(rows[0], /referral\.submitted.*Harbour Law client \(Harbour Law\)/s)
    t.ok(rows.some((row) => /referral\.opened refused recipient-not-yours/.test(row)))
    t.match(rows[0], /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\t/)
    t.ok(rows.every((row) => row.includes(referralId)))
    await entries(page)
      .locator('details')
      .evaluateAll((all) => {
        for (const one of all) one.setAttribute('open', '')
      })
    const facts = await entries(page).locator('li:first-child').allInnerTexts()
    // Acts of one moment may stand in the log in another order than by their ids.
    t.same(
      facts.toSorted(),
      ids.map((id) => `id: ${id}`).toSorted(),
      'just those that intake audit tells',
    )
    t.same(await barriers(page), [])
  }
  t.equal(await page.locator('img').count(), 0)
  t.same(said, [])
})

t.test('a part of what there is says of nobody that nobody opened it', async (t) => {
  const { page } = await opened(t, whole)
  await page.getByLabel('Referral: its id').fill(reference)
  await page.getByLabel('Outcome').selectOption('permitted')
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  t.notMatch(await entries(page).innerText(), /Opened by|Refused/)
})

t.test('the filters narrow all that is shown, and are used by the keyboard', async (t) => {
  const { page } = await opened(t, whole)
  const count = async () => /^(No|\d+) entr/m.exec(await entries(page).innerText())?.[1]
  const ask = async (label: string, value: string) => {
    await page.getByRole('button', { name: 'Show all' }).press('Enter')
    const field = page.getByLabel(label)
    if (label === 'Action' || label === 'Outcome') await field.selectOption(value)
    else await field.fill(value)
    await page.getByRole('button', { name: 'Show', exact: true }).press('Enter')
    return count()
  }
  const [{ size }] = [parseCheckpoint(parseNote(await readFile(join(whole, 'checkpoint'))).text)]
  const today = (await rowsOf(entries(page)))[0]!.slice(0, 10)
  t.equal(await count(), String(size))
  t.equal(await ask('From day', today), String(size))
  t.equal(await ask('From day', '2099-01-01'), 'No')
  t.equal(await ask('To day', '2020-01-01'), 'No')
  t.equal(await ask('To day', today), String(size))
  t.equal(await ask('Action', 'referral.submitted'), '2')
  t.equal(await ask('Who', 'harbour LAW'), '2')
  t.match(await region(page, 'Openings by day and recipient').innerText(), /None of these/)
  t.equal(await ask('Outcome', 'refused'), '1')
  t.match(await rowsOf(region(page, 'Refused attempts')), [
    /“Clinic”.*referral\.opened.*refused: recipient-not-yours.*1/s,
  ])
  t.match(await region(page, 'Openings by day and recipient').innerText(), /None of these/)
})

t.test('openings stand in a table by day and recipient, and as bars', async (t) => {
  const { page } = await opened(t, whole)
  const openings = region(page, 'Openings by day and recipient')
  const label = world.keyset.recipients.find((recipient) => recipient.kid === kid)?.label
  const [row, ...others] = await rowsOf(openings)
  t.same(row!.split('\t').slice(1), [`${label}, key ${kid}`, '1'])
  t.same(others, [])
  t.equal(await openings.locator('svg rect').count(), 1)
})

t.test('a long list is turned over, also on a telephone', async (t) => {
  const { page } = await opened(t, whole, telephone)
  const before = await rowsOf(entries(page))
  await entries(page).getByRole('button', { name: 'Next page' }).press('Enter')
  t.match(await entries(page).innerText(), /Page 2 of \d/)
  const after = await rowsOf(entries(page))
  t.equal(after.length, 50)
  t.notOk(after.some((row) => before.includes(row)))
  t.equal(await page.evaluate('document.documentElement.scrollWidth'), 360)
  t.same(await barriers(page), [])
})

/** Changes bytes of a file that its script hands over as base64. */
function inBytes(change: (bytes: Uint8Array) => void): (script: string) => string {
  return (script) =>
    script.replace(/"([^"]*)"\)\n$/, (_, encoded: string) => {
      const bytes = Buffer.from(encoded, 'base64')
      change(bytes)
      return `"${bytes.toString('base64')}")\n`
    })
}

/** Another digit of base64, whichever it was. */
const other = (digit: string) => (digit === 'B' ? 'C' : 'B')

const wrongEntry = 15
const bundle = 'tile-entries-000.js'
const inEntry = inBytes((bytes) => {
  // Within the action, so that it still has the form of an entry.
  parseBundle(bytes, 256, bundle)[wrongEntry]![12]! ^= 1
})
const spoilings: readonly [string, (text: string) => string, RegExp][] = [
  [bundle, inEntry, /^Entry 15 is wrong: it was changed, moved or exchanged/],
  [bundle, (text) => text.slice(1), /^Entries are missing from entry 0 on/],
  [
    bundle,
    inBytes((bytes) => bytes.fill(255)),
    /^Entries are missing from entry 0 on.*cannot be read, and are not shown: 256\./s,
  ],
  [
    'tile-0-000.js',
    inBytes((bytes) => {
      bytes[40 * 32]! ^= 1
    }),
    /^The hashes in tile\/0\/000 were changed .*from that of entry 40 on/,
  ],
  ['tile-1-000.p-1.js', () => '', /^Hashes are missing/],
  [
    'openings-0.js',
    (text) => text.replace('Casework app', 'Casework lab'),
    /^Entry \d+ is right, but not what is shown of it/,
  ],
  [
    'openings-0.js',
    (text) => text.replace(/\\n[^\n]*?(?=\\n)/, ''),
    /^Entry \d+ is in the log, and not among what is shown of it/,
  ],
  [
    'checkpoint.js',
    (text) => text.replace(/(?<=— \S+ \S{8})./, other),
    /^A signature on the checkpoint does not hold/,
  ],
  [
    'about.js',
    (text) => text.replace(/(\\"size\\":)\d+/, '$1300'),
    /^What is there does not belong to the signed checkpoint: the page is of another/,
  ],
  [
    'about.js',
    (text) => text.replace(/(publicKeys\W+)./, '$1/'),
    /data.about.js, which says what is in the folder, is missing or was changed/,
  ],
  [
    'about.js',
    (text) => text.replace(/(?<=publicKeys\W+)\w/, other),
    /^The checkpoint is not signed by the key of this log/,
  ],
]

t.test('where a file of it was spoiled, it says what is wrong and with which entry', async (t) => {
  for (const [index, [file, change, words]] of spoilings.entries()) {
    const { page } = await opened(t, await spoiled(`spoiled-${index}`, file, change))
    t.match(await page.locator('main').innerText(), /cannot be read|nothing shown here is proven/)
    t.match(await verdict(page), words, `${file} ${index}`)
  }
})

t.test('the entry that is wrong is marked, and a button leads to it', async (t) => {
  const { page } = await opened(t, await spoiled('marked', bundle, inEntry))
  await page.getByRole('button', { name: `Show entry ${wrongEntry}`, exact: true }).press('Enter')
  const marked = (await rowsOf(entries(page))).filter((row) => row.includes('wrong'))
  t.equal(marked.length, 1)
  t.match(marked[0], new RegExp(`\\b${wrongEntry}$`))
  t.equal(await page.evaluate('document.activeElement.textContent'), 'Entries')
  t.same(await barriers(page), [])
})

t.test('of a log that is too long, the newest entries are shown and proven', async (t) => {
  const name = 'long'
  const later = inBytes((bytes) => {
    parseBundle(bytes, 2, 'the second bundle')[1]![12]! ^= 1
  })
  const copy = await spoiled(name, 'about.js', (text) => text.replace('first\\":0', 'first\\":256'))
  for (const file of [bundle, 'tile-0-000.js']) await writeFile(join(copy, 'data', file), '')
  const { page } = await opened(t, copy)
  t.match(await page.locator('main').innerText(), /It has \d+ entries, more than a page can show/)
  t.match(await verdict(page), /^Each entry that is shown is as it was signed/)
  await page.getByLabel('Referral: its id').fill(reference)
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  t.match(await entries(page).innerText(), /No entry fits\.$/, 'not that nobody opened it')
  const last = (await readdir(join(copy, 'data'))).find((file) => /^tile-entries-001/.test(file))!
  const path = join(copy, 'data', last)
  await writeFile(path, later(await readFile(path, 'utf8')))
  const other = await opened(t, copy)
  t.match(await verdict(other.page), /^Entry 257 is wrong/)
})

t.test('a log that is signed, and is no log, is called that', async (t) => {
  const leaf = (action: string) => {
    const fixed = { at: '2026-11-29T06:26:28.914Z', caller: 'system', outcome: 'permitted', v: 1 }
    return canonicalBytes({ ...fixed, action, id: newId(), request: newId() })
  }
  const [one, other] = [leaf('keyset.published'), canonicalBytes({ v: 1 })]
  const forged = async (name: string, leaves: Uint8Array[]) => {
    const log = join(folder, name)
    const files = forgeLog(world, leaves)
    for (const [path, bytes] of files) {
      await mkdir(dirname(join(log, path)), { recursive: true })
      await writeFile(join(log, path), bytes)
    }
    const shown = leaves.map((bytes) => {
      const { id, at } = JSON.parse(Buffer.from(bytes).toString())
      return JSON.stringify({ id, at, leaf: encodeBase64url(bytes), opening: {} })
    })
    await writeFile(join(log, 'openings.ndjson'), shown.map((line) => `${line}\n`).join(''))
    const about = { origin: originOfLog(world.origin, 1), written: new Date().toISOString() }
    const tiles = [...files.keys()].flatMap((path) => parseTilePath(path) ?? [])
    const checkpoint = Buffer.from(files.get('checkpoint')!).toString()
    const told = { ...about, size: leaves.length, keyset: world.keyset, recipients: [] }
    await writePage(log, told, tiles, checkpoint)
    return verdict((await opened(t, log)).page)
  }
  t.match(await forged('whole-forged', [one]), /^Each entry that is shown is as it was signed/)
  t.match(await forged('twice', [one, one]), /^Entry 1 .* it has the id of entry 0/)
  t.match(await forged('malformed', [one, other]), /^Entry 1 does not have the form of an entry/)
})

t.test('whatever else stands in the page may do nothing', async (t) => {
  const copy = await spoiled('injected', 'about.js', (text) => `${text}\n`)
  const html = await readFile(join(copy, 'index.html'), 'utf8')
  const injected = '<script>document.title = "another"</script><img src="http://127.0.0.1:9/">'
  await writeFile(join(copy, 'index.html'), html.replace('<main', `${injected}<main`))
  const { page, said } = await opened(t, copy)
  t.equal(await page.title(), 'Access log')
  const refused = said.filter((words) => words.includes('Content Security Policy'))
  t.equal(refused.length, 2, 'neither the script nor the picture')
})
