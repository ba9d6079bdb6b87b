/**
 * Goal: whoever reads what became of items misses nothing and sees it in order within a case, in whatever order
 * transactions commit; where something may be missing, it is told.
 * Method: 32 writers on a few items, each of which has its transaction's id long before it commits or takes it back,
 * and a reader beside them. The order that is right is that in which the writers had the lock of the item.
 *
 * Tried: with `position` 0 throughout (a cursor over a plain sequence) and no horizon, the reader misses changes; with the
 * id of the transaction alone as `position`, it sees those of one case in the wrong order.
 */
import { PassThrough } from 'node:stream'
import t from 'tap'
import { createForgetting } from '../../src/background/forgetting.ts'
import { connect, type Tx } from '../../src/database/connect.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { raiseUrgency } from '../../src/triage/service.ts'
import { requireBalanced } from '../helpers/books.ts'
import { databaseApart } from '../helpers/postgres.ts'
import { type Referred, stage } from '../helpers/stage.ts'

const writers = 32
const acts = 25

// Whoever writes in any database of the server holds back what is shown.
const staged = await stage(t, databaseApart)
const { sql, cases, triage, callers, world } = staged
const database = connect({ url: staged.databases.url, connectionsMax: writers, prepare: true })
t.teardown(() => database.close())
t.afterEach(() => requireBalanced(sql))

type Change = Awaited<ReturnType<typeof triage.changes>>['changes'][number]

const ask = (query: Parameters<typeof triage.changes>[1]) =>
  triage.changes(callers.casework, query, {
    seconds: 0,
    listener: new PassThrough(),
    leave: () => {},
  })

/** Where the changes go on from now. */
async function now(): Promise<string> {
  return (await ask({})).next
}

/** What there is behind a place, page by page, and where it goes on. */
async function since(place: string, limit = 50): Promise<{ seen: Change[]; next: string }> {
  const seen: Change[] = []
  for (let next = place; ; ) {
    const page = await ask({ since: next, limit })
    next = page.next
    seen.push(...page.changes)
    if (page.changes.length === 0) return { seen, next }
  }
}

type Item = { id: string; caseId: string; referralId: string }
const itemsOf = async (...referred: readonly Referred[]) => {
  const ids = referred.map(({ referralId }) => referralId)
  const rows = await sql<Item[]>`
    select id, case_id as "caseId", referral_id as "referralId" from triage_item
    where referral_id = any (${ids}::uuid[]) order by array_position(${ids}::uuid[], referral_id)`
  return rows as unknown as [Item, Item, ...Item[]]
}

/** Some turns of the loop, in which others go on. */
async function turns(most: number): Promise<void> {
  for (let left = Math.random() * most; left > 0; left -= 1) await new Promise(setImmediate)
}

t.test('nothing is missed, and each case is in order, while 32 commit out of order', async (t) => {
  const referred = await Promise.all(Array.from({ length: 6 }, () => staged.refer()))
  const items = await itemsOf(...referred)
  const expected = new Map(items.map(({ caseId }) => [caseId, [] as string[]]))
  let [next, writing] = [await now(), writers]

  /** Takes an item, or gives it back; the fence rises each time, as with any claim and release. */
  async function act(tx: Tx): Promise<void> {
    const item = items[Math.floor(Math.random() * items.length)]!
    await tx.sql`select pg_current_xact_id()`
    await turns(20)
    const [row] = await tx.sql<[{ type: string }]>`
      update triage_item
      set fence = fence + 1,
          leased_by = case when leased_by is null then ${callers.casework.clientId}::uuid end,
          leased_until = case when leased_by is null then now() + interval '1 hour' end,
          claimed_at = now()
      where id = ${item.id}
      returning case when leased_by is null then 'released' else 'claimed' end as type`
    await turns(20)
    if (Math.random() < 0.2) throw new Error('undone')
    expected.get(item.caseId)!.push(row.type)
  }

  async function write(): Promise<void> {
    for (let count = 0; count < acts; count += 1) {
      await database.inTransaction(callers.casework, act).catch((error) => {
        if (error.message !== 'undone') throw error
      })
    }
    writing -= 1
  }

  const seen: Change[] = []
  async function read(): Promise<void> {
    for (let isOver = false; !isOver; ) {
      isOver = writing === 0
      const page = await since(next, 7)
      next = page.next
      seen.push(...page.seen)
    }
  }

  await Promise.all([read(), ...Array.from({ length: writers }, write)])
  t.ok(seen.length > (writers * acts) / 2)
  t.equal(new Set(seen.map(({ id }) => id)).size, seen.length, 'none twice')
  for (const { id, caseId } of items) {
    const ofCase = seen.filter((change) => change.caseId === caseId)
    t.same(
      ofCase.map(({ type }) => type),
      expected.get(caseId),
    )
    t.ok(ofCase.every(({ itemId }) => itemId === id))
  }
  await sql`update triage_item set leased_by = null, leased_until = null, claimed_at = null`
})

t.test('each act on an item is told as what it is, and a renewal is not told', async (t) => {
  const start = await now()
  // Which merges into the other is due no earlier, so the other is not raised by it.
  const [other, one] = [await staged.refer(), await staged.refer()]
  const [item, later] = await itemsOf(one, other)
  const told = async (from: string) =>
    (await since(from)).seen.filter(({ itemId }) => [item.id, later.id].includes(itemId))
  const recipient = world.recipients.casework.receiving.kid
  const claim = async () => {
    const { claims } = await triage.claim(callers.casework, {
      recipient,
      max: 50,
      leaseSeconds: 60,
    })
    return claims.find(({ claimId }) => claimId === item.id)!
  }
  const { fence } = await claim()
  await triage.renew(callers.casework, { claimId: item.id, fence }, 60)
  await triage.release(callers.casework, { claimId: item.id, fence })
  await claim()
  await sql`update triage_item set leased_until = now() - interval '1 ms' where id = ${item.id}`
  const again = await claim()
  const end = { fence: again.fence, referrals: [one.referralId] }
  await triage.complete(callers.casework, item.id, { ...end, outcome: 'unopenable' })
  const types = (await told(start)).filter(({ itemId }) => itemId === item.id)
  t.same(
    types.map(({ type }) => type),
    ['opened', 'claimed', 'released', 'claimed', 'lapsed', 'claimed', 'escalated'],
  )
  t.ok(types.every(({ caseId }) => caseId === item.caseId))

  const rest = await now()
  await triage.release(callers.casework, { claimId: later.id, fence: 1 })
  await cases.merge(callers.clinic, item.caseId, { otherId: later.caseId })
  const side = { referrals: [other.referralId] }
  await cases.split(callers.clinic, later.caseId, { ...side, decision: 'different' })
  await database.inTransaction(callers.casework, (tx) => raiseUrgency(tx, other.referralId, 'soon'))
  const { claims } = await triage.claim(callers.casework, { recipient, max: 50, leaseSeconds: 60 })
  const { fence: last } = claims.find(({ claimId }) => claimId === later.id)!
  await triage.complete(callers.casework, later.id, { ...side, fence: last, outcome: 'accepted' })
  const whose = (id: string) => (id === item.id ? 'one' : 'other')
  t.same(
    (await told(rest)).map(({ type, itemId }) => `${type} ${whose(itemId)}`),
    [
      ...['released other', 'merged one', 'changed other', 'split one', 'changed other'],
      ...['raised other', 'claimed other', 'completed other'],
    ],
  )
})

t.test('what is still to commit holds back what came after it, and loses nothing', async (t) => {
  const start = await now()
  let commit = () => {}
  const open = new Promise<void>((resolve) => {
    commit = resolve
  })
  let began = () => {}
  const beginning = new Promise<void>((resolve) => {
    began = resolve
  })
  const slow = database.inTransaction(callers.casework, async ({ sql: inside }) => {
    await inside`select pg_current_xact_id()`
    began()
    await open
  })
  await beginning
  const { referralId } = await staged.refer()
  const [item] = await itemsOf({ referralId } as Referred)
  const before = await since(start)
  t.same(before.seen, [], 'not yet')
  commit()
  await slow
  const { seen } = await since(before.next)
  t.match(seen, [{ type: 'opened', itemId: item!.id }])
})

t.test(
  'a place that may lack something is refused, and one that is at the end never',
  async (t) => {
    const early = await now()
    await staged.refer()
    await staged.refer()
    const { seen, next } = await since(early)
    t.equal(seen.length, 2)
    await sql`update triage_change set at = now() - interval '6 days 23 hours'`
    const forgetting = createForgetting(database)
    await forgetting.run()
    t.equal((await since(early)).seen.length, 2, 'a week is not over')
    await sql`update triage_change set at = now() - interval '7 days 1 s'`
    t.equal((await since(early)).seen.length, 2, 'nor is anything gone')
    for (const times of ['once', 'twice']) {
      await forgetting.run()
      await t.rejects(since(early), { code: 'cursor-outdated' }, `forgotten ${times}`)
      t.same((await since(next)).seen, [], 'at the end')
    }
    t.equal((await sql`select from triage_change`).length, 1, 'the last stays as the sign')
    t.same((await since(await now())).seen, [], 'whoever begins from now lacks nothing')

    // As after a restore into another cluster: what it counted comes with the data.
    await sql`
    insert into triage_change (position, type, item_id, case_id, at)
    select pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 10, 'opened', item_id, case_id, now()
    from triage_change`
    t.same((await since(next)).seen, [], 'it is nothing of this one')
    await forgetting.run()
    t.equal((await sql`select from triage_change`).length, 1)
    const [epoch = '', position = ''] = Buffer.from(next, 'base64url').toString().split(' ')
    const place = (text: string) => Buffer.from(text).toString('base64url')
    const other = epoch.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
    for (const text of [`${other} ${position} 0`, `${epoch} ${10n ** 15n} 0`]) {
      await t.rejects(since(place(text)), { code: 'cursor-outdated' }, text)
    }
    for (const text of [
      '',
      newId(),
      `${epoch} ${position}`,
      `${epoch} -1 0`,
      `${epoch} ${position} ${10n ** 18n}`,
    ]) {
      await t.rejects(since(place(text)), { code: 'malformed-request' }, text)
    }
  },
)
