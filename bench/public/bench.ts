/**
 * The public door: what a proof of work takes in Chromium, at the base price and at the ceiling, with its
 * processor as it is and throttled six times; and what a flood from one block does to somebody beside it. The
 * throttle slows the page's thread and not the browser's own, in which PBKDF2 runs.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createChallenge } from 'altcha-lib'
import { deriveKey } from 'altcha-lib/algorithms/pbkdf2'
import { chromium } from 'playwright-core'
import { holdCeremony } from '../../examples/ceremony.ts'
import { connect } from '../../src/database/connect.ts'
import { startEmbedded } from '../../src/database/embedded.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/log.ts'
import {
  challengeFor,
  receiptKeysOfNobody,
  sealedByReceipt,
  sendPublicly,
} from '../../test/helpers/receipt.ts'
import { percentile, report, tell } from '../report.ts'

const library = new URL('.', import.meta.resolve('altcha-lib'))
/** The largest counters of src/http/app.ts and of its ceiling: the worst that can be drawn. */
const prices = { base: 150, ceiling: 1_200 }
const msMax = { 1: 800, 6: 5_000 }
const flooding = 20

export async function bench(): Promise<void> {
  await solving()
  await flood()
}

async function solving(): Promise<void> {
  const files = createServer(async (request, response) => {
    const { url = '/' } = request
    const isScript = url.endsWith('.js')
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
    response.end(isScript ? await readFile(new URL(`.${url}`, library)) : '')
  })
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve))
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(files.address() as AddressInfo).port}/`)
  const inspector = await page.context().newCDPSession(page)
  for (const rate of [1, 6] as const) {
    await inspector.send('Emulation.setCPUThrottlingRate', { rate })
    for (const [name, counter] of Object.entries(prices)) {
      const challenge = await createChallenge({
        ...{ algorithm: 'PBKDF2/SHA-256', cost: 2_000, deriveKey, counter },
        ...{ hmacSignatureSecret: 'bench', hmacKeySignatureSecret: 'bench' },
      })
      const ms = await page.evaluate(solveInPage, challenge)
      report(`solving at the ${name}, throttled ${rate} x, ms`, ms, 1, msMax[rate], 'at most')
    }
  }
  await browser.close()
  files.close()
}

/** Runs in the page. */
async function solveInPage(challenge: unknown): Promise<number> {
  const pow = '/pow.js'
  const pbkdf2 = '/algorithms/web/pbkdf2.js'
  const [{ solveChallenge }, web] = await Promise.all([import(pow), import(pbkdf2)])
  const start = performance.now()
  await solveChallenge({ challenge, deriveKey: web.deriveKey })
  return performance.now() - start
}

/** Somebody refers, alone and beside many who ask for challenges and send bodies without a proof. */
async function flood(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'intake-bench-'))
  const embedded = await startEmbedded(join(folder, 'postgres'))
  const { ownerUrl } = embedded
  const tokenKeyFile = join(folder, 'token-key.pem')
  const world = await holdCeremony({ ownerUrl, origin: 'intake.bench', tokenKeyFile })
  const database = connect({ url: embedded.url, connectionsMax: 10, prepare: true })
  const app = await createApp({
    ...{ database, origin: world.origin, sealKey: new Uint8Array(32).fill(7) },
    ...{ logger: createLogger('silent'), trustedProxies: ['127.0.0.1'] },
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const refer = async () => {
    const envelope = sealedByReceipt(world, receiptKeysOfNobody())
    const start = performance.now()
    const { status } = await sendPublicly(url, envelope, { 'x-forwarded-for': '203.0.113.1' })
    if (status !== 201) throw new Error(`refused with ${status}`)
    return performance.now() - start
  }
  const times = async () => {
    const taken: number[] = []
    for (let count = 0; count < 30; count += 1) taken.push(await refer())
    return percentile(taken, 0.95)
  }
  await refer()
  const quiet = await times()
  let isOver = false
  const body = 'x'.repeat(100_000)
  const from = { 'x-forwarded-for': '192.0.2.1' }
  const floods = Array.from({ length: flooding }, async () => {
    while (!isOver) {
      await challengeFor(url, 'submit', 'x', from)
      const path = `${url}/v1/public/referrals/01900000-0000-7000-8000-000000000000`
      const headers = { 'content-type': 'application/json', ...from }
      // It is refused before it is read, so that the connection may break under it.
      await fetch(path, { method: 'PUT', headers, body }).catch(() => {})
    }
  })
  const beside = await times()
  isOver = true
  await Promise.all(floods)
  tell('referring alone, ms, 95 of 100', quiet)
  tell(`referring beside a flood of ${flooding} from one block, ms, 95 of 100`, beside)
  await app.close()
  await database.close()
  await embedded.stop()
  await rm(folder, { recursive: true, force: true })
}
