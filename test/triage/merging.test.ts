/**
 * Goal: joining and splitting cases loses no work and no place on the queue, takes a lease from
 * nobody but the later of two holders, and tells that one which item goes on.
 * Method: a person joins and splits cases that are claimed, late, completed or with people; rows
 * are aged instead of the clock moved.
 */
import fc from 'fast-check'
import t from 'tap'
import type { Tx } from '../../src/database/connect.ts'
import { Refusal } from '../../src/errors.ts'
import { encodeBase64url } from '../../src/protocol/bytes.ts'
import { generateRecipientKey } from '../../src/protocol/keys.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { lockHeads } from '../../src/triage/store/heads.ts'
import { requireBalanced } from '../helpers/books.ts'
import { keysetReference, onHost, publishKeyset } from '../helpers/publish.ts'
import { seedOf } from '../helpers/seed.ts'
import { type Referred, type Submission, stage, type Worker } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, cases, triage, callers, world, pair } = staged
t.afterEach(async () => {
  await requireBalanced(sql)
  await pair()
  await requireBalanced(sql)
  // What one test leaves on the queue is nobody's work in the next.
  await sql`
    update triage_item set completed_at = now(), completed_late = false, outcome = 'redirected'
    where completed_at is null`
  await sql`update referral set state = 'redirected' where state in ('received', 'in_triage')`
})

async function caseOf({ referralId }: Referred): Promise<string> {
  const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
  return row?.case_id
}

/** Referrals one after the other, each a case of its own. */
async function referrals<Count extends number>(count: Count, changes: Submission = {}) {
  const referred: Referred[] = []
  while (referred.length < count) referred.push(await staged.refer(undefined, changes))
  return referred as Referred[] & { length: Count }
}

/** A person knows that they are about one. */
async function merge(one: Referred, ...others: readonly Referred[]): Promise<void> {
  for (const other of others) {
    await cases.merge(callers.clinic, await caseOf(one), { otherId: await caseOf(other) })
  }
}

async function split(...side: readonly Referred[]): Promise<void> {
  const listed = side.map(({ referralId }) => referralId)
  const decision = { referrals: listed, decision: 'different' } as const
  await cases.split(callers.clinic, await caseOf(side[0]!), decision)
}

/** The item that was opened for a referral, if it is not completed. */
async function itemOf({ referralId }: Referred) {
  const [row] = await sql`
    select * from triage_item where referral_id = ${referralId} and completed_at is null`
  return row
}

type Held = { claimId: string; fence: number; who: Worker; referralIds: string[] }

async function claim(who: Worker = 'casework', max = 1, escalated = false): Promise<Held[]> {
  const recipient = world.recipients[who].receiving.kid
  const request = { recipient, max, leaseSeconds: 600, escalated }
  const { claims } = await triage.claim(callers[who], request)
  return claims.map(({ claimId, fence, referrals: released }) => {
    return { claimId, fence, who, referralIds: released.map(({ referralId }) => referralId) }
  })
}

/** Claims one referral's item, whatever else is on the queue. */
async function claimed(referred: Referred, who: Worker = 'casework'): Promise<Held> {
  const others = (await claim(who, 50)).filter((held) => {
    return !held.referralIds.includes(referred.referralId)
  })
  for (const held of others) await release(held)
  const [row] = await sql`
    select id, fence::int as fence, referral_ids from triage_item
    where referral_id = ${referred.referralId} and completed_at is null`
  return { claimId: row?.id, fence: row?.fence, who, referralIds: row?.referral_ids }
}

const renew = ({ who, claimId, fence }: Held) => triage.renew(callers[who], { claimId, fence }, 600)
const release = ({ who, claimId, fence }: Held) => triage.release(callers[who], { claimId, fence })
const complete = ({ who, claimId, fence }: Held, ...answered: readonly Referred[]) =>
  triage.complete(callers[who], claimId, {
    ...{ fence, outcome: 'accepted' },
    referrals: answered.map(({ referralId }) => referralId),
  })
const report = ({ who, claimId, fence }: Held, ...listed: readonly Referred[]) =>
  triage.complete(callers[who], claimId, {
    ...{ fence, outcome: 'unopenable' },
    referrals: listed.map(({ referralId }) => referralId),
  })

const endLease = ({ claimId }: Held) =>
  sql`update triage_item set leased_until = now() - interval '1 ms' where id = ${claimId}`

async function states(...referred: readonly Referred[]) {
  const rows = await sql`
    select id, state from referral
    where id = any (${referred.map(({ referralId }) => referralId)}::uuid[])`
  return referred.map(({ referralId }) => rows.find(({ id }) => id === referralId)?.state)
}

/** Those of the referrals of which the log says that they left the service for this key. */
async function releasedTo(kid: string, ...referred: readonly Referred[]): Promise<string[]> {
  const rows = await sql`
    select object_id from audit_entry
    where action = 'referral.opened'
      and convert_from(leaf, 'UTF8')::jsonb ->> 'recipient' = ${kid}
      and object_id = any (${referred.map(({ referralId }) => referralId)})`
  return rows.map(({ object_id }) => object_id)
}

/** The refusal of a write under a claim that was lost, and the item that it names. */
async function lost(write: Promise<unknown>): Promise<string | undefined> {
  const refusal = await write.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(refusal instanceof Refusal) || refusal.code !== 'lease-lost') throw refusal
  return /as item (\S+)$/.exec(refusal.message)?.[1]
}

/** Waits until so many statements of the service wait for a lock; ten seconds, and no longer. */
async function blocked(count: number): Promise<void> {
  const until = Date.now() + 10_000
  for (let waiting = 0; waiting < count; ) {
    if (Date.now() > until) throw new Error(`${waiting} of ${count} wait for a lock`)
    const [row] = await sql`
      select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and usename = 'intake_service'
        and wait_event_type = 'Lock'`
    waiting = row?.waiting
  }
}

for (const [name, at] of [
  ['older', 0],
  ['younger', 1],
] as const) {
  t.test(
    `a lease on the ${name} of two cases stands, and its holder is told to look`,
    async (t) => {
      const pair = await referrals(2)
      const held = await claimed(pair[at]!)
      t.equal((await renew(held)).changed, false)
      await merge(pair[0]!, pair[1]!)
      t.equal((await renew(held)).changed, true)
      t.equal((await renew(held)).changed, true, 'until it is claimed again')
      t.same(await claim('clinic', 50), [], 'nobody else gets the other')
      const item = await itemOf(pair[at]!)
      t.match(item, { id: held.claimId, merged_into: null })
      t.equal(item?.referral_ids.length, 2)
      await complete(held, ...pair)
      t.same(await states(...pair), ['accepted', 'accepted'])
    },
  )
}

t.test('what joins is news also when somebody had claimed it before', async (t) => {
  const [one, other] = await referrals(2)
  await release(await claimed(other!, 'clinic'))
  const held = await claimed(one!)
  t.same(await states(one!, other!), ['in_triage', 'in_triage'])
  await merge(one!, other!)
  t.equal((await renew(held)).changed, true)
  await release(held)
  const [again] = await claim()
  t.same(again?.referralIds.toSorted(), [one!.referralId, other!.referralId].toSorted())
  t.equal((await renew(again!)).changed, false)
  await split(one!)
  t.match(await renew(again!), { changed: true }, 'and so is what leaves')
  await merge(one!, other!)
  const both = [one!.referralId, other!.referralId].toSorted()
  t.same((await renew(again!)).referralIds.toSorted(), both, 'a second time, too')
})

t.test(
  'of two leases the earlier claim stands, and the other learns which item goes on',
  async (t) => {
    for (const first of [0, 1] as const) {
      const pair = await referrals(2)
      const [early, late] = [await claimed(pair[first]!), await claimed(pair[1 - first]!, 'clinic')]
      await merge(pair[0]!, pair[1]!)
      t.equal(await lost(renew(late)), early.claimId)
      t.equal(await lost(release(late)), early.claimId)
      t.equal(await lost(complete(late, pair[1 - first]!)), early.claimId)
      t.equal(await lost(report(late, pair[1 - first]!)), early.claimId)
      t.equal((await renew(early)).changed, true)
      await complete(early, ...pair)
      t.same(await states(...pair), ['accepted', 'accepted'])
    }
  },
)

t.test('the reference of a lost item does not reach the one it was merged into', async (t) => {
  const [first, second] = await referrals(2)
  const fence = 9
  const early = { ...(await claimed(first!)), fence }
  const late = { ...(await claimed(second!)), fence }
  // One client holds both, and their fences are equal: as those of two first claims are.
  await sql`
    update triage_item set fence = ${fence} where id in (${early.claimId}, ${late.claimId})`
  const [row] = await sql`select reference from referral where id = ${second!.referralId}`
  const named = { ...late, claimId: row?.reference }
  t.ok(await renew(named), 'until then it names its own')
  await merge(first!, second!)
  t.equal(await lost(renew(named)), early.claimId)
  t.equal(await lost(complete(named, second!)), early.claimId)
  t.match(await complete(early, first!, second!), { outcome: 'accepted', requeued: [] })
  t.same(await states(first!, second!), ['accepted', 'accepted'])
})

t.test(
  'a referral that was merged again and again, and never claimed, names its claim',
  async (t) => {
    const [first, second, moved] = await referrals(3)
    await merge(first!, moved!)
    await split(moved!)
    await merge(second!, moved!)
    t.equal((await itemOf(moved!))?.merged_into, (await itemOf(second!))?.id)
    const [row] = await sql`select reference from referral where id = ${moved!.referralId}`
    const held = await claimed(second!)
    t.ok(await renew({ ...held, claimId: row?.reference }))
  },
)

t.test('the log says of a referral that it was answered once, when it was', async (t) => {
  const [one, other] = await referrals(2)
  await merge(one!, other!)
  await complete(await claimed(one!), one!)
  const again = await claimed(other!)
  await triage.complete(callers.casework, again.claimId, {
    ...{ fence: again.fence, outcome: 'declined', reason: 'no_capacity' },
    referrals: [one!.referralId, other!.referralId],
  })
  t.same(await states(one!, other!), ['accepted', 'declined'])
  const answered = await sql`
    select object_id, o.details ->> 'outcome' as outcome
    from audit_entry e join audit_opening o on o.entry_id = e.id
    where action = 'referral.answered' and object_id in (${one!.referralId}, ${other!.referralId})
    order by e.id`
  t.same(
    answered.map(({ object_id: id, outcome }) => [id, outcome]),
    [
      [one!.referralId, 'accepted'],
      [other!.referralId, 'declined'],
    ],
  )
})

t.test('the log says which referrals of an item were reported', async (t) => {
  const [one, other] = await referrals(2)
  await merge(one!, other!)
  const held = await claimed(one!)
  await report(held, other!)
  const [entry] = await sql`
    select o.details from audit_entry e join audit_opening o on o.entry_id = e.id
    where action = 'item.escalated' and object_id = ${held.claimId}`
  t.match(entry?.details, { outcome: 'unopenable', referrals: other!.referralId })
})

t.test('an item that was merged twice names the one that is open now', async (t) => {
  const [first, second, third] = await referrals(3)
  const early = await claimed(first!)
  const late = await claimed(third!, 'clinic')
  await merge(second!, third!)
  await merge(first!, second!)
  t.equal(await lost(complete(late, third!)), early.claimId)
})

t.test(
  'of two leases the later learns where its referral is, also when the item ended',
  async (t) => {
    const [first, second] = await referrals(2)
    const early = await claimed(first!)
    const late = await claimed(second!, 'clinic')
    await merge(first!, second!)
    await complete(early, first!)
    const [again] = await claim()
    t.equal(await lost(complete(late, second!)), again?.claimId, 'opened again, for its referral')
    t.not(again?.claimId, early.claimId)
    await complete(again!, second!)
    await t.rejects(renew(late), { code: 'lease-lost', message: /on its referral has ended$/ })
  },
)

t.test('a lease that ran out is no lease: the other stands', async (t) => {
  const [one, other] = await referrals(2)
  const over = await claimed(one!)
  await endLease(over)
  const held = await claimed(other!, 'clinic')
  await merge(one!, other!)
  t.equal((await itemOf(other!))?.merged_into, null)
  t.equal(await lost(complete(over, one!)), held.claimId)
  await complete(held, one!, other!)
})

t.test(
  'a late completion counts after a merge, if nobody has claimed the item since',
  async (t) => {
    const [older, younger] = await referrals(2)
    const held = await claimed(older!)
    await endLease(held)
    await merge(older!, younger!)
    const { late } = await complete(held, older!)
    t.equal(late, true)
    t.same(await states(older!, younger!), ['accepted', 'in_triage'])
    const [again] = await claim()
    t.ok(again?.referralIds.includes(younger!.referralId), 'and the other is open still')
  },
)

t.test('the late holder of an item that is now part of another has lost it', async (t) => {
  const [older, younger] = await referrals(2)
  const held = await claimed(younger!)
  await endLease(held)
  await merge(older!, younger!)
  t.equal(await lost(complete(held, younger!)), (await itemOf(older!))?.id)
  t.same(await states(older!, younger!), ['in_triage', 'in_triage'])
})

t.test('of one that waits and one that is with people, the joint item waits', async (t) => {
  for (const withPeople of [0, 1] as const) {
    const pair = await referrals(2)
    await report(await claimed(pair[withPeople]!), pair[withPeople]!)
    await merge(pair[0]!, pair[1]!)
    t.same(await claim('casework', 50, true), [])
    const [held] = await claim()
    t.equal(held?.referralIds.length, 2)
    await release(held!)
    await split(pair[1]!)
    t.same(
      (await claim('casework', 50, true)).map(({ referralIds }) => referralIds),
      [[pair[withPeople]!.referralId]],
      'taken apart, it is with people again',
    )
    t.same(
      (await claim()).map(({ referralIds }) => referralIds),
      [[pair[1 - withPeople]!.referralId]],
    )
  }
})

t.test(
  'an item that people hold keeps its lease, and hides nobody when it is given back',
  async (t) => {
    const [one, other] = await referrals(2)
    await report(await claimed(one!), one!)
    const [held] = await claim('casework', 50, true)
    await merge(one!, other!)
    t.equal((await renew(held!)).changed, true)
    await release(held!)
    t.same(await claim('casework', 50, true), [])
    const [again] = await claim()
    t.equal(again?.referralIds.length, 2)
    await release(again!)
    await split(other!)
    const [back] = await claim('casework', 50, true)
    t.same(back?.referralIds, [one!.referralId])
  },
)

t.test('two that are with people are with people together', async (t) => {
  const [one, other] = await referrals(2)
  for (const it of [one!, other!]) await report(await claimed(it), it)
  await merge(one!, other!)
  t.same(await claim('casework', 50), [])
  const [held] = await claim('casework', 50, true)
  t.equal(held?.referralIds.length, 2)
})

t.test('of three of which two come apart, the one that waits is not hidden', async (t) => {
  const [one, withPeople, waiting] = await referrals(3)
  await report(await claimed(withPeople!), withPeople!)
  await merge(one!, withPeople!, waiting!)
  await split(one!)
  t.same(await claim('casework', 50, true), [])
  t.equal((await claim('casework', 50)).flatMap(({ referralIds }) => referralIds).length, 3)
})

t.test('nor behind the one that stands for both and had gone to people', async (t) => {
  const [withPeople, waiting, leaving] = await referrals(3)
  await report(await claimed(withPeople!), withPeople!)
  const [held] = await claim('casework', 50, true)
  await merge(withPeople!, waiting!, leaving!)
  t.equal((await itemOf(waiting!))?.merged_into, held?.claimId)
  await release(held!)
  await split(leaving!)
  t.same(await claim('casework', 50, true), [])
  const waitingIds = (await claim('casework', 50)).map(({ referralIds }) => referralIds.toSorted())
  const together = [withPeople!.referralId, waiting!.referralId].toSorted()
  t.strictSame(waitingIds.toSorted(), [together, [leaving!.referralId]].toSorted())
})

for (const [name, failing] of [
  ['stands for the others', 0],
  ['was merged', 1],
] as const) {
  for (const leaves of [0, 1, 2] as const) {
    t.test(
      `after a split people have the referral that did not open, where it ${name} and ${leaves} leaves`,
      async (t) => {
        const all = await referrals(3)
        const due = (await itemOf(all[failing]!))?.own_due_at
        await merge(all[0]!, all[1]!, all[2]!)
        const held = await claimed(all[0]!)
        const first = await report(held, all[failing]!)
        t.same(await claim('casework', 50), [], 'the whole is with people')
        await split(all[leaves]!)
        t.strictSame(await report(held, all[failing]!), first, 'the report may be repeated')
        const sides = [[all[leaves]!], all.filter((it) => it !== all[leaves])]
        const idsOf = (side: readonly Referred[]) => side.map(({ referralId }) => referralId).sort()
        const [fault, others] = leaves === failing ? sides : sides.toReversed()
        const atPeople = await claim('casework', 50, true)
        t.same(
          atPeople.map(({ referralIds }) => referralIds.toSorted()),
          [idsOf(fault!)],
        )
        const waiting = await claim('casework', 50)
        t.same(
          waiting.map(({ referralIds }) => referralIds.toSorted()),
          [idsOf(others!)],
        )
        t.same((await itemOf(all[failing]!))?.own_due_at, due)
        for (const it of [...atPeople, ...waiting]) await release(it)
        t.same((await claim('casework', 50, true)).length, 1, 'given back, it is with people still')
      },
    )
  }
}

t.test(
  'where every referral that was reported is answered, the whole stays with people',
  async (t) => {
    const [one, other, third] = await referrals(3)
    await merge(one!, other!, third!)
    await complete(await claimed(one!), one!)
    const [held] = await claim()
    await report(held!, one!)
    await split(other!)
    t.same(await claim('casework', 50), [])
    t.same((await claim('casework', 50, true)).length, 2)
  },
)

t.test('an answer to others does not put what did not open back on the queue', async (t) => {
  const [one, other] = await referrals(2)
  await merge(one!, other!)
  await report(await claimed(one!), other!)
  const [held] = await claim('casework', 1, true)
  t.same((await complete(held!, one!)).requeued, [other!.referralId])
  t.same(await claim('casework', 50), [])
  const [again] = await claim('casework', 50, true)
  t.equal(again?.claimId, (await itemOf(other!))?.id)
})

t.test('after leases that ran out the escalation stays with the head', async (t) => {
  const [one, other] = await referrals(2)
  await merge(one!, other!)
  for (let lapses = 0; lapses < 5; lapses += 1) await endLease(await claimed(one!))
  t.same(await claim('casework', 50), [])
  await split(other!)
  t.same(
    (await claim('casework', 50, true)).map(({ referralIds }) => referralIds),
    [[one!.referralId]],
  )
  t.same(
    (await claim('casework', 50)).map(({ referralIds }) => referralIds),
    [[other!.referralId]],
  )
})

t.test('leases that ran out are counted across a merge and a split', async (t) => {
  const [older, younger] = await referrals(2)
  for (let lapses = 0; lapses < 5; lapses += 1) await endLease(await claimed(younger!))
  await merge(older!, younger!)
  await split(younger!)
  t.match(await itemOf(younger!), { lapses: 5, leased_until: null })
  const atPeople = await claim('casework', 50, true)
  t.same(
    atPeople.map(({ referralIds }) => referralIds),
    [[younger!.referralId]],
    'the fifth that ran out sends it to people, as it would have',
  )
})

t.test(
  'a completion that answers only some opens the others again, due as they were',
  async (t) => {
    const standard = await staged.refer()
    const urgent = await staged.refer(undefined, { urgency: 'urgent' })
    const soon = await staged.refer(undefined, { urgency: 'soon' })
    const due = new Map<Referred, Date>()
    for (const it of [standard, urgent, soon]) due.set(it, (await itemOf(it))?.due_at)
    await merge(standard, urgent, soon)
    const [held] = await claim()
    await complete(held!, urgent)
    t.same(await states(standard, urgent, soon), ['in_triage', 'accepted', 'in_triage'])
    t.same((await itemOf(soon))?.due_at, due.get(soon))
    t.equal((await itemOf(standard))?.merged_into, (await itemOf(soon))?.id, 'as one item')
    const [entry] = await sql`
    select o.details from audit_entry e join audit_opening o on o.entry_id = e.id
    where e.action = 'triage.completed' and e.object_id = ${held!.claimId}`
    t.match(entry?.details, { outcome: 'accepted', reopened: 2 })
    t.match(await complete(held!, urgent), { outcome: 'accepted' }, 'and can be repeated')
    const [next] = await claim()
    t.not(next?.claimId, held?.claimId)
    t.equal(next?.fence, 1)
    await complete(next!, soon)
    const [last] = await claim()
    t.same((await itemOf(standard))?.due_at, due.get(standard))
    await complete(last!, standard)
    t.same(await states(standard, urgent, soon), ['accepted', 'accepted', 'accepted'])
    t.same(await claim('casework', 50), [])
  },
)

t.test('where no open item decides, the case of the older referral goes on', async (t) => {
  for (const ended of [[0], [1], [0, 1]] as const) {
    const pair = await referrals(2)
    const older = await caseOf(pair[0]!)
    for (const at of ended) await complete(await claimed(pair[at]!), pair[at]!)
    await merge(pair[1]!, pair[0]!)
    t.same([await caseOf(pair[0]!), await caseOf(pair[1]!)], [older, older])
  }
})

t.test(
  'an answer to the referral of another item ends both, and opens the first again',
  async (t) => {
    const [older, younger] = await referrals(2)
    await merge(older!, younger!)
    const [held] = await claim()
    await complete(held!, younger!)
    t.same(await states(older!, younger!), ['in_triage', 'accepted'])
    const [again] = await claim()
    t.same((await itemOf(older!))?.id, again?.claimId)
  },
)

t.test('a split gives each side the deadline that it would have had', async (t) => {
  const standard = await staged.refer()
  const urgent = await staged.refer(undefined, { urgency: 'urgent' })
  const immediate = await staged.refer(undefined, { urgency: 'immediate' })
  const soon = await staged.refer(undefined, { urgency: 'soon' })
  const due = new Map<Referred, Date>()
  for (const it of [standard, urgent, immediate, soon]) due.set(it, (await itemOf(it))?.due_at)
  const head = async (it: Referred) => {
    const item = await itemOf(it)
    return item?.merged_into ?? item?.id
  }
  const dueOf = async (it: Referred) => {
    const [row] = await sql`select due_at from triage_item where id = ${await head(it)}`
    return row?.due_at
  }
  await merge(standard, urgent, immediate, soon)
  t.same(await dueOf(standard), due.get(immediate))
  await split(immediate, soon)
  t.same(await dueOf(standard), due.get(urgent))
  t.same(await dueOf(soon), due.get(immediate))
  t.equal(await head(standard), await head(urgent))
  t.equal(await head(immediate), await head(soon))
  await split(urgent)
  await split(soon)
  for (const [it, at] of due) t.same(await dueOf(it), at)
})

t.test(
  'a lease stays with the referral that it was claimed for, whichever side leaves',
  async (t) => {
    for (const leaves of [0, 1] as const) {
      const [one, other, third] = await referrals(3)
      const held = await claimed(one!)
      await merge(one!, other!, third!)
      const pair = [one!, other!] as const
      await split(pair[leaves])
      t.equal((await renew(held)).changed, true)
      t.equal((await itemOf(one!))?.id, held.claimId)
      const theirs = await claim('clinic', 50)
      t.ok(theirs.some(({ referralIds }) => referralIds.includes(other!.referralId)))
      t.notOk(theirs.some(({ referralIds }) => referralIds.includes(one!.referralId)))
      await complete(held, one!)
      const [state] = await states(one!)
      t.equal(state, 'accepted')
    }
  },
)

t.test('who was to answer what is another case now is told, and nothing is answered', async (t) => {
  const [one, other] = await referrals(2)
  await merge(one!, other!)
  const [held] = await claim()
  await split(other!)
  await t.rejects(complete(held!, one!, other!), { code: 'case-changed' })
  t.same(await states(one!, other!), ['in_triage', 'in_triage'])
  await complete(held!, one!)
  t.same(await states(one!, other!), ['accepted', 'in_triage'])
  t.same((await claim('clinic', 50)).length, 1)
})

t.test('what was completed stays completed when its case is split', async (t) => {
  const [one, other, third] = await referrals(3)
  await merge(one!, other!, third!)
  const [held] = await claim()
  await complete(held!, one!, other!)
  await split(other!)
  t.same(await states(one!, other!, third!), ['accepted', 'accepted', 'in_triage'])
  t.equal(await itemOf(other!), undefined)
  await split(third!)
  const rest = await claim('casework', 50)
  t.same(
    rest.map(({ referralIds }) => referralIds),
    [[third!.referralId]],
  )
})

t.test(
  'one answer carries no more cases than hold fifty referrals, and no case in part',
  async (t) => {
    const sizes = [30, 19, 5, 1]
    for (const size of sizes) {
      const [first, ...others] = await referrals(size)
      await merge(first!, ...others)
    }
    const counts = async () =>
      (await claim('casework', 50)).map(({ referralIds }) => referralIds.length)
    t.same(await counts(), [30, 19, 5])
    t.same(await counts(), [1], 'and the rest with the next claim')
  },
)

t.test('what was answered needs no key of whoever works on the rest', async (t) => {
  const [answered] = await referrals(1)
  await complete(await claimed(answered!), answered!)
  const [fresh] = await referrals(1)
  await merge(answered!, fresh!)
  // The clinic's key of before: its wrap is gone with it.
  await sql`alter table wrap disable trigger all`
  const kid = world.recipients.clinic.receiving.kid
  const [wrap] = await sql`
    delete from wrap where referral_id = ${answered!.referralId} and kid = ${kid} returning *`
  const [held] = await claim('clinic')
  t.same(held?.referralIds, [fresh!.referralId])
  t.same(await releasedTo(kid, answered!, fresh!), [fresh!.referralId], 'nor is said to have left')
  await sql`insert into wrap ${sql(wrap!)}`
})

t.test('a claim says which referrals of the case have their answer already', async (t) => {
  const [one, other, third] = await referrals(3)
  await merge(one!, other!, third!)
  const answers = async () => {
    const recipient = world.recipients.casework.receiving.kid
    const request = { recipient, max: 1, leaseSeconds: 600 }
    const [item] = (await triage.claim(callers.casework, request)).claims
    const known = new Map(item?.referrals.map(({ referralId, answered }) => [referralId, answered]))
    const listed = [one!, other!, third!].map(({ referralId }) => known.get(referralId))
    return { listed, held: { claimId: item!.claimId, fence: item!.fence, who: 'casework' } as Held }
  }
  const first = await answers()
  t.same(first.listed, [false, false, false])
  await complete(first.held, one!)
  const second = await answers()
  t.same(second.listed, [true, false, false], 'those on the queue again have none')
  await complete(second.held, third!)
  t.same((await answers()).listed, [true, false, true])
})

t.test('a merge waits for a completion, and finds what that opened again', async (t) => {
  const [one, other, third] = await referrals(3)
  await merge(one!, other!)
  const held = await claimed(one!)
  let letGo = () => {}
  const gate = new Promise<void>((open) => {
    letGo = open
  })
  let ended: Promise<unknown> = Promise.resolve()
  await new Promise<void>((holding) => {
    ended = sql.begin(async (tx) => {
      // The entry is what a completion writes last.
      await tx`lock table audit_entry in share mode`
      holding()
      await gate
    })
  })
  const completing = complete(held, one!)
  await blocked(1)
  const merging = merge(third!, one!)
  await blocked(2)
  letGo()
  await Promise.all([ended, completing, merging])
  t.same(await states(one!, other!), ['accepted', 'in_triage'])
  const item = await itemOf(other!)
  const [head] = await sql`select * from triage_item where id = ${item?.merged_into ?? item?.id}`
  t.equal(head?.referral_ids.length, 3)
  t.equal(head?.merged_into, null)
})

/** What each does in turn; drawn at random. */
const which = fc.nat({ max: 11 })
const regroupings = fc.array(
  fc.record({ joins: fc.constantFrom(true, true, true, false, false), one: which, other: which }),
  { minLength: 25, maxLength: 25 },
)
const completions = fc.array(fc.constantFrom(true, false, false), { minLength: 25, maxLength: 25 })
type Regroupings = typeof regroupings extends fc.Arbitrary<infer Value> ? Value : never

t.test('claims and completions while cases join and part leave nobody off the queue', async (t) => {
  const referred = await referrals(12)
  const unexpected: unknown[] = []
  const told = (...codes: readonly string[]) => {
    return (error: unknown) => {
      if (!(error instanceof Refusal) || !codes.includes(error.code)) unexpected.push(error)
    }
  }
  const joiner = async (steps: Regroupings) => {
    for (const { joins, one, other } of steps) {
      // One case that is whole cannot be parted, and somebody else may have done so meanwhile.
      if (joins) await merge(referred[one]!, referred[other]!).catch(told('case-changed'))
      else await split(referred[one]!).catch(told('malformed-request', 'case-changed'))
    }
  }
  const worker = async (who: Worker, steps: readonly boolean[]) => {
    for (const completes of steps) {
      for (const held of await claim(who, 3)) {
        const answered = referred.filter(({ referralId }) => held.referralIds[0] === referralId)
        // Whoever is told that its case is another one by now gives the item back.
        if (completes) {
          await complete(held, ...answered).catch(told('lease-lost', 'case-changed'))
        }
        await release(held).catch(told('lease-lost'))
      }
    }
  }
  const seed = seedOf(t)
  const drawn = fc.tuple(regroupings, regroupings, completions, completions)
  const [[first, second, casework, clinic] = [[], [], [], []]] = fc.sample(drawn, {
    ...{ seed, numRuns: 1 },
  })
  await Promise.all([
    ...[joiner(first), joiner(second)],
    ...[worker('casework', casework), worker('clinic', clinic)],
  ])
  t.same(unexpected, [])
  await requireBalanced(sql)
  const open = await sql`
    select id from referral
    where state in ('received', 'in_triage')
      and id = any (${referred.map(({ referralId }) => referralId)}::uuid[])`
  const left = new Set((await claim('casework', 50)).flatMap(({ referralIds }) => referralIds))
  for (const { id } of open) t.ok(left.has(id), 'claimable')
})

t.test('whoever locks the items of a case gives up where they never come to rest', async (t) => {
  // Each look finds another item: what no database does, and a bug would.
  const look = async () => [{ id: newId() }]
  const restless = { sql: Object.assign(look, { unsafe: look }) } as unknown as Tx
  await t.rejects(lockHeads(restless, [newId()]), { message: /changed 10 times/ })
})

t.test('referrals that no one key opens together are worked on one after the other', async (t) => {
  const renewed = [generateRecipientKey(), generateRecipientKey()] as const
  const [casework, clinic] = renewed
  const exchanged = (key: typeof casework) => {
    return { kid: key.kid, publicKey: encodeBase64url(key.publicKey) }
  }
  const keyset = await publishKeyset(staged, {
    ...world.keyset,
    recipients: world.keyset.recipients.map((recipient) => ({
      ...recipient,
      ...(recipient.label === 'Casework' && exchanged(casework)),
      ...(recipient.label === 'Clinic' && exchanged(clinic)),
    })),
  })
  const organisationId = world.referring.telephone.organisationId
  const newcomer = await onHost(staged, (host) =>
    host.addClient({
      ...{ organisationId, label: 'New casework app' },
      ...{ kind: 'internal', scopes: ['triage:work'], kids: [casework.kid] },
    }),
  )
  // Who may open everything, and takes nothing from the queue, is nobody's reason to wait.
  await onHost(staged, (host) =>
    host.addClient({
      ...{ organisationId, label: 'Recovery', kind: 'internal' },
      ...{ scopes: ['referrals:open'], kids: [world.recipients.recovery.receiving.kid] },
    }),
  )
  // Nor is who was disabled.
  await onHost(staged, async (host) => {
    const disabled = await host.addClient({
      ...{ organisationId, label: 'Recovery of before', kind: 'internal' },
      ...{ scopes: ['triage:work'], kids: [world.recipients.recovery.receiving.kid] },
    })
    await host.disableClient(disabled)
  })
  // Nor whose organisation was.
  await onHost(staged, async (host) => {
    const gone = await host.addOrganisation('Gone')
    await host.addClient({
      ...{ organisationId: gone, label: 'Its app', kind: 'internal' },
      ...{ scopes: ['triage:work'], kids: [world.recipients.recovery.receiving.kid] },
    })
    await host.disableOrganisation(gone)
  })
  const [before] = await referrals(1)
  const [after] = await referrals(1, { keyset: keysetReference(keyset) })
  await merge(before!, after!)
  const caller = { ...callers.casework, clientId: newcomer, kids: new Set([casework.kid]) }
  const claimNew = async () => {
    const request = { recipient: casework.kid, max: 50, leaseSeconds: 60 }
    return (await triage.claim(caller, request)).claims
  }
  const [first] = await claim()
  t.same(first?.referralIds, [before!.referralId], 'the old key opens the old one')
  t.same(await claimNew(), [], 'and while it is held nobody gets the other')
  const old = world.recipients.casework.receiving.kid
  t.same(await releasedTo(old, before!, after!), [before!.referralId], 'nor does the log say so')
  t.same(await states(before!, after!), ['in_triage', 'received'])
  const unread = { code: 'recipient-not-yours' }
  await t.rejects(complete(first!, before!, after!), unread, 'whoever cannot read it ends it not')
  await t.rejects(report(first!, after!), unread)
  const parking = {
    fence: first!.fence,
    reason: 'waiting_list',
    tellReferrersOf: [after!.referralId],
  }
  await t.rejects(
    triage.park(callers.casework, first!.claimId, parking as never),
    unread,
    'nor does its referrer hear of it',
  )
  const { claimId, fence } = first!
  const listed = [before!.referralId, after!.referralId]
  const completions = [{ claimId, fence, outcome: 'redirected' as const, referrals: listed }]
  t.match(await triage.completeSeveral(callers.casework, { completions }), {
    completions: [{ problem: unread }],
  })
  t.same(await states(before!, after!), ['in_triage', 'received'], 'nothing was answered')
  await complete(first!, before!)
  const [second, ...others] = await claimNew()
  t.same(others, [])
  t.same(
    second?.referrals.map(({ referralId, state }) => [referralId, state]),
    [[after!.referralId, 'in_triage']],
  )
  t.same(await releasedTo(casework.kid, before!, after!), [after!.referralId])
  t.same(await states(before!, after!), ['accepted', 'in_triage'])
  t.same(await claim('casework', 50), [])
})
