/** Goal: with nothing but 25 digits on paper a person refers, comes back and adds to it, on a bad line. */
import t from 'tap'
import {
  createPublicReferrer,
  createReader,
  newReceipt,
  ServiceProblem,
} from '../../src/client/index.ts'
import type { Draft } from '../../src/referral/draft.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { asSuperuser, untilPaired } from '../helpers/superuser.ts'
import { between, type Passed, serve } from './between.ts'
import { firstOfMany, trust as pinned, roots, serveKeysets, signKeyset } from './keysets.ts'

const { world, url, databases, log } = await build(t)
const { trust } = world
const sql = asSuperuser(t, databases)
t.afterEach(() => requireBalanced(sql))

const draft: Draft = {
  channel: 'detained_person_web',
  region: 'heathrow',
  referral: {
    identity: { familyName: 'Okonkwo' },
    narrative: { story: 'Zuleika has not slept since Monday.' },
  },
}
const referrer = createPublicReferrer({ url, trust })
const reader = createReader({
  ...{ url, trust, recipient: world.recipients.casework },
  token: () => world.token(world.clients.casework),
})
const isPut = ({ method }: Passed) => method === 'PUT'

t.test('a person refers with a receipt, comes back, and adds to it', async (t) => {
  const receipt = await newReceipt()
  t.match(receipt, /^(\d{5} ){4}\d{5}$/)
  const envelope = await referrer.seal(draft, receipt)
  const { referralId } = envelope.header
  t.same(await referrer.state(receipt), [], 'nothing is known before it is sent')
  const { reference, receivedAt } = await referrer.submit(envelope)
  const told = { referralId, reference, receivedAt, state: 'received' }
  t.match(await referrer.state(receipt.replaceAll(' ', '-')), [told], 'as a person may type it')
  t.same(await referrer.state(await newReceipt()), [], 'another receipt knows nothing of it')

  const more = await referrer.seal(
    { ...draft, referral: { ...draft.referral, contact: { phone: '+44 7700 900123' } } },
    receipt,
    { supersedes: referralId },
  )
  await referrer.submit(more)
  t.match(await referrer.state(receipt), [{ supersedes: referralId }, told])

  await untilPaired(sql)
  const line = await between(t, url, (answer, { path }) => {
    const [, cursor] = /^\/v1\/receipt(\?cursor=bmV4dA)?$/.exec(path) ?? []
    const { referrals } = JSON.parse(cursor ? '{}' : answer.body)
    return cursor
      ? {
          status: 200,
          body: JSON.stringify({ referrals: [{ ...told, changedAt: receivedAt, unread: 0 }] }),
        }
      : { ...answer, body: JSON.stringify({ referrals: referrals.slice(0, 1), next: 'bmV4dA' }) }
  })
  const inPages = createPublicReferrer({ url: line.url, trust })
  t.match(await inPages.state(receipt), [{ supersedes: referralId }, told], 'page by page')

  const [claim] = await reader.claim({ max: 1, leaseSeconds: 60 })
  const newest = claim!.referrals.find(({ referralId: id }) => id === more.header.referralId)
  t.match(await reader.open(newest!), {
    ...{ opened: true, signedBy: 'receipt' },
    compartments: {
      identity: { familyName: 'Okonkwo' },
      contact: { phone: '+44 7700 900123' },
    },
  })
  t.notMatch(log(), /okonkwo|zuleika|\d{5} \d{5}/i)
})

t.test('asked to withdraw, a referral stays where it is until people look', async (t) => {
  const receipt = await newReceipt()
  const envelope = await referrer.seal(draft, receipt)
  await referrer.submit(envelope)
  const { referralId } = envelope.header
  const asked = await referrer.askToWithdraw(receipt, referralId)
  t.equal(asked.referralId, referralId)
  t.same(await referrer.askToWithdraw(receipt, referralId), asked, 'once')
  const { withdrawalAskedAt: askedAt } = asked
  t.match(await referrer.state(receipt), [{ state: 'received', withdrawalAskedAt: askedAt }])
  const notMine = await referrer.askToWithdraw(await newReceipt(), referralId).catch((it) => it)
  t.match(notMine, { problem: { code: 'not-found' } })
})

t.test("a page that stands in the service's place tells nothing of a receipt", async (t) => {
  const { url: elsewhere } = await serve(t, () => ({ status: 404, body: '<h1>Not found</h1>' }))
  const astray = createPublicReferrer({ url: elsewhere, trust })
  await t.rejects(astray.state(await newReceipt()), { name: 'ServiceProblem' })
})

t.test('nobody adds to what another receipt sent', async (t) => {
  const envelope = await referrer.seal(draft, await newReceipt())
  await referrer.submit(envelope)
  const { referralId } = envelope.header
  const other = await referrer.seal(draft, await newReceipt(), { supersedes: referralId })
  const error = await referrer.submit(other).catch((cause: unknown) => cause)
  t.match(error, { problem: { code: 'not-found', stored: false } })
})

t.test(
  'where the answer is lost the same bytes are sent again, with a proof of their own',
  async (t) => {
    let lost = 0
    const line = await between(t, url, (answer, request) => {
      if (isPut(request)) lost += 1
      return isPut(request) && lost < 3 ? undefined : answer
    })
    const onBadLine = createPublicReferrer({ url: line.url, trust })
    const receipt = await newReceipt()
    await onBadLine.submit(await onBadLine.seal(draft, receipt))
    const puts = line.passed.filter(isPut)
    t.equal(puts.length, 3)
    t.equal(new Set(puts.map(({ body }) => body)).size, 1)
    t.equal(new Set(puts.map(({ proof }) => proof)).size, 3)
    t.equal((await referrer.state(receipt)).length, 1)
  },
)

t.test('a line that loses every answer is given up, and what was sent stays sent', async (t) => {
  const line = await between(t, url, (answer, request) => (isPut(request) ? undefined : answer))
  const onBadLine = createPublicReferrer({ url: line.url, trust })
  const receipt = await newReceipt()
  const envelope = await onBadLine.seal(draft, receipt)
  await t.rejects(onBadLine.submit(envelope), { name: 'NoAnswer' })
  t.equal(line.passed.filter(isPut).length, 3)
  t.equal((await referrer.submit(envelope)).referralId, envelope.header.referralId)
})

t.test('a wrong solution is worked out anew, but not without end', async (t) => {
  let solved = 0
  const wrong = async () => {
    solved += 1
    return { counter: 0, derivedKey: '00'.repeat(32), time: 1 }
  }
  const careless = createPublicReferrer({ url, trust, solve: wrong })
  const envelope = await careless.seal(draft, await newReceipt())
  const error = await careless.submit(envelope).catch((cause: unknown) => cause)
  t.type(error, ServiceProblem)
  t.match(error, { problem: { code: 'proof-required', stored: false } })
  t.equal(solved, 3)
})

t.test('what is mistyped is said here, and never sent', async (t) => {
  const line = await between(t, url, (answer) => answer)
  const elsewhere = createPublicReferrer({ url: line.url, trust })
  const [first, ...rest] = await newReceipt()
  const mistyped = [(Number(first) + 1) % 10, ...rest].join('')
  await t.rejects(elsewhere.state(mistyped), { code: 'receipt-mistyped' })
  await t.rejects(elsewhere.seal(draft, mistyped), { code: 'receipt-mistyped' })
  t.equal(line.passed.length, 0)
})

t.test('nothing is sealed to a keyset that is past its date', async (t) => {
  const receipt = await newReceipt()
  const day = 24 * 3_600_000
  const at = (days: number) => new Date(Date.now() - days * day).toISOString()
  const dates = { issuedAt: at(300), refreshBy: at(32), expiresAt: at(2) }
  const past = signKeyset({ ...firstOfMany(), ...dates }, roots[0])
  const elsewhere = await serveKeysets(t, { 1: past }, () => 1)
  const late = createPublicReferrer({ url: elsewhere, trust: pinned })
  t.match(await late.keyset(), { stale: true })
  await t.rejects(late.seal(draft, receipt), { code: 'keyset-expired' })
})
