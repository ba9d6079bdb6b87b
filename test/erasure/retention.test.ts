/**
 * Goal: what is erased when its time has come is what an operator has seen and confirmed, and nothing else; and when it goes
 * tells nobody of others.
 * Method: the services without their loop, on a database of its own. A referral ages by its row; the database's clock stands
 * as it is. Rules are set by the command, as a person does.
 */
import t from 'tap'
import { ownHash } from '../../src/client/sealing.ts'
import { connect } from '../../src/database/connect.ts'
import { createRetaining } from '../../src/erasure/retaining.ts'
import { newId } from '../../src/protocol/uuid.ts'
import { called, tooWide } from '../cli/run.ts'
import { requireBalanced } from '../helpers/books.ts'
import { onDay } from '../helpers/clock.ts'
import { messageOn } from '../helpers/message.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { cloneDatabase } from '../helpers/postgres.ts'
import { receiptKeysOfNobody, sealedByReceipt } from '../helpers/receipt.ts'
import { partnerOf, type Referred, servicesOn, stage } from '../helpers/stage.ts'
import { untilWaiting } from '../helpers/waiting.ts'

const staged = await stage(t)
const { sql, world, callers, refer, pair, triage, erasure, noted, databases } = staged
const { kid: recipient } = world.recipients.casework.receiving
const lawFirm = partnerOf(world.referring.lawFirm)

t.beforeEach(async () => {
  await sql`delete from retention_rule`
  await sql`update triage_item set escalated_at = now() where completed_at is null`
  noted.errors.length = 0
})
t.afterEach(async () => {
  await pair()
  await requireBalanced(sql)
})

const host = {
  ...{ DATABASE_OWNER_URL: databases.ownerUrl, DATABASE_URL: databases.url },
  ORIGIN: world.origin,
}
const retention = (words = '') =>
  called(t, ['admin', 'retention', ...words.split(' ').filter(Boolean)], host)

/** Shown, confirmed, and its first day over. */
async function ruled(state = 'declined', days = 365): Promise<void> {
  const shown = JSON.parse((await retention(`--state ${state} --days ${days} --json`)).out)
  const set = await retention(shown.next.replace('intake admin retention ', ''))
  if (set.code !== 0) throw new Error(set.err + set.out)
  await sql`update retention_rule set begins_at = begins_at - interval '24 hours'`
}

async function answer({ referralId }: Referred, outcome: 'declined' | 'redirected' | 'accepted') {
  await pair()
  const asked = { recipient, max: 1, leaseSeconds: 600, referral: referralId }
  const { claims } = await triage.claim(callers.casework, asked)
  const { claimId, fence } = claims[0]!
  await triage.complete(callers.casework, claimId, {
    ...{ fence, outcome, referrals: [referralId] },
    ...(outcome === 'declined' && { reason: 'no_capacity' as const }),
  })
}

/** Makes the state of a referral older. */
async function age({ referralId }: Pick<Referred, 'referralId'>, days: number): Promise<void> {
  await sql`
    update referral set shown_at = shown_at - ${days} * interval '24 hours' where id = ${referralId}`
}

async function answered(days = 400, outcome: 'declined' | 'redirected' | 'accepted' = 'declined') {
  const referred = await refer()
  await answer(referred, outcome)
  await age(referred, days)
  return referred
}

async function turn({ retaining } = staged): Promise<void> {
  for (let more = true; more; ) more = await retaining.run()
}

async function stateOf({ referralId }: Pick<Referred, 'referralId'>): Promise<string> {
  const [row] = await sql`select state from referral where id = ${referralId}`
  return row?.state
}

/** What the log says of erasing a referral. */
const erasedEntries = ({ referralId }: Referred) => sql`
  select o.details from audit_entry e join audit_opening o on o.entry_id = e.id
  where e.object_id = ${referralId} and e.action = 'referral.erased'`

t.test(
  'without a rule nothing is erased, and a rule is set by the word of its list alone',
  async (t) => {
    const [old, young] = [await answered(400), await answered(364)]
    const other = await answered(400, 'redirected')
    await turn()
    t.equal(await stateOf(old), 'declined')

    const before = await retention()
    t.match(before, { code: 0, out: /declined {4}no rule: nothing is erased by itself/ })
    const shown = await retention('--state declined --days 365')
    t.equal(shown.code, 3, shown.err)
    t.match(shown.out, new RegExp(`since \\d{4}-\\d{2}-\\d{2} +${old.referralId}`))
    t.notMatch(shown.out, young.referralId)
    t.match(shown.out, /declined: 1 to be erased, 0 kept/)
    const none = await retention('--state withdrawn --days 365')
    t.match(none, { code: 3, out: /withdrawn: 0 to be erased, 0 kept/ })
    const word = /--confirm ([0-9a-f]{12})$/.exec(shown.out.trimEnd())?.[1]
    const wrong = await retention('--state declined --days 365 --confirm 000000000000')
    t.match(wrong, { code: 3, out: /Not set: the list has changed since/ })
    const shorter = await retention(`--state declined --days 300 --confirm ${word}`)
    t.equal(shorter.code, 3, 'it is the word of that rule')
    const second = await answered(400)
    const changed = await retention(`--state declined --days 365 --confirm ${word}`)
    t.match(changed, { code: 3, out: second.referralId }, 'and of that list')
    t.equal((await sql`select from retention_rule`).length, 0)

    const now = /--confirm ([0-9a-f]{12})$/.exec(changed.out.trimEnd())?.[1]
    const set = await retention(`--state declined --days 365 --confirm ${now}`)
    t.match(set, { code: 0, out: /Set: declined after 365 days\./ }, set.err)
    const [rule] =
      await sql`select extract(epoch from begins_at - set_at)::int / 3600 as hours from retention_rule`
    t.equal(rule?.hours, 24)
    await turn()
    t.equal(await stateOf(old), 'declined', 'nothing goes in its first day')
    t.same(noted.errors, [], 'nor is it tried')
    t.match(await retention(), { out: /after 365 days, not before 20/ })
    await sql`update retention_rule set begins_at = begins_at - interval '24 hours'`
    t.match(await retention(), { out: /after 365 days, since 20/ })
    await turn()
    for (const gone of [old, second]) {
      t.equal(await stateOf(gone), 'erased')
      const [tombstone] = await sql`
      select rule, entry_id from erasure where referral_id = ${gone.referralId}`
      t.equal(tombstone?.rule, 'retention')
      const entries = await erasedEntries(gone)
      t.match(entries, [{ details: { rule: 'retention', days: 365, from: 'declined' } }])
      const left = await sql`select from compartment where referral_id = ${gone.referralId}`
      t.equal(left.length, 0)
      t.ok(noted.listed.some(({ referralId }) => referralId === gone.referralId))
    }
    t.same([await stateOf(young), await stateOf(other)], ['declined', 'redirected'])
    for (const { out } of [before, shown, wrong, set]) t.same(tooWide(out), [])
  },
)

t.test('what somebody has a right to, or waits for, is kept, and the list says why', async (t) => {
  const held = await answered()
  await erasure.placeHold(callers.casework, held.referralId, 'inquiry')
  const amended = await answered()
  const between = await refer(undefined, { supersedes: amended.referralId })
  await answer(between, 'redirected')
  const newest = await refer(undefined, { supersedes: between.referralId })
  const written = await answered()
  const { envelope } = written
  const about = { envelope, acknowledgement: { envelopeHash: ownHash(envelope) } }
  await staged.messages.send(lawFirm, written.referralId, messageOn(world, about as never), {})
  for (let more = true; more; ) more = await staged.settling.run()
  const keys = receiptKeysOfNobody()
  const asked = sealedByReceipt(world, keys)
  const { referralId } = asked.header
  const request = newId()
  const anybody = { kind: 'anonymous', request } as const
  await staged.intake.submitWithoutAccount(anybody, referralId, asked, undefined)
  const receipt = Buffer.from(keys.receipt, 'base64url')
  await answer({ referralId, envelope: asked }, 'declined')
  await age({ referralId }, 400)
  const bearer = { kind: 'bearer', request, receipt } as const
  await staged.intake.askToWithdraw(bearer, referralId, undefined)
  const free = await answered()

  await ruled()
  const { out } = await retention()
  t.match(out, /declined: 1 to be erased, 4 kept/)
  t.same(tooWide(out), [])
  const reasons: [{ referralId: string }, string][] = [
    [held, 'hold'],
    [amended, 'amendment'],
    [written, 'message'],
    [{ referralId }, 'withdrawal'],
  ]
  for (const [{ referralId }, reason] of reasons) t.match(out, `${referralId}  ${reason}`)
  await turn()
  t.equal(await stateOf(free), 'erased')
  for (const [kept, reason] of reasons) t.equal(await stateOf(kept), 'declined', reason)
  t.same(noted.errors, [])

  await erasure.liftHold(callers.casework, held.referralId)
  await answer(newest, 'declined')
  await staged.messages.read(callers.casework, written.referralId, { recipient })
  await sql`update withdrawal set kept_until = now() where referral_id = ${referralId}`
  await turn()
  t.equal(await stateOf(written), 'declined', 'it goes when its sender may know that it was read')
  await sql`update message_delivery set at = at - interval '24 hours'`
  await turn()
  for (const [gone, reason] of reasons) t.equal(await stateOf(gone), 'erased', reason)
})

t.test('when it goes does not depend on others about the same person', async (t) => {
  const person = stranger()
  const old = await refer(matchingOf(person))
  await answer(old, 'declined')
  await age(old, 400)
  const open = await refer(matchingOf(person), { by: world.referring.ngo })
  await pair()
  const cases = await sql`
    select distinct case_id from referral_case
    where referral_id in (${old.referralId}, ${open.referralId})`
  t.equal(cases.length, 1)
  await ruled()
  await turn()
  t.equal(await stateOf(old), 'erased')
  const items = await sql`
    select from triage_item where referral_id = ${open.referralId} and completed_at is null`
  t.equal(items.length, 1, 'and the other stays on the queue')
})

t.test(
  'one that is closed in the moment of its erasure stays, for another rule is about it',
  async (t) => {
    const old = await answered()
    await ruled()
    const turned = await sql.begin(async (tx) => {
      await tx`update referral set state = 'closed', decline_reason = null where id = ${old.referralId}`
      const turned = turn()
      await untilWaiting(sql, 1)
      return { turned }
    })
    await turned.turned
    t.equal(await stateOf(old), 'closed')
    t.same(noted.errors, [])
  },
)

t.test('one that is no longer due when its turn comes is passed over', async (t) => {
  const [first, second] = [await answered(401), await answered(400)]
  await ruled()
  const step = createRetaining(staged.database, {
    sum: async () => {},
    async add() {
      await sql`
        update referral set state = 'closed', decline_reason = null where id = ${second.referralId}`
    },
    ...{ onError: () => t.fail('nothing failed'), onIdle: () => {} },
  })
  for (let more = true; more; ) more = await step.run()
  t.same([await stateOf(first), await stateOf(second)], ['erased', 'closed'])
})

t.test('one that fails holds up no other, and is tried again', async (t) => {
  const [first, failing, last] = [await answered(402), await answered(401), await answered(400)]
  await ruled()
  await sql.unsafe(`
    create function fail() returns trigger language plpgsql as $$
      begin raise exception 'no' using errcode = 'data_exception'; end $$;
    create trigger fail before delete on compartment for each row
      when (old.referral_id = '${failing.referralId}') execute function fail()`)
  await turn()
  t.same(await Promise.all([first, failing, last].map(stateOf)), ['erased', 'declined', 'erased'])
  t.match(noted.errors, [{ code: '22000' }])
  await sql`drop function fail cascade`
  await turn()
  t.equal(await stateOf(failing), 'erased')
})

t.test('two replicas erase each once', async (t) => {
  const referred: Referred[] = []
  for (let count = 0; count < 12; count += 1) referred.push(await answered())
  await ruled()
  const database = connect({ url: databases.url, connectionsMax: 2, prepare: true })
  t.teardown(() => database.close())
  const other = servicesOn(database, world.origin)
  await Promise.all([turn(), turn(other as never)])
  await turn()
  for (const one of referred) {
    t.equal(await stateOf(one), 'erased')
    t.equal((await erasedEntries(one)).length, 1)
  }
  t.same([...noted.errors, ...other.noted.errors], [])
})

t.test('none is left where the database is away, or while another replica is at it', async (t) => {
  const [first, second] = [await answered(401), await answered(400)]
  await ruled()
  const kept: string[] = []
  const step = createRetaining(staged.database, {
    sum: async () => {},
    add: async (erasures) => void kept.push(...erasures.map(({ referralId }) => referralId)),
    ...{ onError: () => t.fail('nothing is wrong with what was to go'), onIdle: () => {} },
  })
  await sql.begin(async (other) => {
    await other`select pg_advisory_xact_lock(hashtext('referral-intake retention'))`
    t.equal(await step.run(), false)
    t.equal(await stateOf(first), 'declined', 'its turn comes later')
  })
  await sql.unsafe(`
    create function away() returns trigger language plpgsql as $$
      begin raise exception 'no' using errcode = 'out_of_memory'; end $$;
    create trigger away before delete on compartment for each row
      when (old.referral_id = '${first.referralId}') execute function away()`)
  await t.rejects(step.run(), { code: '53200' } as object as Error)
  await sql`drop function away cascade`
  for (let more = true; more; ) more = await step.run()
  t.same(kept, [second.referralId, first.referralId], 'it is asked about after the others')
  t.same([await stateOf(first), await stateOf(second)], ['erased', 'erased'])
})

t.test('a rule that was taken away erases nothing more', async (t) => {
  const old = await answered()
  await ruled()
  const off = await retention('--state declined --off')
  t.match(off, { code: 0, out: /declined: there is no rule any more/ })
  await turn()
  t.equal(await stateOf(old), 'declined')
  t.match(await retention('--state declined --off'), {
    code: 0,
    out: /declined: there is no rule,/,
  })
})

t.test('whoever takes a rule away, or sets another, waits for the erasure under way', async (t) => {
  const shown = JSON.parse((await retention('--state declined --days 9000 --json')).out)
  const longer = shown.next.replace('intake admin retention ', '')
  for (const words of ['--state declined --off', longer]) {
    const old = await answered()
    await ruled()
    const under = await sql.begin(async (tx) => {
      await tx`select from compartment where referral_id = ${old.referralId} for update`
      const turned = turn()
      await untilWaiting(sql, 1)
      const said = retention(words)
      for (const end = Date.now() + 20_000; ; ) {
        const waits = await sql`
          select from pg_locks where locktype = 'advisory' and not granted
            and database = (select oid from pg_database where datname = current_database())`
        if (waits.length > 0) break
        if (Date.now() > end) throw new Error('it does not wait')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      return { both: () => Promise.all([said, turned]) }
    })
    t.match(await under.both(), [{ code: 0 }, undefined])
    t.equal(await stateOf(old), 'erased')
  }
})

t.test('after a restore nothing goes until each rule is confirmed again', async (t) => {
  const old = await answered()
  await ruled()
  await sql`update retention_rule set epoch = 'another'`
  const { idle } = noted
  await turn()
  await turn()
  t.equal(noted.idle, idle + 1, 'told once')
  await onDay('2999-01-01', turn)
  t.equal(noted.idle, idle + 2, 'and again after an hour')
  t.equal(await stateOf(old), 'declined')
  const { out } = await retention()
  t.match(out, /ended by a restore or failover: confirm again/)
  t.same(tooWide(out), [])
  await ruled()
  await turn()
  t.equal(await stateOf(old), 'erased')
})

t.test(
  'nothing more is erased while the list outside the database cannot be written',
  async (t) => {
    const [first, second] = [await answered(401), await answered(400)]
    await ruled()
    let isFull = true
    const kept: string[] = []
    const sums: number[] = []
    const step = createRetaining(staged.database, {
      sum: async () => void sums.push(kept.length),
      async add(erasures) {
        if (isFull) throw new Error('the disk is full')
        kept.push(...erasures.map(({ referralId }) => referralId))
      },
      ...{ onError: () => t.fail('nothing of the database failed'), onIdle: () => {} },
    })
    await t.rejects(step.run(), /full/)
    await t.rejects(step.run(), /full/)
    t.same([await stateOf(first), await stateOf(second)], ['erased', 'declined'])
    isFull = false
    for (let more = true; more; ) more = await step.run()
    t.same(kept, [first.referralId, second.referralId])
    t.same(sums, [1, 2], 'its sum is made once for all that a turn erased')
  },
)

t.test('the database refuses what no rule of the owner says, whoever asks', async (t) => {
  const old = await answered()
  const insert = () =>
    sql.begin(async (tx) => {
      await tx`set local role intake_internal`
      await tx`
        insert into erasure
        values (${old.referralId}, date_trunc('milliseconds', now()), 'retention', ${newId()})`
      throw new Error('inserted')
    })
  await t.rejects(insert(), { code: '42501' })
  const set = sql.begin(async (tx) => {
    await tx`set local role intake_internal`
    await tx`insert into retention_rule values ('declined', 7, now(), now(), '')`
  })
  await t.rejects(set, { code: '42501' }, 'and only the owner sets one')
  await ruled()
  await t.rejects(insert(), /inserted/)
})

t.test('a call that is not clear is refused, and nothing is asked of a database', async (t) => {
  const calls = [
    '--state accepted --days 30',
    '--state declined',
    '--state declined --days 6',
    '--state declined --days 30 --off',
    '--days 30',
    '--confirm 000000000000',
    '--off',
  ]
  for (const words of calls) t.equal((await retention(words)).code, 2, words)
})

t.test('no rule is shown or set by the list of another database', async (t) => {
  const elsewhere = await cloneDatabase()
  t.teardown(elsewhere.drop)
  const between = { ...host, DATABASE_OWNER_URL: elsewhere.ownerUrl }
  const apart = (words: string) => called(t, words.split(' '), between)
  const asked = 'admin retention --state declined --days 365'
  const refused = { code: 1, err: /DATABASE_URL and DATABASE_OWNER_URL name two databases/ }
  t.match(await apart(asked), refused)
  const { out } = await retention('--state declined --days 365 --json')
  const [, word] = /--confirm ([0-9a-f]{12})/.exec(JSON.parse(out).next) ?? []
  t.match(await apart(`${asked} --confirm ${word}`), refused)
  t.match(await apart('admin verify-vault'), refused)
})
