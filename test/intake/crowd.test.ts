/**
 * Goal: nobody is refused for the address that others use as well; whoever asks for much works more.
 * Method: the price of a challenge is read off the largest counter that solves it, over many of them.
 */
import t from 'tap'
import { createBlocks, isNetwork } from '../../src/access/networks.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import {
  challengeFor,
  receiptKeysOfNobody,
  sealedByReceipt,
  sendPublicly,
  solve,
} from '../helpers/receipt.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const base = 8
const built = await build(t, {
  countersMax: base,
  trustedProxies: ['127.0.0.1'],
  sharedNetworks: ['198.51.100.0/24'],
})
const { url, world } = built
const sql = asSuperuser(t, built.databases)
t.afterEach(() => requireBalanced(sql))

// Known, so that no two of these addresses share a mark.
await sql`
  insert into daily_secret
  select current_date + day, decode(repeat('07', 32), 'hex') from generate_series(-1, 1) day`

const from = (address: string) => ({ 'x-forwarded-for': address })

/** The counters of the next challenges for an address. */
async function counters(address: string, count: number): Promise<number[]> {
  const found: number[] = []
  for (let index = 0; index < count; index += 1) {
    const challenge = await challengeFor(url, 'submit', String(index), from(address))
    const proof = JSON.parse(Buffer.from(await solve(challenge), 'base64url').toString())
    found.push(proof.solution.counter)
  }
  return found
}

t.test(
  'two hundred people behind one address refer within an hour, and all are taken',
  async (t) => {
    const statuses: number[] = []
    for (let count = 0; count < 200; count += 1) {
      const envelope = sealedByReceipt(world, receiptKeysOfNobody())
      statuses.push((await sendPublicly(url, envelope, from('192.0.2.7'))).status)
    }
    t.strictSame(statuses, Array(200).fill(201))
    t.equal((await counters('192.0.2.7', 20)).filter((counter) => counter > 8 * base).length, 0)
  },
)

t.test('a block pays more past its budget, up to a ceiling, and nobody else does', async (t) => {
  const first = await counters('203.0.113.1', 20)
  t.ok(Math.max(...first) <= base, 'the base price')
  const later = await counters('203.0.113.1', 140)
  t.ok(Math.max(...later) > 4 * base, 'more')
  t.ok(Math.max(...later) <= 8 * base, 'and no more than the ceiling')
  t.ok(Math.max(...(await counters('203.0.113.2', 20))) <= base, 'its neighbour does not')
  t.ok(Math.max(...(await counters('198.51.100.9', 60))) <= base, 'nor who shares an exit')
})

t.test('an address is kept as a hash under a key of the day', async (t) => {
  await challengeFor(url, 'submit', '', from('2001:db8:1:2300::1'))
  await challengeFor(url, 'submit', '', from('2001:db8:1:23ff::2'))
  const rows = await sql`select block, challenges from challenge_block`
  t.ok(
    rows.every(({ block }) => block.length === 2),
    'too short to tell which',
  )
  t.equal(rows.filter(({ challenges }) => challenges === 2).length, 1, 'one /56 is one block')
})

t.test('what is a network, and what counts as one block', async (t) => {
  for (const text of ['192.0.2.7', '192.0.2.0/24', '2001:db8::/32', '::1']) {
    t.ok(isNetwork(text), text)
  }
  for (const text of ['', 'example.org', '192.0.2.7/33', '192.0.2.7/', '1.2.3.4/8/9', '::/129']) {
    t.notOk(isNetwork(text), text)
  }
  const sharing = createBlocks(['192.0.2.0/24', '2001:db8::/32', '203.0.113.5'])
  for (const address of ['192.0.2.200', '2001:db8:ffff::1', '203.0.113.5', '::ffff:192.0.2.1']) {
    t.equal(sharing(address), undefined, address)
  }
  for (const address of ['192.0.3.1', '2001:db9::1', '203.0.113.6', 'nowhere']) {
    t.ok(sharing(address), address)
  }
  const blockOf = createBlocks([])
  t.equal(blockOf('::ffff:192.0.2.1'), blockOf('192.0.2.1'))
  t.equal(blockOf('2001:db8:0:12ab::1'), blockOf('2001:db8::12cd:0:0:0:9'))
  t.not(blockOf('2001:db8:0:12ab::1'), blockOf('2001:db8:0:13ab::1'))
  t.equal(blockOf('2001:db8::1'), blockOf('2001:db8:0:0:7::1'))
  t.equal(blockOf('fe80::1%eth0'), blockOf('fe80::2'))
})
