/**
 * Goal: a person without an account refers by the form, in a real browser and against the real service, and what
 * the form promises holds: it seals, leaves nothing behind, can be used with a keyboard, from right to left and
 * with a screen reader, and loses nobody whose line breaks.
 * Method: the files of `npm run build:web` are hosted from another origin with the headers it wrote. Whatever a
 * page says to its console, a broken policy among it, fails the test. axe looks at every screen.
 */
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import axe from 'axe-core'
import {
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import t, { type Test } from 'tap'
import { buildWeb, type WebOptions } from '../../scripts/web.ts'
import { type Attachment, createReader, newDocumentKey, newId } from '../../src/client/index.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import ar from '../../src/web/refer/texts/drafts/ar.json' with { type: 'json' }
import en from '../../src/web/refer/texts/en.json' with { type: 'json' }
import { build } from '../helpers/build.ts'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
}
const folder = t.testdir({ refer: {}, newer: {} })
const headers = new Map<string, string>()

/** What the form's host serves; `/refer/` and one that pins a keyset nobody has published, `/newer/`. */
async function serve({ url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(url, origin)
  const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname
  if (path === '/weather') {
    response.setHeader('content-type', 'text/html')
    response.end('<!doctype html><link rel="icon" href="data:,"><title>Weather</title><p>It rains.')
    return
  }
  for (const [name, value] of headers) response.setHeader(name, value)
  response.setHeader('content-type', types[extname(path)] ?? 'text/plain')
  response.setHeader('content-encoding', 'gzip')
  response.end(gzipSync(await readFile(join(folder, path))))
}
const host = createServer((request, response) => {
  serve(request, response).catch(() => response.writeHead(404).end())
})
await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve))
t.teardown(() => host.close())
const origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`

// The work is that of src/http/app.ts.
const { url, world } = await build(t, { formOrigins: [origin], countersMax: 150 })
const options: WebOptions = {
  ...{ trust: world.trust, service: url, organisation: 'Medical Help', drafts: true },
  ...{ telephone: '0800 555 0100', exit: `${origin}/weather` },
}
/** As it is shown: whole in one line. */
const number = options.telephone.replaceAll(' ', '\u00a0')
await buildWeb(options, join(folder, 'refer'))
const minimumVersion = world.trust.minimumVersion + 1
await buildWeb({ ...options, trust: { ...world.trust, minimumVersion } }, join(folder, 'newer'))
for (const line of (await readFile(join(folder, 'refer/headers.txt'), 'utf8')).trim().split('\n')) {
  const [name = '', ...value] = line.split(': ')
  // There is no TLS here.
  if (name !== 'Strict-Transport-Security') headers.set(name, value.join(': '))
}

const reader = createReader({
  ...{ url, trust: world.trust, recipient: world.recipients.casework },
  token: await world.token(world.clients.casework).then((token) => () => token),
})

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  // A browser keeps pages as they were left, for the way back.
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
  args: [
    ...['--no-sandbox', '--disable-quic', '--disable-background-networking'],
    ...['--disable-component-update', '--disable-sync'],
  ],
})
t.teardown(() => browser.close())

const telephone: BrowserContextOptions = {
  ...{ viewport: { width: 360, height: 700 }, hasTouch: true, isMobile: true },
}

type Visit = (where?: string, how?: BrowserContextOptions) => Promise<Page>

/**
 * A test in browsers without memory, each on the form. It fails where a page says anything to the console but
 * what the browser says of a line that the test broke.
 */
function inBrowser(
  name: string,
  act: (t: Test, visit: Visit) => Promise<void>,
  line: 'whole' | 'broken' = 'whole',
): void {
  t.test(name, async (t) => {
    const complaints: string[] = []
    const contexts: BrowserContext[] = []
    const visit: Visit = async (where = '/refer/', how = telephone) => {
      const context = await browser.newContext(how)
      contexts.push(context)
      const page = await context.newPage()
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      await page.goto(origin + where)
      return page
    }
    try {
      await act(t, visit)
    } finally {
      await Promise.all(contexts.map((context) => context.close()))
    }
    const ofTheLine = (words: string) =>
      line === 'broken' &&
      /^Failed to load resource: (net::ERR_FAILED|.* status of (403|503) \([A-Z][A-Za-z ]+\))$/.test(
        words,
      )
    t.same(
      complaints.filter((words) => !ofTheLine(words)),
      [],
      'the console says nothing',
    )
  })
}

const press = (page: Page, words: string) =>
  page.getByRole('button', { name: words, exact: true }).click()
const screen = (page: Page, words: string) =>
  page.getByRole('heading', { level: 1, name: words, exact: true }).waitFor()
const choose = (page: Page, question: string, code: string) =>
  page.locator(`input[name=${question}][value=${code}]`).check()

/** What keeps somebody out of this screen, in words; nothing if axe finds nothing. */
async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations } = (await page.evaluate('axe.run(document)')) as axe.AxeResults
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

/** From the first page to the one after the safety page, with an answer or two on each. */
async function answerUntilOffer(page: Page, familyName: string): Promise<void> {
  await press(page, en['start.begin'])
  await choose(page, 'who', 'detained_person_web')
  await press(page, en['page.continue'])
  await page.getByLabel(en['ask.givenNames']).fill('Semira')
  await page.getByLabel(en['ask.familyName']).fill(familyName)
  await press(page, en['page.continue'])
  await page.getByLabel(en['ask.extension'], { exact: true }).fill('The telephone on B wing')
  await press(page, en['page.continue'])
  await page.getByLabel(en['ask.place'], { exact: true }).selectOption('irc-yarls-wood')
  await press(page, en['page.continue'])
  await choose(page, 'noFood', 'yes')
  await page.getByLabel(en['ask.noFoodDays'], { exact: true }).fill('٣')
  await choose(page, 'torture', 'yes')
  await press(page, en['page.continue'])
  await screen(page, en['offer.title'])
}

/** As an Arabic keyboard gives them. */
const inArabic = (digits: string) =>
  digits.replace(/[0-9]/g, (digit) => '٠١٢٣٤٥٦٧٨٩'[Number(digit)]!)

/** Reads the receipt off the page, as a person would, and confirms it. */
async function confirmReceipt(page: Page): Promise<string> {
  await screen(page, en['receipt.title'])
  const groups = await page.locator('#receipt span').allTextContents()
  await page.getByLabel(en['receipt.confirm']).fill(inArabic(groups.at(-1) ?? ''))
  await press(page, en['receipt.send'])
  return groups.join(' ')
}

/** Everything that a page can leave in a browser, but for the files it consists of. */
const leftBehind = (page: Page) =>
  page.evaluate(`(async () => ({
    local: localStorage.length,
    session: sessionStorage.length,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    cookies: document.cookie,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    history: history.state,
    name: window.name,
    address: location.search + location.hash,
    typed: [...document.querySelectorAll('input, textarea')].map(({ value }) => value),
  }))()`)
const nothing = {
  ...{ local: 0, session: 0, databases: 0, caches: 0, cookies: '', workers: 0 },
  ...{ history: null, name: '', address: '', typed: [] },
}

/** Whether `words` are anywhere in the memory of the page's scripts. */
async function remembers(page: Page, words: string): Promise<boolean> {
  const devtools = await page.context().newCDPSession(page)
  const parts: string[] = []
  devtools.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => parts.push(chunk))
  await devtools.send('HeapProfiler.collectGarbage')
  await devtools.send('HeapProfiler.takeHeapSnapshot', { captureNumericValue: false })
  await devtools.detach()
  return parts.join('').includes(words)
}

inBrowser('a person refers, returns, adds to it and sees how it ended', async (t, visit) => {
  const page = await visit()
  await answerUntilOffer(page, 'Zerezghi')
  t.ok(await remembers(page, 'Zerezghi'), 'what was typed is found where it is looked for')
  await press(page, en['offer.send'])
  const receipt = await confirmReceipt(page)
  await screen(page, en['sent.title'])
  const reference = await page.locator('#reference').textContent()
  t.same(await barriers(page), [])

  t.same(await leftBehind(page), nothing)
  t.same(await page.context().cookies(), [])
  t.notOk(await remembers(page, 'Zerezghi'), 'the answers are forgotten')
  t.notOk(await remembers(page, receipt), 'and the receipt')
  await page.goBack()
  t.notMatch(await page.content(), /Zerezghi|wing/)
  await page.reload()
  t.same(await leftBehind(page), nothing)

  const [claim] = await reader.claim({ max: 1, leaseSeconds: 60 })
  const released = claim!.referrals[0]!
  t.equal(released.reference, reference)
  const opened = await reader.open(released)
  if (!opened.opened) throw new Error(`${opened.step}: ${opened.detail}`)
  t.match(opened.compartments, {
    identity: { givenNames: 'Semira', familyName: 'Zerezghi' },
    contact: { extension: 'The telephone on B wing' },
    consent: { personKnows: 'yes', given: 'not_asked' },
    detention: { places: [{ place: 'irc-yarls-wood' }] },
    clinical: { torture: 'yes' },
  })
  t.match(opened.header, {
    channel: 'detained_person_web',
    region: 'unknown',
    urgency: 'immediate',
  })
  t.equal(opened.signedBy, 'receipt')
  t.same(opened.problems, [])

  // Another day, another computer.
  const later = await visit('/refer/', {
    // Where it is tomorrow already: times are London's all the same.
    ...{ viewport: { width: 1100, height: 800 }, timezoneId: 'Pacific/Kiritimati' },
  })
  const comeBack = async () => {
    await press(later, en['start.return'])
    await later.getByLabel(en['returning.number']).fill(receipt.replaceAll(' ', '-'))
    await press(later, en['returning.see'])
    await screen(later, en['standing.title'])
  }
  const shown = (what: string) => later.locator(`[data-of=${what}]`).allTextContents()
  await comeBack()
  t.same(await shown('reference'), [reference])
  t.same(await shown('state'), [en['state.received']])
  t.same(await barriers(later), [])

  // A question goes out, and its answer comes back.
  const letter: Attachment = {
    ...{ type: 'other', documentId: newId(), size: 1, name: 'letter.pdf' },
    ...{ key: encodeBase64url(newDocumentKey()), sha256: encodeBase64url(new Uint8Array(32)) },
    fileType: 'application/pdf',
  }
  const text = 'Which wing are you on?\n<b>Tell us</b>'
  await reader.reply(opened, { text, documents: [letter] })
  await later.reload()
  await comeBack()
  t.same(await shown('unread'), ['1'])
  await press(later, en['standing.messages'])
  await screen(later, en['messages.title'])
  const [question = ''] = await shown('reply')
  t.match(question, /Which wing are you on\?\n<b>Tell us<\/b>/)
  t.match(question, /letter\.pdf/, 'what came with it has its name')
  t.match(question, number, 'and where to ring for it')
  const [asSent] = (await reader.messages(opened)).messages
  const hour = new Date(asSent!.at).toLocaleTimeString('en-GB', {
    ...({ hour: '2-digit', minute: '2-digit', timeZone: 'Europe/London' } as const),
  })
  t.match(question, `at ${hour}\u2069 (UK time)`)
  t.same(await barriers(later), [])
  await press(later, en['messages.send'])
  const fault = later.getByRole('button', { name: en['fault.message'], exact: true })
  t.ok(await fault.isVisible(), 'nothing is no message')
  t.same(await barriers(later), [])
  await fault.click()
  t.equal(await later.evaluate('document.activeElement.id'), 'message')
  await later.getByLabel(en['messages.write']).fill('B wing, since Monday.')
  await press(later, en['messages.send'])
  await later.locator('[data-of=own]').waitFor()
  t.equal(await later.getByLabel(en['messages.write']).inputValue(), '')
  const { messages, faults } = await reader.messages(opened)
  t.match(messages[1], { from: 'referrer', content: { text: 'B wing, since Monday.' } })
  t.same(faults, [])
  await press(later, en['messages.back'])
  await screen(later, en['standing.title'])
  t.same(await shown('unread'), [])

  await press(later, en['standing.add'])
  await choose(later, 'who', 'detained_person_web')
  await press(later, en['page.continue'])
  await screen(later, en['check.add'])
  await press(later, en['check.send'])
  t.ok(
    await later.getByRole('button', { name: en['fault.nothing'], exact: true }).isVisible(),
    'nothing is nothing to add',
  )
  t.same(await barriers(later), [])
  await later.getByRole('button', { name: `${en['check.answer']}: ${en['page.story']}` }).click()
  await later.getByLabel(en['ask.story']).fill('They moved me to another wing.')
  await press(later, en['page.continue'])
  await press(later, en['check.send'])
  await screen(later, en['sent.added'])
  t.same(await leftBehind(later), nothing)
  const added = await later.locator('#reference').textContent()
  await reader.complete(claim!, { outcome: 'accepted', referrals: [opened.referralId] })

  await later.reload()
  await comeBack()
  t.same(await shown('reference'), [added, reference], 'the newest first')
  t.same(await shown('state'), [en['state.received'], en['state.accepted']])
  const amendment = await reader.claim({ max: 1, leaseSeconds: 60 })
  const second = await reader.open(amendment[0]!.referrals.at(-1)!)
  t.match(second, {
    opened: true,
    header: { supersedes: opened.referralId },
    compartments: { narrative: { story: 'They moved me to another wing.' } },
  })

  await press(later, en['standing.withdraw'])
  await screen(later, en['withdrawing.title'])
  t.same(await barriers(later), [])
  await press(later, en['withdrawing.ask'])
  await later.getByText(en['standing.asked']).waitFor()
  t.equal(
    await later.getByRole('button', { name: en['standing.withdraw'] }).count(),
    0,
    'it is asked for once',
  )
  const { asked } = await reader.withdrawals()
  t.equal(asked.length, 2)
  for (const { referralId } of asked) await reader.decideWithdrawal(referralId, 'decline')
  await later.reload()
  await comeBack()
  const kept = en['standing.kept'].replace('{telephone}', `\u2068${number}\u2069`)
  t.ok(await later.getByText(kept).isVisible(), 'what was declined is said')
  t.equal(await later.getByText(en['standing.asked']).count(), 0)
  await press(later, en['standing.leave'])
  await screen(later, en['start.title'])
  t.notOk(await remembers(later, receipt.replaceAll(' ', '-')))
})

inBrowser(
  'a line that breaks loses nobody, and refers nobody twice',
  async (t, visit) => {
    const page = await visit()
    const sent: string[] = []
    const answered: number[] = []
    // Each arrives, and no answer comes back.
    await page.route('**/v1/public/referrals/*', async (route) => {
      const request = route.request()
      if (request.method() !== 'PUT') return route.continue()
      sent.push(request.postData() ?? '')
      answered.push((await route.fetch()).status())
      await route.abort()
    })
    await answerUntilOffer(page, 'Woldemariam')
    await press(page, en['offer.send'])
    const receipt = await confirmReceipt(page)
    await screen(page, en['failed.title'])
    t.same(await barriers(page), [])
    t.ok(await page.getByText(en['failed.kept']).isVisible())
    await page.unroute('**/v1/public/referrals/*')
    await press(page, en['failed.again'])
    await screen(page, en['sent.title'])
    t.equal(answered[0], 201)
    t.same(new Set(answered.slice(1)), new Set([200]), 'the others were repetitions')
    t.equal(new Set(sent).size, 1, 'of the same bytes')

    const reference = await page.locator('#reference').textContent()
    await page.reload()
    await press(page, en['start.return'])
    await page.getByLabel(en['returning.number']).fill(inArabic(receipt))
    await press(page, en['returning.see'])
    await screen(page, en['standing.title'])
    t.same(await page.locator('[data-of=reference]').allTextContents(), [reference])
  },
  'broken',
)

inBrowser('whoever changes the language while it is being sent refers once', async (t, visit) => {
  const page = await visit()
  let letGo = () => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  await page.route('**/v1/keyset', async (route) => {
    await held
    await route.continue()
  })
  const hashes = new Set<string>()
  page.on('request', (request) => {
    if (/challenges$/.test(request.url()) && request.method() === 'POST') {
      hashes.add(request.postDataJSON().bodySha256)
    }
  })
  await answerUntilOffer(page, 'Beyene')
  await press(page, en['offer.send'])
  await Promise.all([page.waitForRequest('**/v1/keyset'), confirmReceipt(page)])
  await screen(page, en['sending.title'])
  await press(page, 'العربية')
  await page.locator('html[dir=rtl]').waitFor()
  letGo()
  await screen(page, ar['sent.title'])
  t.equal(hashes.size, 1)
})

inBrowser('whoever changes the language keeps what was typed on the page', async (t, visit) => {
  const page = await visit()
  await answerUntilOffer(page, 'Beyene')
  await press(page, en['frame.back'])
  await screen(page, en['page.safety'])
  await choose(page, 'torture', 'no')
  await choose(page, 'suicide', 'yes')
  await page.locator('#noFoodDays').fill('many')
  await press(page, 'العربية')
  await screen(page, ar['page.safety'])
  t.equal(await page.locator('#noFoodDays').inputValue(), 'many')
  t.ok(await page.locator('#noFoodDays').isVisible())
  t.ok(await page.locator('input[name=torture][value=no]').isChecked())
  t.ok(await page.locator('input[name=suicide][value=yes]').isChecked())
  t.notOk(await page.locator('input[name=torture][value=yes]').isChecked())
  await page.goBack()
  await page.locator('#place').selectOption('irc-yarls-wood')
  await page.locator('#detainedSince').fill('7')
  await press(page, 'English')
  await screen(page, en['page.place'])
  t.equal(await page.locator('#detainedSince').inputValue(), '7')
  t.equal(await page.locator('#place').inputValue(), 'irc-yarls-wood')
})

inBrowser(
  'where no more is taken, the page says so and where to ring, and sends the same later',
  async (t, visit) => {
    const page = await visit()
    const sent: string[] = []
    const refused = JSON.stringify({
      ...{ type: '/problems/too-many-unopened', code: 'too-many-unopened', status: 503 },
      ...{ title: 'Too many referrals wait to be opened', stored: false, retry: 'later' },
    })
    await page.route('**/v1/public/referrals/*', async (route) => {
      const request = route.request()
      if (request.method() !== 'PUT') return route.continue()
      sent.push(request.postData() ?? '')
      if (sent.length > 2) return route.continue()
      const headers = { 'access-control-allow-origin': origin }
      // What stands before the service may refuse as well, in a page of its own.
      const proxy = { status: 403, contentType: 'text/html', headers, body: '<p>Forbidden' }
      if (sent.length === 2) return route.fulfill(proxy)
      await route.fulfill({
        ...{ status: 503, contentType: 'application/problem+json', headers, body: refused },
      })
    })
    await answerUntilOffer(page, 'Woldemariam')
    await press(page, en['offer.send'])
    await confirmReceipt(page)
    await screen(page, en['failed.title'])
    t.same(await barriers(page), [])
    for (const words of ['failed.full', 'failed.kept'] as const) {
      t.ok(await page.getByText(en[words]).isVisible(), words)
    }
    t.ok(await page.getByText(number).isVisible(), 'where to ring')
    t.equal(sent.length, 1, 'and does not press on by itself')
    await press(page, en['failed.again'])
    await page.getByText(en['failed.line']).waitFor()
    t.ok(await page.getByText(en['failed.kept']).isVisible())
    await press(page, en['failed.again'])
    await screen(page, en['sent.title'])
    t.equal(new Set(sent).size, 1, 'the same bytes')
  },
  'broken',
)

inBrowser(
  'what could not be loaded at first is loaded when it is needed',
  async (t, visit) => {
    const page = await visit('/weather')
    let broken = true
    await page.route('**/sealing-*.js*', (route) => (broken ? route.abort() : route.continue()))
    await page.goto(`${origin}/refer/`)
    await press(page, en['start.return'])
    await screen(page, en['failed.title'])
    broken = false
    await press(page, en['failed.again'])
    await screen(page, en['returning.title'])
    await page.getByLabel(en['returning.number']).fill('12345 12345 12345 12345 12346')
    await press(page, en['returning.see'])
    t.ok(
      await page.getByText(en['fault.receipt']).first().isVisible(),
      'a number mistyped is sent nowhere',
    )
    const typed = page.getByLabel(en['returning.number'])
    t.ok(
      await typed.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth),
      'all of its digits are in sight',
    )
    t.equal(await typed.inputValue(), '12345 12345 12345 12345 12346', 'and stays to be mended')
    await typed.fill('12345 12345')
    await press(page, en['returning.see'])
    t.match(await page.textContent('main'), /There are \D*10\D* digits here/)
  },
  'broken',
)

inBrowser(
  'nothing is sealed to a keyset that is older than the page, or past its date',
  async (t, visit) => {
    const seen: string[] = []
    const refused = async (page: Page) => {
      page.on('request', (request) => seen.push(`${request.method()} ${request.url()}`))
      await answerUntilOffer(page, 'Tekle')
      await press(page, en['offer.send'])
      await confirmReceipt(page)
      await screen(page, en['failed.title'])
      t.ok(await page.getByText(en['failed.outdated']).isVisible())
    }
    await refused(await visit('/newer/'))
    const late = await visit()
    await late.clock.setFixedTime(Date.parse(world.keyset.expiresAt) + 60_000)
    await refused(late)
    t.same(
      seen.filter((request) => /^(PUT|POST)/.test(request)),
      [],
    )
  },
)

inBrowser('every screen can be used by everybody, in both directions', async (t, visit) => {
  for (const words of [en, ar]) {
    const page = await visit()
    if (words === ar) await press(page, 'العربية')
    await page.locator(`html[dir=${words === ar ? 'rtl' : 'ltr'}]`).waitFor()
    const banner = page.getByText(ar['frame.draft'])
    t.equal(await banner.isVisible(), words === ar, 'a draft says that it is one')
    const looked = async (title: string) => {
      await screen(page, title)
      t.same(await barriers(page), [], title)
      t.ok(await page.getByRole('link', { name: words['frame.exit'] }).isVisible(), 'the way out')
      t.equal(await page.title(), words['frame.title'])
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth')
      t.ok(wide <= 360, `${title} is ${wide} wide`)
    }
    await looked(words['start.title'])
    await press(page, words['start.begin'])
    await press(page, words['page.continue'])
    await looked(words['page.who'])
    await choose(page, 'who', 'detained_person_web')
    await press(page, words['page.continue'])
    await looked(words['page.name'])
    await press(page, words['page.continue'])
    await looked(words['page.reach'])
    await press(page, words['page.continue'])
    await looked(words['page.place'])
    await press(page, words['page.continue'])
    for (const name of ['removal', 'noFood', 'suicide', 'medicine']) {
      await choose(page, name, 'yes')
    }
    await page.locator('#noFoodDays').fill('many')
    await press(page, words['page.continue'])
    await looked(words['page.safety'])
    const days = `${words['ask.noFoodDays']} ${words['fault.days']}`
    t.ok(
      await page.getByRole('button', { name: days, exact: true }).isVisible(),
      'one mark is enough',
    )
    await page.locator('#noFoodDays').fill('2')
    await press(page, words['page.continue'])
    await looked(words['offer.title'])
    await press(page, words['offer.continue'])
    for (const id of ['language', 'about', 'lawyer', 'health', 'help', 'story'] as const) {
      await looked(words[`page.${id}`])
      await press(page, words['page.continue'])
    }
    await choose(page, 'assessment', 'refused')
    await press(page, words['page.continue'])
    await looked(words['page.consent'])
    await choose(page, 'assessment', 'given')
    await press(page, words['page.continue'])
    await looked(words['check.title'])
    await press(page, words['check.send'])
    await screen(page, words['receipt.title'])
    await press(page, words['receipt.send'])
    await looked(words['receipt.title'])
    await page.reload()
    await press(page, en['start.return'])
    await page.locator('#number').fill('12345')
    await press(page, en['returning.see'])
    await screen(page, en['returning.title'])
    t.same(await barriers(page), [])
  }
})

inBrowser(
  'a keyboard is enough, and the reader of a screen is told where it is',
  async (t, visit) => {
    const page = await visit('/refer/', {})
    const focused = () => page.evaluate<string>('document.activeElement.textContent')
    const key = async (...names: string[]) => {
      for (const name of names) await page.keyboard.press(name)
    }
    await screen(page, en['start.title'])
    await key('Tab')
    t.equal(await focused(), en['frame.skip'])
    await key('Enter')
    t.equal(await focused(), en['start.title'])
    await key('Tab', 'Enter')
    t.equal(await focused(), en['page.who'], 'the heading of the next screen')
    await key('Tab', 'Space', 'Enter')
    t.equal(await focused(), en['page.name'])
    await key('Tab')
    await page.keyboard.type('Semira')
    await key('Enter')
    t.equal(await focused(), en['page.reach'])
    await page.goBack()
    t.equal(await focused(), en['page.name'], 'the way back of the browser is that of the page')
    t.equal(await page.getByLabel(en['ask.givenNames']).inputValue(), 'Semira')
    await page.goBack()
    t.equal(await focused(), en['page.who'], 'as often as there are pages')
    await press(page, en['page.continue'])
    await page.getByLabel(en['ask.givenNames']).press('Enter')
    await key('Tab', 'Tab', 'Tab', 'Space', 'Enter')
    t.equal(await focused(), en['page.place'])
    await page.getByLabel(en['date.day']).fill('31')
    await page.getByLabel(en['date.month']).fill('2')
    await page.getByLabel(en['date.year']).fill('2026')
    await key('Enter')
    t.match(await focused(), en['fault.title'], 'what is wrong is read out')
    await key('Tab', 'Enter')
    t.equal(await page.evaluate('document.activeElement.id'), 'detainedSince')
  },
)

inBrowser('one press leads away, and the way back leads there as well', async (t, visit) => {
  const page = await visit()
  await answerUntilOffer(page, 'Zerezghi')
  await page.goto(`${origin}/weather`)
  await page.goBack({ waitUntil: 'commit' })
  await screen(page, en['start.title'])
  t.notOk(await remembers(page, 'Zerezghi'), 'nor where somebody left by the address bar')

  await answerUntilOffer(page, 'Zerezghi')
  const out = page.getByRole('link', { name: en['frame.exit'] })
  // A line on which the other page does not come: 204 leaves the browser where it is.
  await page.route('**/weather', (route) => route.fulfill({ status: 204 }))
  await out.click()
  await out.waitFor({ state: 'detached' })
  t.notOk(await remembers(page, 'Zerezghi'), 'nor while the other page is under way')
  await page.unroute('**/weather')
  await page.reload()

  await answerUntilOffer(page, 'Zerezghi')
  await out.click()
  await page.waitForURL('**/weather')
  await page.goBack({ waitUntil: 'commit' })
  await page.waitForURL('**/weather')
  t.notMatch(await page.content(), /Zerezghi/)
})

inBrowser('after fifteen minutes without a key press everything is forgotten', async (t, visit) => {
  const page = await visit()
  await page.clock.install()
  await page.reload()
  await answerUntilOffer(page, 'Zerezghi')
  await page.clock.runFor('13:30')
  const warning = page.getByRole('dialog')
  t.ok(await warning.isVisible(), 'there is a warning, and time to stay')
  t.same(await barriers(page), [])
  await page.keyboard.press('Shift')
  t.notOk(await warning.isVisible())
  await page.clock.runFor('14:30')
  t.ok(await warning.isVisible(), 'counted from the last press')
  await page.clock.runFor('00:30')
  await screen(page, en['cleared.title'])
  t.same(await barriers(page), [])
  t.notOk(await remembers(page, 'Zerezghi'))
  await page.goBack()
  t.notMatch(await page.content(), 'Zerezghi')
  await press(page, en['cleared.begin'])

  // A computer that slept runs no timer: the first key after it saves nothing.
  await answerUntilOffer(page, 'Zerezghi')
  const sleptUntil = (await page.evaluate<number>('Date.now()')) + 16 * 60_000
  await page.clock.setSystemTime(sleptUntil)
  await page.keyboard.press('Shift')
  await screen(page, en['cleared.title'])

  // What was typed and not submitted is nowhere but in its field.
  await press(page, en['cleared.begin'])
  await press(page, en['start.return'])
  await page.getByLabel(en['returning.number']).fill('12345 12345 12345 12345 12345')
  await page.clock.runFor('13:30')
  t.ok(await warning.isVisible(), 'a number that was typed is warned of')
  await page.clock.runFor('01:30')
  await screen(page, en['cleared.title'])

  // Where nothing is known there is nothing to warn of; which page was open is forgotten all the same.
  await press(page, en['cleared.begin'])
  await page.clock.runFor('15:30')
  t.ok(await page.getByRole('button', { name: en['start.begin'] }).isVisible())
  await press(page, en['start.begin'])
  await page.clock.runFor('14:30')
  t.notOk(await warning.isVisible())
  await page.clock.runFor('01:00')
  await screen(page, en['cleared.title'])

  // The first page may have answers behind it.
  await press(page, en['cleared.begin'])
  await press(page, en['start.begin'])
  await choose(page, 'who', 'visitor')
  await press(page, en['page.continue'])
  await press(page, en['frame.back'])
  await press(page, en['frame.back'])
  await screen(page, en['start.title'])
  await page.clock.runFor('15:30')
  await screen(page, en['cleared.title'])
})

inBrowser('a browser that cannot is told so, and where to ring', async (t, visit) => {
  const without = await visit('/refer/', { javaScriptEnabled: false })
  t.match(await without.textContent('main'), /too old.*0800 555 0100/)
  const old = await visit('/weather')
  await old.addInitScript('delete AbortSignal.timeout')
  await old.goto(`${origin}/refer/`)
  await screen(old, en['old.title'])
  t.match(await old.textContent('main'), number)
})

/**
 * The page as on a slow telephone and a bad line: its processor throttled six times; 400 kbit/s, and 400 ms for
 * each question (WebPageTest's "3G Slow"). The browser slows what the page's own thread does: not the threads of
 * WebCrypto, in which PBKDF2 runs (bench/public), nor the scripts of workers.
 *
 * @returns how many bytes have come since
 */
async function slow(page: Page): Promise<() => number> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 6 })
  await devtools.send('Network.enable')
  await devtools.send('Network.emulateNetworkConditions', {
    ...{ offline: false, latency: 400, downloadThroughput: 50_000, uploadThroughput: 50_000 },
  })
  let bytes = 0
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength
  })
  return () => bytes
}

inBrowser('a slow telephone on a bad line refers, and reads after 300 KB', async (t, visit) => {
  const page = await visit('/weather')
  const received = await slow(page)
  await page.goto(`${origin}/refer/`, { waitUntil: 'commit' })
  await screen(page, en['start.title'])
  const first = received()
  t.ok(first > 0 && first < 300_000, `the first page is there after ${first} bytes`)
  await answerUntilOffer(page, 'Kidane')
  await press(page, en['offer.send'])
  await confirmReceipt(page)
  await screen(page, en['sent.title'])
  t.match(await page.locator('#reference').textContent(), /\d/)
})
