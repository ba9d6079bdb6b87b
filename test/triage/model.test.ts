/**
 * Goal: no item claimed by two, none lost, none completed by a holder that was overtaken, and the
 * earliest deadline first, whatever is done in whatever order.
 * Method: random commands against the service on PostgreSQL, and beside it against a list in memory
 * that is as naive as the promise. Each command compares the whole answer. `MODEL_RUNS` histories, each of which
 * begins with nothing.
 */
import fc from 'fast-check'
import t from 'tap'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { requireBalanced, requireConsistent } from '../helpers/books.ts'
import { dueMs } from '../helpers/due.ts'
import { queueOn } from '../helpers/queue.ts'
import { seedOf } from '../helpers/seed.ts'
import { stage } from '../helpers/stage.ts'

const histories = Number(process.env.MODEL_RUNS ?? 2_000)
const staged = await stage(t)
const { world, sql } = staged
const { post, refer, empty } = await queueOn(staged)
const workers = ['casework', 'clinic'] as const
type Who = (typeof workers)[number]

type Item = {
  referralId: string
  dueAt: number
  /** Known from the first claim on. */
  claimId?: string
  fence: number
  lapses: number
  lease?: { who: Who; ended: boolean }
  done?: { fence: number; who: Who; answer: object }
  escalated: boolean
  /** Its fifth lease ran out: people have it, and its last holder may still come late. */
  lapsed: boolean
}
type Held = { item: Item; who: Who; fence: number }
type Model = { items: Item[]; held: Held[] }
type Real = { posts: number }

const isClaimable = ({ done, escalated, lapsed, lease }: Item) =>
  !done && !escalated && !lapsed && (!lease || lease.ended)

/** The lease of a claim as its holder sees it, or `undefined` once anything has overtaken it. */
const current = ({ item, who, fence }: Held) =>
  !item.done && !item.escalated && item.fence === fence && item.lease?.who === who
    ? item.lease
    : undefined

type Command = fc.AsyncCommand<Model, Real>
const hasHeld = ({ held }: Readonly<Model>) => held.length > 0
const pick = <Value>(from: readonly Value[], at: number): Value => from[at % from.length]!

class Refer implements Command {
  readonly urgency: Urgency
  constructor(urgency: Urgency) {
    this.urgency = urgency
  }
  check = () => true
  async run(model: Model) {
    const { referralId, acknowledgement } = await refer(this.urgency)
    const dueAt = dueMs({ at: Date.parse(acknowledgement.receivedAt), urgency: this.urgency })
    model.items.push({ referralId, dueAt, fence: 0, lapses: 0, escalated: false, lapsed: false })
  }
  toString = () => `refer(${this.urgency})`
}

class ClaimItems implements Command {
  readonly who: Who
  readonly max: number
  constructor(who: Who, max: number) {
    this.who = who
    this.max = max
  }
  check = () => true
  async run(model: Model) {
    const recipient = world.recipients[this.who].receiving.kid
    const { body } = await post(this.who, '', {
      ...{ recipient, max: this.max, leaseSeconds: 3600, compartments: [] },
    })
    for (const item of model.items) if (item.lease?.ended && item.lapses === 4) item.lapsed = true
    // Array.sort keeps the order of arrival among equals.
    const due = model.items.filter(isClaimable).sort((a, b) => a.dueAt - b.dueAt)
    const expected = due.slice(0, this.max).map((item) => {
      if (item.lease) item.lapses += 1
      item.fence += 1
      item.lease = { who: this.who, ended: false }
      return item
    })
    const seen = body.claims.map((claim: Record<string, unknown>) => ({
      fence: claim.fence,
      due: Date.parse(String(claim.dueAt)),
      referrals: (claim.referrals as { referralId: string }[]).map((r) => r.referralId),
    }))
    same(
      seen,
      expected.map(({ fence, dueAt, referralId }) => ({
        fence,
        due: dueAt,
        referrals: [referralId],
      })),
    )
    for (const [at, item] of expected.entries()) {
      item.claimId = body.claims[at].claimId
      model.held.push({ item, who: this.who, fence: item.fence })
    }
  }
  toString = () => `claim(${this.who}, ${this.max})`
}

/** A write under any claim that was ever given out, current or long lost. */
abstract class Write implements Command {
  readonly at: number
  constructor(at: number) {
    this.at = at
  }
  check = hasHeld
  run(model: Model) {
    return this.write(pick(model.held, this.at))
  }
  abstract write(held: Held): Promise<void>
  toString = () => `${this.constructor.name}(${this.at})`
}

class Renew extends Write {
  async write(held: Held) {
    const { item, who, fence } = held
    const { status } = await post(who, `/${item.claimId}/renewal`, { fence, leaseSeconds: 3600 })
    const lease = current(held)
    same(status, lease ? 200 : 409)
    if (lease) lease.ended = false
  }
}

class Release extends Write {
  async write(held: Held) {
    const { item, who, fence } = held
    const { status } = await post(who, `/${item.claimId}/release`, { fence })
    const isCurrent = current(held) !== undefined
    same(status, isCurrent ? 204 : 409)
    if (!isCurrent) return
    item.fence += 1
    delete item.lease
  }
}

class Complete extends Write {
  async write(held: Held) {
    const { item, who, fence } = held
    const completion = { fence, outcome: 'accepted', referrals: [item.referralId] }
    const { status, body } = await post(who, `/${item.claimId}/completion`, completion)
    const lease = current(held)
    if (lease) {
      same([status, body.outcome, body.late], [200, 'accepted', lease.ended])
      item.fence += 1
      item.done = { fence, who, answer: body }
    } else if (item.done?.fence === fence && item.done.who === who) {
      same([status, body], [200, item.done.answer])
    } else {
      same([status, body.code], [409, 'lease-lost'])
    }
  }
}

class Report extends Write {
  async write(held: Held) {
    const { item, who, fence } = held
    const report = { fence, outcome: 'unopenable', step: 'wrap', referrals: [item.referralId] }
    const { status } = await post(who, `/${item.claimId}/completion`, report)
    const repeated = item.escalated && item.fence === fence + 1 && item.lease?.who === who
    const isCurrent = current(held) !== undefined
    same(status, isCurrent || repeated ? 200 : 409)
    if (!isCurrent) return
    item.fence += 1
    item.escalated = true
  }
}

/** Another client that got hold of a claim's numbers. */
class Steal extends Write {
  async write({ item, who, fence }: Held) {
    const thief = who === 'casework' ? 'clinic' : 'casework'
    const completion = { fence, outcome: 'accepted', referrals: [item.referralId] }
    const { body } = await post(thief, `/${item.claimId}/completion`, completion)
    same(body.code, 'lease-lost')
  }
}

class EndLease extends Write {
  async write({ item }: Held) {
    await sql`
      update triage_item set leased_until = now() - interval '1 ms'
      where id = ${item.claimId!} and leased_until is not null and completed_at is null`
    if (item.lease && !item.done) item.lease.ended = true
  }
}

/** An outage of every consumer: all leases run out. */
class EndAll implements Command {
  check = hasHeld
  async run({ items }: Model) {
    await sql`
      update triage_item set leased_until = now() - interval '1 ms'
      where leased_until is not null and completed_at is null`
    for (const { lease, done } of items) if (lease && !done) lease.ended = true
  }
  toString = () => 'EndAll'
}

function same(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new Error(`the service says ${a}, and the promise is ${b}`)
}

const at = fc.nat({ max: 40 })
const commands = [
  fc.constantFrom<Urgency>('immediate', 'urgent', 'soon', 'standard').map((u) => new Refer(u)),
  fc.constantFrom<Urgency>('urgent', 'standard').map((u) => new Refer(u)),
  fc
    .tuple(fc.constantFrom(...workers), fc.integer({ min: 1, max: 4 }))
    .map(([w, n]) => new ClaimItems(w, n)),
  fc.constantFrom(...workers).map((who) => new ClaimItems(who, 1)),
  at.map((n) => new EndLease(n)),
  fc.constant(new EndAll()),
  fc.constant(new EndAll()),
  fc.constantFrom(...workers).map((who) => new ClaimItems(who, 4)),
  at.map((n) => new Renew(n)),
  at.map((n) => new Release(n)),
  at.map((n) => new Complete(n)),
  at.map((n) => new Report(n)),
  at.map((n) => new Steal(n)),
]

t.test('the queue keeps its promises under any history', async (t) => {
  const seed = seedOf(t)
  let count = 0
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 30, size: 'max' }), async (history) => {
      const model: Model = { items: [], held: [] }
      await fc.asyncModelRun(() => ({ model, real: { posts: 0 } }), history)
      await nothingIsLost(model)
      count += 1
      if (count % 100 === 0) await requireConsistent(sql)
      if (count % 1_000 === 0) t.comment(`${count} histories`)
      await empty()
    }),
    { seed, numRuns: histories, endOnFailure: true },
  )
  await requireBalanced(sql)
})

/** Every item is completed, with people, in somebody's hands, or claimable: each exactly once. */
async function nothingIsLost({ items }: Model): Promise<void> {
  const rest = new ClaimItems('casework', 50)
  const model = { items, held: [] }
  await rest.run(model)
  const states = await sql<{ id: string; open: boolean }[]>`
    select referral_ids[1] as id, completed_at is null as open from triage_item
    where referral_ids[1] = any (${items.map(({ referralId }) => referralId)}::uuid[])`
  same(states.length, items.length)
  for (const { id, open } of states) {
    same(open, !items.find(({ referralId }) => referralId === id)?.done)
  }
}
