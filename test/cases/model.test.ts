/**
 * Goal: whatever is done to cases and their work, in whatever order: a case is what links connect, no
 * referral without an answer is off the queue or on it twice, one item of a case stands for all and is
 * due when the earliest is, and no write of a holder that was overtaken is taken.
 * Method: random commands against the services on PostgreSQL, and beside them against model.ts. After
 * each command all cases and all open items are compared.
 */
import fc from 'fast-check'
import t from 'tap'
import { Refusal } from '../../src/errors.ts'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { requireBalanced, requireConsistent } from '../helpers/books.ts'
import { dueMs } from '../helpers/due.ts'
import { matchingOf, relativeOf, stranger } from '../helpers/people.ts'
import { seedOf } from '../helpers/seed.ts'
import { type Referred, stage } from '../helpers/stage.ts'
import { type Claim, Model, type Node, type Pair, type Who } from './model.ts'

/** So many take some ten seconds. */
const histories = 25
const staged = await stage(t)
const { sql, cases, triage, callers, world, refer, check } = staged
const workers = ['casework', 'clinic'] as const

/** People of one history; the last goes by the reference of the first. */
let people: ReturnType<typeof stranger>[] = []
const referredBy = new Map<string, Referred>()

function same(actual: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  if (a !== b) throw new Error(`the service says\n${a}, and the promise is\n${b}`)
}

async function codeOf(act: Promise<unknown>): Promise<string> {
  return act.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof Refusal) return error.code
      throw error
    },
  )
}

async function caseIdOf({ id }: Node): Promise<string> {
  const [row] = await sql`select case_id from referral_case where referral_id = ${id}`
  return row?.case_id
}

type Command = fc.AsyncCommand<Model, object>
const pick = <Value>(from: readonly Value[], at: number): Value => from[at % from.length]!

abstract class Act implements Command {
  check = (model: Readonly<Model>) => model.nodes.length > 0
  async run(model: Model) {
    await this.act(model)
    await compare(model)
  }
  abstract act(model: Model): Promise<void>
  toString = () => `${this.constructor.name}${JSON.stringify(this)}`
}

class Submit extends Act {
  readonly person: number | undefined
  readonly urgency: Urgency
  readonly amends: number | undefined
  constructor(person: number | undefined, urgency: Urgency, amends: number | undefined) {
    super()
    this.person = person
    this.urgency = urgency
    this.amends = amends
  }
  override check = () => true
  async act(model: Model) {
    const free = model.nodes.filter((node) => model.nodes.every(({ amends }) => amends !== node))
    const amends =
      this.amends === undefined || free.length === 0 ? undefined : pick(free, this.amends)
    const { person, urgency } = this
    const matching = person === undefined ? undefined : matchingOf(people[person]!)
    const referred = await refer(matching, {
      urgency,
      ...(amends && { supersedes: amends.id }),
    })
    const id = referred.referralId
    referredBy.set(id, referred)
    const [row] = await sql`select received_at from referral where id = ${id}`
    const dueAt = dueMs({ at: row?.received_at.getTime(), urgency })
    model.add({
      ...{ id, dueAt },
      ...(person !== undefined && { person }),
      ...(amends && { amends }),
    })
  }
}

function waiting() {
  return sql`select referral_id as id from pairing order by queued_at, referral_id`
}

/** Those that a person is asked about because keys say so little. */
async function openQuestions(model: Model): Promise<Pair[]> {
  const ids = model.nodes.map(({ id }) => id)
  const rows = await sql`
    select left_id, right_id from judgement
    where ended_at is null and verdict = 'possible' and left_id = any (${ids}::uuid[])`
  return rows.map((row) => [model.byId(row.left_id), model.byId(row.right_id)] as const)
}

type PairingAct = { readonly act: string; readonly referral: string; readonly with: string }

/** What the newest pairing of a referral did, as the log says it. */
async function actsOf(id: string): Promise<PairingAct[]> {
  const [row] = await sql`
    select o.details from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'referral.paired' and e.object_id = ${id}
    order by e.at desc, e.id desc limit 1`
  return row?.details.acts
}

function isOf(ends: Pair, one: Node, other: Node): boolean {
  return ends.includes(one) && ends.includes(other)
}

class PairAll extends Act {
  async act(model: Model) {
    for (let wasIdle = false; ; ) {
      const next = (await waiting()).map(({ id }) => id)
      if (next.length === 0) return
      const before = await openQuestions(model)
      await staged.pairing.run()
      const left = new Set((await waiting()).map(({ id }) => id))
      const paired = next.filter((id) => !left.has(id))
      // A run that only finds that none of many is a stranger is followed by one that pairs the first.
      if (wasIdle) same(paired.length > 0, true)
      wasIdle = paired.length === 0
      for (const [at, id] of paired.entries()) {
        await tell(model, id, new Set([...left, ...paired.slice(at + 1)]), before)
      }
      same(staged.noted.errors, [])
    }
  }
}

/** Tells the model of the pairing of one referral, as the log says it. */
async function tell(model: Model, id: string, left: ReadonlySet<string>, before: readonly Pair[]) {
  const node = model.byId(id)
  const acts = await actsOf(id)
  const pairsOf = (act: string) =>
    acts
      .filter((it) => it.act === act)
      .map((it): Pair => [model.byId(it.referral), model.byId(it.with)])
  const withdrawn = pairsOf('withdrawn').map(([, other]) => other)
  model.pair(node, {
    waiting: left,
    withdrawn,
    questions: before.filter((ends) => !withdrawn.some((it) => isOf(ends, node, it))),
    asked: pairsOf('asked'),
  })
}

/** A recipient's word on whose keys a referral should have. */
class Check extends Act {
  readonly at: number
  readonly person: number | undefined
  constructor(at: number, person: number | undefined) {
    super()
    this.at = at
    this.person = person
  }
  async act(model: Model) {
    const node = pick(model.nodes, this.at)
    const { person } = this
    const matching = person === undefined ? { epoch: 1, values: [] } : matchingOf(people[person]!)
    same((await check(referredBy.get(node.id)!, matching)) !== 'same', node.person !== person)
    if (person === undefined) delete node.person
    else node.person = person
  }
}

class Merge extends Act {
  readonly one: number
  readonly other: number
  constructor(one: number, other: number) {
    super()
    this.one = one
    this.other = other
  }
  async act(model: Model) {
    const [one, other] = [pick(model.nodes, this.one), pick(model.nodes, this.other)]
    const otherId = await caseIdOf(other)
    await cases.merge(callers.casework, await caseIdOf(one), { otherId })
    model.join(model.caseOf(one)[0]!, model.caseOf(other)[0]!, 'person')
  }
}

class Split extends Act {
  readonly at: number
  readonly mask: number
  constructor(at: number, mask: number) {
    super()
    this.at = at
    this.mask = mask
  }
  async act(model: Model) {
    const members = model.caseOf(pick(model.nodes, this.at))
    const side = members.filter((_, at) => (this.mask >> at) % 2 === 1)
    if (side.length === 0 || side.length === members.length) return
    const caseId = await caseIdOf(members[0]!)
    const referrals = side.map(({ id }) => id)
    const decision = this.mask % 3 === 0 ? 'unsure' : 'different'
    await cases.split(callers.clinic, caseId, { referrals, decision })
    model.split(side)
  }
}

/** A person answers one of the questions that there are. */
class Decide extends Act {
  readonly at: number
  readonly decision: 'same' | 'different' | 'unsure'
  constructor(at: number, decision: 'same' | 'different' | 'unsure') {
    super()
    this.at = at
    this.decision = decision
  }
  async act(model: Model) {
    const ids = model.nodes.map(({ id }) => id)
    const held = await sql`
      select j.left_id, j.right_id, j.verdict, l.case_id as one, r.case_id as other
      from judgement j
      join referral_case l on l.referral_id = j.left_id
      join referral_case r on r.referral_id = j.right_id
      where j.ended_at is null and l.case_id <> r.case_id and j.left_id = any (${ids}::uuid[])
      order by j.probability desc nulls last, j.left_id, j.right_id`
    const questions = held.filter(({ verdict }) => verdict === 'possible')
    if (questions.length === 0) return
    const { one, other } = pick(questions, this.at)
    const between = held.filter(
      (row) => [one, other].includes(row.one) && [one, other].includes(row.other),
    )
    const { decision } = this
    await cases.decide(callers.casework, one, other, { decision })
    const pairs = between.map((row) => {
      return [model.byId(row.left_id), model.byId(row.right_id)] as const
    })
    if (decision === 'same') model.join(...pairs[0]!, 'person')
    else model.deny(pairs)
  }
}

class ClaimItems extends Act {
  readonly who: Who
  readonly max: number
  readonly escalated: boolean
  constructor(who: Who, max: number, escalated: boolean) {
    super()
    this.who = who
    this.max = max
    this.escalated = escalated
  }
  override check = () => true
  async act(model: Model) {
    const recipient = world.recipients[this.who].receiving.kid
    const request = { recipient, max: this.max, leaseSeconds: 3600, escalated: this.escalated }
    const { claims } = await triage.claim(callers[this.who], request)
    const expected = model.claim(this.who, this.max, this.escalated)
    same(
      claims.map(({ fence, dueAt, referrals }) => {
        return { fence, dueAt: Date.parse(dueAt), ids: referrals.map((it) => it.referralId).sort() }
      }),
      expected.map(({ item, fence, ids }) => {
        return { fence, dueAt: model.dueOf(item), ids: ids.toSorted() }
      }),
    )
    for (const [at, claim] of expected.entries()) claimIds.set(claim, claims[at]!.claimId)
  }
}
const claimIds = new Map<Claim, string>()

/** A write under any claim that was ever given out, current or long lost. */
abstract class Write extends Act {
  readonly at: number
  constructor(at: number) {
    super()
    this.at = at
  }
  override check = ({ claims }: Readonly<Model>) => claims.length > 0
  act(model: Model) {
    const claim = pick(model.claims, this.at)
    return this.write(model, claim, { claimId: claimIds.get(claim)!, fence: claim.fence })
  }
  abstract write(
    model: Model,
    claim: Claim,
    named: { claimId: string; fence: number },
  ): Promise<void>
}

class Renew extends Write {
  async write(model: Model, claim: Claim, named: { claimId: string; fence: number }) {
    const renewing = triage.renew(callers[claim.who], named, 3600)
    if (!model.isCurrent(claim)) return same(await codeOf(renewing), 'lease-lost')
    same((await renewing).changed, claim.item.changed)
    claim.item.lease!.ended = false
  }
}

class Release extends Write {
  async write(model: Model, claim: Claim, named: { claimId: string; fence: number }) {
    const released = await codeOf(triage.release(callers[claim.who], named))
    same(released, model.isCurrent(claim) ? 'done' : 'lease-lost')
    if (!model.isCurrent(claim)) return
    claim.item.fence += 1
    delete claim.item.lease
  }
}

class Complete extends Write {
  readonly mask: number
  constructor(at: number, mask: number) {
    super(at)
    this.mask = mask
  }
  async write(model: Model, claim: Claim, { claimId, fence }: { claimId: string; fence: number }) {
    const { item, who, ids } = claim
    const some = ids.filter((_, at) => (this.mask >> at) % 2 === 1)
    const referrals = some.length > 0 ? some : ids
    const completed = await codeOf(
      triage.complete(callers[who], claimId, { fence, outcome: 'accepted', referrals }),
    )
    if (item.done?.who === who && item.done.fence === fence) return same(completed, 'done')
    if (!model.isCurrent(claim)) return same(completed, 'lease-lost')
    const members = model.caseOf(item.referral)
    const answered = referrals.map((id) => model.byId(id))
    if (!answered.every((node) => members.includes(node))) return same(completed, 'case-changed')
    same(completed, 'done')
    model.complete(claim, answered)
  }
}

/** It would not open: to people with it. */
class Report extends Write {
  async write(model: Model, claim: Claim, { claimId, fence }: { claimId: string; fence: number }) {
    const { item, who } = claim
    if (!model.isCurrent(claim)) return
    const group = model.group(item)
    const { referral } = group[this.at % group.length]!
    const referrals = [referral.id]
    await triage.complete(callers[who], claimId, { fence, outcome: 'unopenable', referrals })
    model.report(claim, referral)
  }
}

/** The row is aged instead of the clock moved. */
class EndLease extends Write {
  async write(_: Model, { item }: Claim, { claimId }: { claimId: string }) {
    await sql`
      update triage_item set leased_until = now() - interval '1 ms'
      where id = ${claimId} and leased_until is not null and completed_at is null`
    if (item.lease && !item.done) item.lease.ended = true
  }
}

/** An outage of every consumer: all leases run out. */
class EndAll extends Act {
  async act(model: Model) {
    await sql`
      update triage_item set leased_until = now() - interval '1 ms'
      where leased_until is not null and completed_at is null`
    for (const { lease } of model.heads()) if (lease) lease.ended = true
  }
}

/** All cases, and all open items, as the tables have them and as the model does. */
async function compare(model: Model): Promise<void> {
  const ids = model.nodes.map(({ id }) => id)
  const grouped = await sql`
    select array_agg(referral_id order by referral_id) as ids from referral_case
    where referral_id = any (${ids}::uuid[]) group by case_id order by min(referral_id::text)`
  const expected = new Map<string, string[]>()
  for (const node of model.nodes) {
    const members = model
      .caseOf(node)
      .map(({ id }) => id)
      .sort()
    expected.set(members[0]!, members)
  }
  same(
    grouped.map((row) => row.ids),
    [...expected].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, members]) => members),
  )
  const items = await sql`
    select item.referral_id, head.referral_id as head, item.fence::int, item.lapses, item.leased_by,
           item.leased_until <= now() as ended, item.escalated_at is not null as escalated,
           item.escalated_before is not null as reason, item.changed, item.due_at,
           item.leased_until is not null as leased
    from triage_item item left join triage_item head on head.id = item.merged_into
    where item.referral_id = any (${ids}::uuid[]) and item.completed_at is null
    order by item.referral_id`
  const nameOf = (clientId: string) => workers.find((who) => world.clients[who] === clientId)
  same(
    items.map((row) => ({
      ...{ referral: row.referral_id, into: row.head ?? undefined, fence: row.fence },
      ...{ lapses: row.lapses, escalated: row.escalated, reason: row.reason },
      ...(row.leased && { lease: nameOf(row.leased_by), ended: row.ended }),
      ...(!row.head && { due: row.due_at.getTime() }),
    })),
    model.nodes
      .flatMap(({ item }) => item ?? [])
      .sort((a, b) => (a.referral.id < b.referral.id ? -1 : 1))
      .map((item) => ({
        ...{ referral: item.referral.id, into: item.into?.referral.id, fence: item.fence },
        ...{ lapses: item.lapses, escalated: item.escalated, reason: item.reason },
        ...(item.lease && { lease: item.lease.who, ended: item.lease.ended }),
        ...(!item.into && { due: model.dueOf(item) }),
      })),
  )
}

/** What another history left is nobody's work in this one, and nobody is like its people. */
async function begin(): Promise<void> {
  await sql`delete from pairing`
  await sql`
    update triage_item set completed_at = now(), completed_late = false, outcome = 'redirected'
    where completed_at is null`
  await sql`update referral set state = 'redirected' where state in ('received', 'in_triage')`
  const [first, second] = [stranger(), stranger()]
  people = [first, second, relativeOf(first)]
  referredBy.clear()
  claimIds.clear()
}

const at = fc.nat({ max: 60 })
const mask = fc.integer({ min: 1, max: 255 })
const someone = fc.constantFrom(0, 0, 0, 1, 1, 2, undefined)
const urgency = fc.constantFrom<Urgency>('immediate', 'urgent', 'soon', 'standard')
const who = fc.constantFrom(...workers)
const submit = fc
  .tuple(someone, urgency, fc.option(at, { nil: undefined, freq: 4 }))
  .map((given) => new Submit(...given))
const commands = [
  submit,
  submit,
  submit,
  fc.constant(new PairAll()),
  fc.constant(new PairAll()),
  fc.tuple(at, someone).map((given) => new Check(...given)),
  fc.tuple(at, at).map((given) => new Merge(...given)),
  fc.tuple(at, mask).map((given) => new Split(...given)),
  fc
    .tuple(at, fc.constantFrom('same', 'different', 'unsure'))
    .map((given) => new Decide(...(given as ConstructorParameters<typeof Decide>))),
  fc.tuple(who, fc.integer({ min: 1, max: 3 })).map(([by, max]) => new ClaimItems(by, max, false)),
  fc.tuple(who, fc.integer({ min: 1, max: 3 })).map(([by, max]) => new ClaimItems(by, max, false)),
  who.map((by) => new ClaimItems(by, 2, true)),
  at.map((n) => new Renew(n)),
  at.map((n) => new Release(n)),
  fc.tuple(at, mask).map((given) => new Complete(...given)),
  at.map((n) => new Report(n)),
  at.map((n) => new EndLease(n)),
  fc.constant(new EndAll()),
]

t.test('cases and the queue keep their promises under any history', async (t) => {
  const seed = seedOf(t)
  await fc.assert(
    fc.asyncProperty(fc.commands(commands, { maxCommands: 60, size: 'max' }), async (history) => {
      await begin()
      const model = new Model()
      await fc.asyncModelRun(() => ({ model, real: {} }), history)
      await requireConsistent(sql)
      await new PairAll().run(model)
      await requireConsistent(sql)
    }),
    { seed, numRuns: histories, endOnFailure: true },
  )
  await requireBalanced(sql)
})
