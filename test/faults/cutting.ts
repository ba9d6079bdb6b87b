/**
 * Acts on cases over a connection that is cut after the first statement, the second, and so on until
 * the act is through; after each cut the act again, and the loop, and a look at what became of it.
 */
import t, { type Test } from 'tap'
import { connect } from '../../src/database/connect.ts'
import { Refusal } from '../../src/errors.ts'
import { requireBalanced, requireConsistent } from '../helpers/books.ts'
import { openCutter } from '../helpers/cutter.ts'
import { matchingOf, stranger } from '../helpers/people.ts'
import { type Referred, type Services, type Stage, servicesOn } from '../helpers/stage.ts'

export type Scenario = {
  readonly name: string
  prepare(): Promise<Referred[]>
  act(services: Services, referred: readonly Referred[]): Promise<unknown>
  /** Whether the act is of a caller, who repeats it; the loop repeats its own. */
  readonly repeated: boolean
  expect(t: Test, referred: readonly Referred[]): Promise<void>
}

/** Tries each act, cut at each of its statements. */
export async function tryCut(staged: Stage, scenarios: readonly Scenario[]): Promise<void> {
  const { sql, pair, world } = staged
  const cutter = await openCutter(staged.databases.url)
  const cut = connect({ url: cutter.url, connectionsMax: 1, prepare: true })
  const mortal = servicesOn(cut, world.origin, staged.folder)
  t.teardown(async () => {
    await cut.close()
    cutter.close()
  })
  for (const { name, prepare, act, repeated, expect } of scenarios) {
    t.test(`cut between any two statements while ${name}: all of it or nothing`, async (t) => {
      await mortal.database.ping()
      let statements = 0
      let whole = 0
      for (let isThrough = false; !isThrough; ) {
        // What one try leaves on the queue is nobody's work in the next.
        await sql`
          update triage_item set escalated_at = now(), leased_until = null
          where completed_at is null`
        const referred = await prepare()
        statements += 1
        cutter.arm(statements)
        const failure = await act(mortal, referred).then(
          () => undefined,
          (error: unknown) => error,
        )
        isThrough = !cutter.disarm()
        whole = cutter.done()
        if (failure && (isThrough || failure instanceof Refusal)) throw failure
        await requireConsistent(sql)
        await sql`update pairing set not_before = null`
        if (repeated) await act(staged, referred)
        await pair()
        await expect(t, referred)
      }
      await requireBalanced(sql)
      t.equal(statements - 1, whole, `cut at each of ${whole} statements`)
      // BEGIN, who is calling, COMMIT, and something that could be left half done.
      t.ok(whole >= 6, 'and there was more than one to cut')
      t.same(staged.noted.errors, [])
    })
  }
}

/** What the acts begin with, and what is looked at after. */
export function eyesOn(staged: Stage) {
  const { sql, refer, pair } = staged

  async function caseOf({ referralId }: Referred): Promise<string> {
    const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
    return row?.case_id
  }

  /** What is on the queue of these referrals: one item a case, each with what it lists. */
  async function queueOf(...referred: readonly Referred[]) {
    const ids = referred.map(({ referralId }) => referralId)
    const items = await sql`
      select referral_ids as ids from triage_item
      where referral_ids && ${ids}::uuid[] and completed_at is null and merged_into is null`
    return items.map((item) => ids.flatMap((id, at) => (item.ids.includes(id) ? [at] : []))).sort()
  }

  /** Every judgement of these referrals that holds now, and how many were ever written. */
  async function judgementsOf(...referred: readonly Referred[]) {
    const ids = referred.map(({ referralId }) => referralId)
    const rows = await sql`
      select verdict, basis, ended_at is null as current from judgement
      where left_id = any (${ids}::uuid[]) and right_id = any (${ids}::uuid[])`
    return {
      current: rows.filter(({ current }) => current).map((row) => `${row.verdict} by ${row.basis}`),
      written: rows.length,
    }
  }

  async function isOneCase(t: Test, referred: readonly Referred[], basis: string) {
    t.same(await queueOf(...referred), [referred.map((_, at) => at)])
    t.same(await judgementsOf(...referred), { current: [`same by ${basis}`], written: 1 })
  }

  /** Claims the item of one referral. */
  async function claimOf({ referralId }: Referred) {
    const recipient = staged.world.recipients.casework.receiving.kid
    const request = { recipient, max: 50, leaseSeconds: 600 }
    const { claims } = await staged.triage.claim(staged.callers.casework, request)
    return claims.find(({ referrals }) => referrals.some((it) => it.referralId === referralId))
  }

  /** Two of one person, merged. */
  async function merged(): Promise<[Referred, Referred]> {
    const person = stranger()
    const both = [await refer(matchingOf(person)), await refer(matchingOf(person))] as const
    await pair()
    return [...both]
  }

  return { caseOf, queueOf, judgementsOf, isOneCase, claimOf, merged }
}
