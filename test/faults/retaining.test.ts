/**
 * Goal: whatever dies while retention erases, or a start erases what an older database brought back, leaves each referral whole
 * or erased, with one entry, and the next turn or start does the rest.
 * Method: both over a connection that is cut at each of its statements (cutting.ts); then another replica's turn.
 */
import t from 'tap'
import type { Step } from '../../src/database/lock.ts'
import { linesOf, sumOf } from '../../src/erasure/list.ts'
import { applyErasures, type ErasureList } from '../../src/erasure/restoring.ts'
import { createRetaining } from '../../src/erasure/retaining.ts'
import { type Referred, stage } from '../helpers/stage.ts'
import { type Scenario, tryCut } from './cutting.ts'

const staged = await stage(t)
const { sql, callers, triage, world, refer, pair } = staged
const recipient = world.recipients.casework.receiving.kid

await sql`
  insert into retention_rule (state, days, set_at, begins_at, epoch)
  select 'declined', 30, now() - interval '2 days', now() - interval '1 day',
         to_hex(hashtextextended(system_identifier || ' ' ||
           left(pg_walfile_name(pg_current_wal_lsn()), 8) || ' ' || 'referral'::regclass::oid, 0))
  from pg_control_system()`

/** Declined, and due. */
async function due(): Promise<Referred> {
  const referred = await refer()
  await pair()
  const { referralId: referral } = referred
  const asked = { recipient, max: 1, leaseSeconds: 600, referral }
  const { claims } = await triage.claim(callers.casework, asked)
  const { claimId, fence } = claims[0]!
  await triage.complete(callers.casework, claimId, {
    ...{ fence, outcome: 'declined', reason: 'no_capacity', referrals: [referral] },
  })
  await sql`update referral set shown_at = shown_at - interval '40 days' where id = ${referral}`
  return referred
}

async function turn(step: Step): Promise<void> {
  for (let more = true; more; ) more = await step.run()
}

/** The list of erasures, kept apart from the database. */
let text = ''
let sum: string | undefined
const list: ErasureList = {
  file: 'erasures',
  read: async () => text,
  async append(lines) {
    text += lines
  },
  readSum: async () => sum,
  async writeSum(now) {
    sum = now
  },
}
const days40 = new Date(Date.now() - 40 * 86_400_000).toISOString()

/** What the replica that was cut listed outside the database. */
const listed: string[] = []
let cut: Step
const scenarios: Scenario[] = [
  {
    name: 'retention erases one',
    prepare: async () => [await due()],
    act({ database, noted }) {
      cut = createRetaining(database, {
        sum: async () => {},
        add: async (erasures) => void listed.push(...erasures.map((one) => one.referralId)),
        onError: (error) => void noted.errors.push(error),
        onIdle: () => {},
      })
      return turn(cut)
    },
    repeated: false,
    async expect(t, [one]) {
      await turn(staged.retaining)
      const [row] = await sql`select state from referral where id = ${one!.referralId}`
      t.equal(row?.state, 'erased')
      const entries = await sql`
        select from audit_entry where object_id = ${one!.referralId} and action = 'referral.erased'`
      t.equal(entries.length, 1)
      // It was cut where it could not know what stands: asked again, it finds out.
      await turn(cut)
      const all = [...listed, ...staged.noted.listed.map((erased) => erased.referralId)]
      t.ok(all.includes(one!.referralId), 'and it is on the list outside the database')
    },
  },
  {
    name: 'a start erases two that an older database brought back',
    async prepare() {
      const both = [await refer(), await refer()]
      await pair()
      text += linesOf(both.map(({ referralId }) => ({ referralId, erasedAt: days40 })))
      return both
    },
    act: ({ database }) => applyErasures(database, list),
    // The next start does the rest.
    repeated: true,
    async expect(t, both) {
      for (const { referralId } of both) {
        const [row] = await sql`select state from referral where id = ${referralId}`
        t.equal(row?.state, 'erased')
        const entries = await sql`
          select from audit_entry where object_id = ${referralId} and action = 'referral.erased'`
        t.equal(entries.length, 1)
      }
      t.equal(sum, sumOf(text), 'and the list is as its sum says')
    },
  },
]

await tryCut(staged, scenarios)
