/**
 * Goal: whoever holds several items finds them again, and ends them at once, each judged by itself.
 */
import t from 'tap'
import { createForgetting } from '../../src/background/forgetting.ts'
import { connect } from '../../src/database/connect.ts'
import { requireBalanced } from '../helpers/books.ts'
import { build } from '../helpers/build.ts'
import { callerOf, refer } from '../helpers/referral.ts'
import { asSuperuser } from '../helpers/superuser.ts'

const built = await build(t)
const { world, url } = built
const sql = asSuperuser(t, built.databases)
const calls = {
  casework: await callerOf(world, url, world.clients.casework),
  clinic: await callerOf(world, url, world.clients.clinic),
}
type Who = keyof typeof calls
t.afterEach(async () => {
  await requireBalanced(sql)
  // What one test leaves on the queue is nobody's work in the next.
  await sql`
    update triage_item set escalated_at = now(), leased_by = null, leased_until = null
    where completed_at is null`
})

type Held = {
  claimId: string
  fence: number
  caseId: string
  leasedUntil: string
  referrals: { referralId: string; compartments: object }[]
}

function claim(who: Who, changes: object = {}, headers: object = {}) {
  const recipient = world.recipients[who].receiving.kid
  const body = { recipient, max: 50, leaseSeconds: 60, ...changes }
  return calls[who]('POST', '/v1/triage/claims', body, headers)
}
async function claims(who: Who, changes: object = {}): Promise<Held[]> {
  return (await claim(who, changes)).body.claims
}

/** So many new referrals, all of them claimed. */
async function held(count: number, who: Who = 'casework'): Promise<Held[]> {
  for (let sent = 0; sent < count; sent += 1) await refer(built)
  return claims(who)
}

const accepting = ({ claimId, fence, referrals }: Held) => ({
  ...{ claimId, fence, outcome: 'accepted' },
  referrals: referrals.map(({ referralId }) => referralId),
})
const completeSeveral = async (who: Who, completions: object[]) => {
  const { status, body } = await calls[who]('POST', '/v1/triage/completions', { completions })
  t.equal(status, 200)
  return body.completions
}

/** Of one item, oldest first. */
const entriesOf = async ({ claimId }: Held, action: string) =>
  sql`select outcome, convert_from(leaf, 'UTF8')::jsonb ->> 'reason' as reason, details
      from audit_entry join audit_opening on entry_id = id
      where action = ${action} and object_id = ${claimId} order by at, id`

t.test('several claims end at once; a stale fence fails its own, and no other', async (t) => {
  const [first, stale, third, ...others] = (await held(6)) as [Held, Held, Held, ...Held[]]
  const [declined, spoilt, strange] = others as [Held, Held, Held]
  const asked = [
    accepting(first),
    { ...accepting(stale), fence: stale.fence + 1 },
    accepting(third),
    { ...accepting(declined), outcome: 'declined', reason: 'out_of_remit' },
    { ...accepting(spoilt), outcome: 'unopenable', step: 'wrap' },
    { ...accepting(strange), referrals: accepting(first).referrals },
    { ...accepting(strange), reason: 'out_of_remit' },
  ]
  const ended = await completeSeveral('casework', asked)
  const done = { completion: { outcome: 'accepted', late: false, requeued: [] } }
  t.match(ended, [
    { claimId: first.claimId, ...done },
    { claimId: stale.claimId, problem: { code: 'lease-lost' } },
    { claimId: third.claimId, ...done },
    { claimId: declined.claimId, completion: { outcome: 'declined' } },
    { claimId: spoilt.claimId, completion: { outcome: 'unopenable' } },
    { claimId: strange.claimId, problem: { code: 'malformed-request' } },
    { claimId: strange.claimId, problem: { code: 'malformed-request' } },
  ])
  for (const one of [first, third, declined]) {
    t.match(await entriesOf(one, 'triage.completed'), [{ outcome: 'permitted' }])
  }
  t.match(await entriesOf(spoilt, 'item.escalated'), [{ details: { step: 'wrap' } }])
  t.match(await entriesOf(stale, 'triage.completed'), [
    { outcome: 'refused', reason: 'lease-lost' },
  ])
  t.equal((await entriesOf(strange, 'triage.completed')).length, 2)
  const states = await sql`select id, state, decline_reason as reason from referral`
  const stateOf = ({ referrals: [referral] }: Held) =>
    states.find(({ id }) => id === referral?.referralId)
  t.match(stateOf(first), { state: 'accepted', reason: null })
  t.match(stateOf(declined), { state: 'declined', reason: 'out_of_remit' })
  for (const one of [stale, spoilt, strange]) t.match(stateOf(one), { state: 'in_triage' })

  const again = await completeSeveral('casework', asked.slice(0, 5))
  t.strictSame(again, ended.slice(0, 5), 'a repetition gets the same answers')
  t.match(await entriesOf(first, 'triage.completed'), [{}, { details: { repeated: true } }])
  const [still] = await completeSeveral('casework', [accepting(stale)])
  t.match(still, done, 'what was refused is held as before')
})

t.test('a claim that is named twice ends once, and nobody ends another’s', async (t) => {
  const [one, other] = (await held(2)) as [Held, Held]
  const theirs = await completeSeveral('clinic', [accepting(one), accepting(other)])
  t.match(theirs, [{ problem: { code: 'lease-lost' } }, { problem: { code: 'lease-lost' } }])
  const declining = { ...accepting(one), outcome: 'declined', reason: 'out_of_remit' }
  const ended = await completeSeveral('casework', [accepting(one), accepting(one), declining])
  t.match(ended, [{ completion: {} }, { completion: {} }, { problem: { code: 'lease-lost' } }])
  t.strictSame(ended[0].completion, ended[1].completion)
  const [row] = await sql`
    select r.reference from referral r where id = ${accepting(other).referrals[0]!}`
  const byReference = { ...accepting(other), claimId: row?.reference, referrals: [row?.reference] }
  const nobody = { ...byReference, claimId: '00000000' }
  t.match(await completeSeveral('casework', [nobody, byReference]), [
    { claimId: '00000000', problem: { code: 'lease-lost' } },
    { claimId: row?.reference, completion: { outcome: 'accepted' } },
  ])
})

t.test('two requests for the same claims in opposite orders both get an answer', async (t) => {
  for (const ending of [{ outcome: 'accepted' }, { outcome: 'unopenable', step: 'wrap' }]) {
    const list = (await held(8)).map((one) => ({ ...accepting(one), ...ending }))
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, turn) =>
        completeSeveral('casework', turn % 2 ? list : [...list].reverse()),
      ),
    )
    const { outcome } = ending
    for (const { completion } of answers.flat()) t.match(completion, { outcome })
  }
})

/** Several requests at once, every other one of them the second list. */
const inTurns = (list: object[], others: object[]) =>
  Promise.all(
    Array.from({ length: 8 }, (_, turn) => completeSeveral('casework', turn % 2 ? others : list)),
  )

t.test('who names claims by reference undoes nobody who names them by id', async (t) => {
  const list = await held(12)
  const rows = await sql`select id, reference from referral`
  const byReference = list.map((one) => {
    const row = rows.find(({ id }) => id === one.referrals[0]?.referralId)
    return { ...accepting(one), claimId: row?.reference }
  })
  const answers = await inTurns(list.map(accepting), byReference)
  for (const { completion } of answers.flat()) t.match(completion, { outcome: 'accepted' })
})

t.test('who reports some claims of a list undoes nobody who reports the others', async (t) => {
  const list = await held(12)
  const reporting = (isReported: (at: number) => boolean) =>
    list.map((one, at) => {
      return { ...accepting(one), ...(isReported(at) && { outcome: 'unopenable', step: 'wrap' }) }
    })
  const answers = await inTurns(
    reporting((at) => at < 6),
    reporting((at) => at >= 6),
  )
  for (const at of list.keys()) {
    const outcomes = answers.flatMap((all) => all[at].completion?.outcome ?? [])
    t.ok(outcomes.length > 0)
    t.equal(new Set(outcomes).size, 1, 'the first to come decides')
  }
})

t.test('a list that is no list of completions is refused whole', async (t) => {
  const [one] = (await held(1)) as [Held]
  const rows: object[] = [
    { completions: [] },
    { completions: Array.from({ length: 51 }, () => accepting(one)) },
    { completions: [accepting(one), { ...accepting(one), note: 'x' }] },
    { completions: [accepting(one), { ...accepting(one), fence: undefined }] },
  ]
  for (const body of rows) {
    const { status } = await calls.casework('POST', '/v1/triage/completions', body)
    t.equal(status, 400)
  }
  t.match(await completeSeveral('casework', [accepting(one)]), [{ completion: {} }])
})

t.test(
  'a client lists what it holds now, each with its fence, and nothing of others',
  async (t) => {
    const own = async (who: Who, query = '') =>
      (await calls[who]('GET', `/v1/triage/claims${query}`)).body
    t.same(await own('casework'), { items: [] })
    const [first, second, third] = (await held(3)) as [Held, Held, Held]
    t.match(await own('clinic'), { items: [] })
    const listed = ({ claimId, fence, caseId, leasedUntil, referrals }: Held) => ({
      ...{ itemId: claimId, fence, caseId, leasedUntil, state: 'leased' },
      referralIds: referrals.map(({ referralId }) => referralId),
    })
    t.match(await own('casework'), { items: [first, second, third].map(listed) })
    const page = await own('casework', '?limit=2')
    t.match(page, { items: [first, second].map(listed) })
    t.match(await own('casework', `?cursor=${page.next}`), { items: [listed(third)] })

    await calls.casework('POST', `/v1/triage/claims/${first.claimId}/release`, {
      fence: first.fence,
    })
    await sql`update triage_item set leased_until = now() where id = ${second.claimId}`
    const { items } = await own('casework')
    t.match(items, [listed(third)], 'what was given back, or has run out, is not held')
    const [row] = await sql`select reference from referral where id = ${items[0].referralIds[0]}`
    t.same(items[0].references, [row?.reference])
    const list = async (state: string) =>
      (await calls.clinic('GET', `/v1/triage/items?state=${state}`)).body.items
    t.match(await list('leased'), [{ itemId: third.claimId, leasedUntil: third.leasedUntil }])
    t.notOk('fence' in (await list('leased'))[0], 'nobody else is told a fence')
    t.notOk((await list('waiting')).some((item: object) => 'leasedUntil' in item))
    t.match(await completeSeveral('casework', [{ ...accepting(third), fence: items[0].fence }]), [
      { completion: { outcome: 'accepted' } },
    ])
  },
)

const keyed = (key: string, changes: object = {}, who: Who = 'casework') =>
  claim(who, changes, { 'idempotency-key': key })
const leases = () => sql`select id, fence, lapses, leased_until from triage_item order by id`

t.test('the same claim under the same key gets the same items, and leases nothing', async (t) => {
  for (let sent = 0; sent < 3; sent += 1) await refer(built)
  const first = (await keyed('one', { max: 2 })).body
  t.equal(first.claims.length, 2)
  const before = await leases()
  const opened = ({ referrals: [referral] }: Held) =>
    sql`select from audit_entry where action = 'referral.opened' and object_id = ${referral!.referralId}`
  t.equal((await opened(first.claims[0])).length, 1)
  t.strictSame((await keyed('one', { max: 2 })).body, first, 'with what is sealed in them')
  t.strictSame(await leases(), before)
  t.equal((await opened(first.claims[0])).length, 2, 'each handing out has its entry')
  t.match(await entriesOf(first.claims[0], 'triage.claimed'), [
    { details: null },
    { details: { repeated: true } },
  ])
  t.match(await keyed('one', { max: 3 }), { status: 422, body: { code: 'idempotency-key-reused' } })
  t.strictSame(await leases(), before)

  const [done, kept] = first.claims
  await completeSeveral('casework', [accepting(done)])
  t.strictSame((await keyed('one', { max: 2 })).body, { claims: [kept] }, 'as far as it holds them')
  await sql`update triage_item set leased_until = now() where id = ${kept.claimId}`
  t.same((await keyed('one', { max: 2 })).body, { claims: [] }, 'and no lapsed one a second time')
  t.match(await claims('clinic'), [{ claimId: kept.claimId, fence: kept.fence + 1 }, {}])
  t.same((await keyed('one', { max: 2 })).body, { claims: [] }, 'nor one that another holds')
})

t.test('a key is its client’s own, and forgotten once its leases have ended', async (t) => {
  await held(2, 'clinic')
  t.same((await keyed('two')).body, { claims: [] })
  await refer(built)
  const [mine] = (await keyed('two')).body.claims
  t.ok(mine, 'a claim that got nothing is nothing to repeat')
  await refer(built)
  const theirs = (await keyed('two', {}, 'clinic')).body.claims
  t.equal(theirs.length, 1)
  t.not(theirs[0].claimId, mine.claimId)
  t.equal((await keyed('two', { max: 1 })).status, 422)
  await sql`update claim_key set expires_at = now()`
  t.same((await keyed('two', { max: 1 })).body, { claims: [] }, 'by then it is any key')
  const database = connect({ url: built.databases.url, connectionsMax: 1, prepare: true })
  t.teardown(() => database.close())
  await refer(built)
  await keyed('three')
  const forgetting = createForgetting(database)
  const keys = () => sql`select expires_at > now() as counts from claim_key`
  // The service's own step may be at it, and then this one does nothing.
  for (let tries = 0; tries < 50 && (await keys()).length > 1; tries += 1) await forgetting.run()
  t.match(await keys(), [{ counts: true }])
})

t.test('two claims at once under one key get the same items', async (t) => {
  for (let sent = 0; sent < 4; sent += 1) await refer(built)
  const answers = await Promise.all(Array.from({ length: 4 }, () => keyed('at-once', { max: 2 })))
  for (const { body } of answers) t.strictSame(body, answers[0]!.body)
  const [{ held: count } = {}] = await sql`
    select count(*)::int as held from triage_item
    where leased_until > now() and completed_at is null`
  t.equal(count, 2)
})

t.test('a key that is none is refused', async (t) => {
  for (const key of ['', 'a b', 'k'.repeat(129), 'é']) {
    const { status } = await keyed(key)
    t.equal(status, 400, key)
  }
})

t.test('of what a key opens only the compartments that are named leave, or none', async (t) => {
  const choose = async (who: Who, compartments: unknown) => {
    const { referralId } = await refer(built)
    const { status, body } = await claim(who, { compartments })
    t.equal(status, 200)
    const [{ referrals }] = body.claims
    const [entry] = await sql`
      select details from audit_entry join audit_opening on entry_id = id
      where action = 'referral.opened' and object_id = ${referralId}`
    await sql`update triage_item set escalated_at = now() where referral_id = ${referralId}`
    return { names: Object.keys(referrals[0].compartments), said: entry?.details.compartments }
  }
  t.same(await choose('casework', ['identity']), { names: ['identity'], said: 'identity' })
  t.same(await choose('casework', []), { names: [], said: 'none' })
  const narrative = { names: ['narrative'], said: 'narrative' }
  t.same(await choose('clinic', ['identity', 'narrative']), narrative, 'and no other than its own')
  const all = await choose('casework', undefined)
  t.equal(all.names.length, 10)
  t.equal(all.said, undefined)
  for (const compartments of [['secrets'], ['identity', 'identity'], 'identity']) {
    t.equal((await claim('casework', { compartments })).status, 400)
  }
})
