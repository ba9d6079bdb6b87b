/**
 * Goal: no item claimed by two, none lost, none completed by a holder that was overtaken, none handed out while it is
 * parked, and the earliest deadline first, whatever is done in whatever order.
 * Method: random commands against the services on PostgreSQL, and beside them against a list in memory that is as
 * naive as the promise. Each command compares the whole answer. `MODEL_RUNS` histories, each of which begins
 * with nothing.
 */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { requireBalanced, requireConsistent } from '../helpers/books.ts'
import { queueOn } from '../helpers/queue.ts'
import { type Claimed, type Held, type Item, Model, type Who } from '../helpers/queuemodel.ts'
import { referralsOf, urgencyOf } from '../helpers/queuestanding.ts'
import { seedOf } from '../helpers/seed.ts'
import { stage } from '../helpers/stage.ts'

const histories = Number(process.env.MODEL_RUNS ?? 2_000)
const staged = await stage(t)
const { triage, cases, callers, world, sql } = staged
const queue = await queueOn(staged)
const workers = ['casework', 'clinic'] as const
const reason = 'call_back' as const
const until = new Date(Date.now() + 24 * 3_600_000).toISOString()

/** What an act answered, or the code by which it was refused. */
const said = (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    (answer) => answer ?? 'done',
    (error) => error.code ?? Promise.reject(error),
  )

type Command = fc.AsyncCommand<Model, object>
const pick = <Value>(from: readonly Value[], at: number): Value => from[at % from.length]!

/** A command about nothing yet, or about one that there is. */
function command(
  name: string,
  run: (model: Model) => Promise<void>,
  check: (model: Model) => boolean = () => true,
): Command {
  return { check: (model) => check(model as Model), run, toString: () => name }
}
const onItem = (name: string, at: number, run: (model: Model, item: Item) => Promise<void>) =>
  command(
    `${name}(${at})`,
    (model) => run(model, pick(model.items, at)),
    ({ items }) => items.length > 0,
  )
/** A write under any claim that was ever given out, current or long lost. */
const onHeld = (name: string, at: number, run: (model: Model, held: Held) => Promise<void>) =>
  command(
    `${name}(${at})`,
    (model) => run(model, pick(model.held, at)),
    ({ held }) => held.length > 0,
  )

const refer = (urgency: Urgency, isVerified: boolean) =>
  command(`refer(${urgency}, ${isVerified})`, async (model) => {
    const referralId = await queue.refer(urgency, isVerified)
    const [row] = await sql<{ id: string; caseId: string; arrivedAt: number }[]>`
      select id, case_id as "caseId", (extract(epoch from arrived_at) * 1000)::float8 as "arrivedAt"
      from triage_item where referral_id = ${referralId}`
    model.add({ ...row!, referralId, isVerified, urgency })
  })

async function claims(who: Who, asked: { max: number; caseId?: string }) {
  const recipient = world.recipients[who].receiving.kid
  const answer = await said(
    triage.claim(callers[who], {
      ...{ recipient, leaseSeconds: 3600, compartments: [] },
      ...asked,
    }),
  )
  if (typeof answer === 'string') return answer
  const { claims: given } = answer as Awaited<ReturnType<typeof triage.claim>>
  return given.map(({ claimId, fence, urgency, dueAt, referrals }) => ({
    ...{ claimId, fence, urgency, dueAt: Date.parse(dueAt) },
    referrals: referrals.map(({ referralId }) => referralId).sort(),
  })) satisfies Claimed[]
}

const claim = (who: Who, max: number) =>
  command(`claim(${who}, ${max})`, async (model) =>
    same(await claims(who, { max }), model.claim(who, max)),
  )
const claimCase = (who: Who, at: number) =>
  onItem(`claimCase ${who}`, at, async (model, item) => {
    if (!item.isOpen) return
    same(await claims(who, { max: 1, caseId: item.caseId }), model.claimOne(who, item))
  })

const renew = (at: number) =>
  onHeld('renew', at, async (model, { item, who, fence }) => {
    const answer = await said(
      triage.renew(callers[who], { claimId: item.id, fence }, 3600).then((told) => {
        return { ...standing(told), changed: told.changed }
      }),
    )
    same(answer, model.renew({ item, who, fence }))
  })
type Told = { urgency: Urgency; dueAt: string; referralIds: readonly string[] }
const standing = ({ urgency, dueAt, referralIds }: Told) => {
  return { urgency, dueAt: Date.parse(dueAt), referrals: referralIds.toSorted() }
}

/** What a person's screen shows, of which they may name all or nothing. */
const screens = {
  none: () => ({}),
  current: (item: Item) => ({ fence: item.fence, from: urgencyOf(item) }),
  oldFence: (item: Item) => ({ fence: item.fence + 1 }),
  oldUrgency: (item: Item) => ({ from: urgencyOf(item) === 'soon' ? 'urgent' : 'soon' }) as const,
}
const setUrgency = (at: number, urgency: Urgency, screen: keyof typeof screens) =>
  onItem(`setUrgency ${urgency} ${screen}`, at, async (model, item) => {
    const seen = screens[screen](item)
    const [about = ''] = referralsOf(item)
    await queue.note(about, async (note) => {
      const asked = { urgency, ...seen, note }
      const setting = triage.setUrgency(callers.casework, item.id, asked)
      const answer = await said(setting.then(standing))
      same(answer, model.setUrgency(item, urgency, seen))
      return typeof answer === 'object'
    })
  })
const release = (at: number) =>
  onHeld('release', at, async (model, held) => {
    const { item, who, fence } = held
    same(await said(triage.release(callers[who], { claimId: item.id, fence })), model.release(held))
  })
const complete = (at: number) =>
  onHeld('complete', at, async (model, { item, who, fence }) => {
    const referrals = referralsOf(item)
    const end = { fence, outcome: 'accepted', referrals } as const
    const answer = await said(triage.complete(callers[who], item.id, end))
    same(answer, model.complete({ item, who, fence }, answer))
  })
const report = (at: number) =>
  onHeld('report', at, async (model, { item, who, fence }) => {
    const referrals = referralsOf(item)
    const end = { fence, outcome: 'unopenable' as const, referrals }
    const answer = await said(triage.complete(callers[who], item.id, end))
    same(typeof answer === 'object' ? 'done' : answer, model.report({ item, who, fence }))
  })
/** Another client that got hold of a claim's numbers. */
const steal = (at: number) =>
  onHeld('steal', at, async (_, { item, who, fence }) => {
    const thief = callers[who === 'casework' ? 'clinic' : 'casework']
    const referrals = referralsOf(item)
    const end = { fence, outcome: 'accepted', referrals } as const
    same(await said(triage.complete(thief, item.id, end)), 'lease-lost')
    same(await said(triage.park(thief, item.id, { fence, reason })), 'lease-lost')
  })
const endLease = (at: number) =>
  onItem('endLease', at, async (model, item) => {
    await sql`
      update triage_item set leased_until = now() - interval '1 ms'
      where id = ${item.id} and leased_until is not null and completed_at is null`
    model.endLease(item)
  })
/** An outage of every consumer: all leases run out. */
const endAll = command('endAll', async (model) => {
  await sql`
    update triage_item set leased_until = now() - interval '1 ms'
    where leased_until is not null and completed_at is null`
  for (const item of model.items) model.endLease(item)
})

const park = (at: number, isTimed: boolean) =>
  onHeld(`park ${isTimed}`, at, async (model, { item, who, fence }) => {
    const parking = { fence, reason, ...(isTimed && { until }) }
    const answer = await said(triage.park(callers[who], item.id, parking))
    same(answer, model.park({ item, who, fence }, isTimed))
  })
const parkItem = (at: number, isTimed: boolean, fence: number | undefined) =>
  onItem(`parkItem ${isTimed} ${fence}`, at, async (model, item) => {
    const seen = fence !== undefined && { fence }
    const parking = { ...seen, reason, ...(isTimed && { until }) }
    same(
      await said(triage.parkItem(callers.clinic, item.id, parking)),
      model.parkItem(item, isTimed, fence),
    )
  })
const wake = (at: number, fence: number | undefined) =>
  onItem(`wake ${fence}`, at, async (model, item) => {
    const seen = fence === undefined ? {} : { fence }
    same(await said(triage.wake(callers.clinic, item.id, seen)), model.wake(item, fence))
  })
const timeComes = (at: number) =>
  onItem('timeComes', at, async (model, item) => {
    await sql`
      update triage_item set parked_until = now() - interval '1 ms'
      where id = ${item.id} and parked_until is not null`
    model.timeComes(item)
  })
const setAside = command('setAside', async (model) => {
  const { asideId, items } = await triage.setItemsAside(callers.casework, {})
  same(items, model.setAside(asideId))
})
const wakeAside = (at: number) =>
  command(
    `wakeAside(${at})`,
    async (model) => {
      const asideId = pick(model.asides, at)
      const { items } = await triage.wakeItemsAside(callers.clinic, asideId)
      same(items, model.wakeAside(asideId))
    },
    ({ asides }) => asides.length > 0,
  )
const reopen = (at: number) =>
  onItem('reopen', at, async (model, item) => {
    const answer = await said(triage.reopen(callers.clinic, item.id))
    const [open] = await sql<{ id: string; arrivedAt: number }[]>`
      select id, (extract(epoch from arrived_at) * 1000)::float8 as "arrivedAt"
      from triage_item
      where case_id = ${item.caseId} and completed_at is null and merged_into is null`
    same(answer, model.reopen(item, open && { ...open }))
  })
/** A person knows that two cases are about one. */
const merge = (at: number, other: number) =>
  onItem(`merge ${other}`, at, async (model, item) => {
    const second = pick(model.items, other)
    if (second === item || !item.isOpen || !second.isOpen) return
    await cases.merge(callers.clinic, item.caseId, { otherId: second.caseId })
    model.merge(item, second)
  })

function same(actual: unknown, expected: unknown): void {
  if (isDeepStrictEqual(actual, expected)) return
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  throw new Error(`the service says ${a}, and the promise is ${b}`)
}

const at = fc.nat({ max: 40 })
const fence = fc.option(fc.nat({ max: 4 }), { nil: undefined })
const who = fc.constantFrom(...workers)
const urgency = fc.constantFrom<Urgency>('immediate', 'urgent', 'soon', 'standard')
const screen = fc.constantFrom('none', 'current', 'oldFence', 'oldUrgency')
const commands = [
  fc.tuple(urgency, fc.boolean()).map(([u, isVerified]) => refer(u, isVerified)),
  fc.tuple(urgency, fc.boolean()).map(([u, isVerified]) => refer(u, isVerified)),
  fc.tuple(who, fc.integer({ min: 1, max: 4 })).map(([w, max]) => claim(w, max)),
  fc.tuple(who, fc.integer({ min: 1, max: 4 })).map(([w, max]) => claim(w, max)),
  fc.tuple(who, at).map(([w, n]) => claimCase(w, n)),
  fc.constant(endAll),
  ...[endLease, renew, release, complete, report, steal, timeComes, wakeAside, reopen].map((make) =>
    at.map(make),
  ),
  fc.tuple(at, fc.boolean()).map(([n, isTimed]) => park(n, isTimed)),
  fc.tuple(at, fc.boolean(), fence).map(([n, isTimed, f]) => parkItem(n, isTimed, f)),
  fc.tuple(at, fence).map(([n, f]) => wake(n, f)),
  fc.tuple(at, urgency, screen).map(([n, u, s]) => setUrgency(n, u, s)),
  fc.constant(setAside),
  fc.tuple(at, at).map(([n, m]) => merge(n, m)),
]

t.test('the queue keeps its promises under any history', async (t) => {
  const seed = seedOf(t)
  let count = 0
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 30, size: 'max' }), async (history) => {
      const model = new Model()
      await fc.asyncModelRun(() => ({ model, real: {} }), history)
      await nothingIsLost(model)
      count += 1
      if (count % 100 === 0) await requireConsistent(sql)
      if (count % 1_000 === 0) t.comment(`${count} histories`)
      await queue.empty()
    }),
    { seed, numRuns: histories, endOnFailure: true },
  )
  await requireBalanced(sql)
})

/** Every item is completed, with people, parked, in somebody's hands, or claimable: each exactly once. */
async function nothingIsLost(model: Model): Promise<void> {
  same(await claims('casework', { max: 50 }), model.claim('casework', 50))
  const rows = await sql<{ id: string }[]>`
    select id from triage_item
    where id = any (${model.items.map(({ id }) => id)}::uuid[])
      and completed_at is null and merged_into is null
    order by id`
  const open = model.items.filter(({ isOpen }) => isOpen)
  same(
    rows.map(({ id }) => id),
    open.map(({ id }) => id).sort(),
  )
  await eachAttemptIsKept(model)
}

/** Each lease that ended, by whom it was held, and how it ended; and none that did not. */
async function eachAttemptIsKept(model: Model): Promise<void> {
  const kept = await sql`
    select item_id as "itemId", fence::int, client_id as "clientId", ending from triage_attempt
    where item_id = any (${model.items.map(({ id }) => id)}::uuid[])
    order by item_id, fence`
  const promised = model.attempts.map(({ who, ...attempt }) => {
    return { ...attempt, clientId: callers[who].clientId }
  })
  const inOrder = promised.sort((a, b) => compare(a.itemId, b.itemId) || a.fence - b.fence)
  const written = ({ itemId, fence, clientId, ending }: (typeof promised)[number]) =>
    [itemId, fence, clientId, ending].join(' ')
  same(
    kept.map((row) => written(row as (typeof promised)[number])),
    inOrder.map(written),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
