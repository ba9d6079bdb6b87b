/**
 * Goal: nothing is left of what was erased, whatever was under way about it at that moment.
 * Method: the services without HTTP. The erasure waits at a row that the test holds, once it holds the referral and has
 * still to delete its parts; whoever writes about it meanwhile has found it standing.
 */
import t from 'tap'
import { goingTables } from '../../src/erasure/tables.ts'
import { canonicalBytes } from '../../src/protocol/canonical.ts'
import { headerHash } from '../../src/protocol/envelope/envelope.ts'
import { signUrgency } from '../../src/protocol/envelope/urgency.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { type Referred, stage } from '../helpers/stage.ts'

const staged = await stage(t)
const { sql, world, callers, refer, check, pair, reading, erasure } = staged

/** PostgreSQL's (Appendix A): the service answers `not-ready`. */
const serializationFailure = '40001'

/** How many of the service's statements wait for a lock. */
async function waiting(): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    select count(*)::int as count from pg_stat_activity
    where usename = 'intake_service' and wait_event_type = 'Lock'`
  return row.count
}

async function untilWaiting(count: number): Promise<void> {
  for (const end = Date.now() + 20_000; (await waiting()) < count; ) {
    if (Date.now() > end) throw new Error(`not ${count} wait`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Erases `referred` while `act` is under way about it. @returns what became of that */
async function during(referred: Referred, act: () => Promise<unknown>): Promise<unknown> {
  const { referralId } = referred
  const [erased, acted] = await sql.begin(async (tx) => {
    await tx`select from compartment where referral_id = ${referralId} for update`
    const erased = erasure.erase(callers.casework, referralId)
    await untilWaiting(1)
    const acted = act().then(
      () => 'done',
      (failure: unknown) => failure,
    )
    await untilWaiting(2)
    return [erased, acted].map((one) => ({ one }))
  })
  await erased!.one
  return acted!.one
}

async function leftOf(referralId: string): Promise<string[]> {
  const left: string[] = []
  for (const [table, columns] of Object.entries(goingTables)) {
    for (const column of columns) {
      const rows = await sql`select from ${sql(table)} where ${sql(column)} = ${referralId}`
      if (rows.length > 0) left.push(table)
    }
  }
  return left
}

const acts: Readonly<Record<string, (referred: Referred) => Promise<unknown>>> = {
  'a recipient corrects its match keys': (referred) => check(referred, matchingOf(stranger())),
  'a recipient states its urgency': async ({ referralId, envelope }) => {
    const statement = { rules: 1, urgency: 'soon' as const, at: new Date().toISOString() }
    const bound = headerHash(canonicalBytes(envelope.header))
    const signature = signUrgency(bound, statement, world.recipients.casework.signing)
    return reading.stateUrgency(callers.casework, referralId, { ...statement, signature })
  },
}

for (const [name, act] of Object.entries(acts)) {
  t.test(`nothing is left where it is erased while ${name}`, async (t) => {
    const referred = await refer(matchingOf(stranger()))
    await pair()
    const acted = await during(referred, () => act(referred))
    t.strictSame(await leftOf(referred.referralId), [])
    t.match(acted, { code: serializationFailure }, 'and whoever wrote may try again')
    await t.rejects(act(referred), { code: 'erased' }, 'and is told in words then')
  })
}

t.test('nothing amends what is erased meanwhile', async (t) => {
  const referred = await refer()
  await pair()
  const amend = () => refer(undefined, { supersedes: referred.referralId })
  t.match(await during(referred, amend), { code: serializationFailure })
  const rows = await sql`select from referral where supersedes = ${referred.referralId}`
  t.equal(rows.length, 0)
  await t.rejects(amend(), { code: 'erased' })
})
