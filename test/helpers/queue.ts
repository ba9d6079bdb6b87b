/**
 * The queue without HTTP, for many short histories one after the other: `post` takes and gives what the routes
 * do, each history begins with nothing on the queue, and what they refer is sealed once.
 */
import type postgres from 'postgres'
import { Refusal } from '../../src/errors.ts'
import { problems } from '../../src/http/problems.ts'
import type { Envelope } from '../../src/protocol/envelope/envelope.ts'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { sealed } from './referral.ts'
import { partnerOf, type Stage, type Worker } from './stage.ts'
import { tablesOf } from './superuser.ts'

type Body = Record<string, unknown>
type Triage = Stage['triage']

/** What each path under `/v1/triage/claims` does, by its last word. */
const acts = ({ triage, callers }: Pick<Stage, 'triage' | 'callers'>) => ({
  claim: async (who: Worker, _: string, body: Body) =>
    triage.claim(callers[who], body as Parameters<Triage['claim']>[1]),
  renewal: (who: Worker, claimId: string, { fence, leaseSeconds }: Body) =>
    triage.renew(callers[who], { claimId, fence: fence as number }, leaseSeconds as number),
  release: (who: Worker, claimId: string, { fence }: Body) =>
    triage.release(callers[who], { claimId, fence: fence as number }),
  completion: (who: Worker, claimId: string, body: Body) =>
    triage.complete(callers[who], claimId, body as Parameters<Triage['complete']>[2]),
  parking: (who: Worker, claimId: string, body: Body) =>
    triage.park(callers[who], claimId, body as Parameters<Triage['park']>[2]),
})

export async function queueOn(stage: Stage) {
  const { world, sql, intake } = stage
  const verbs: Record<string, (who: Worker, claimId: string, body: Body) => Promise<unknown>> =
    acts(stage)
  const pool = new Map<Urgency, Envelope[]>()
  const used = new Map<Urgency, number>()
  const emptying = await emptyingOf(sql)

  return {
    /** `POST /v1/triage/claims…`, as its route answers. */
    async post(who: Worker, path: string, body: object) {
      const [, claimId = '', verb = 'claim'] = path.split('/')
      try {
        const answer = await verbs[verb]!(who, claimId, { ...body })
        // As JSON has it: without what is not there.
        if (answer === undefined) return { status: 204, body: {} }
        return { status: 200, body: JSON.parse(JSON.stringify(answer)) }
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        return { status: problems[error.code].status, body: { code: error.code } }
      }
    },

    /** Refers somebody whom nobody referred before in this history. */
    async refer(urgency: Urgency) {
      const count = used.get(urgency) ?? 0
      used.set(urgency, count + 1)
      const envelopes = pool.get(urgency) ?? []
      pool.set(urgency, envelopes)
      envelopes[count] ??= sealed(world, { urgency })
      const envelope = envelopes[count]
      const { referralId } = envelope.header
      const { acknowledgement } = await intake.submit(
        partnerOf(world.referring.lawFirm),
        referralId,
        envelope,
      )
      return { referralId, acknowledgement }
    },

    /** As if nobody had referred anybody, nor done anything. */
    async empty() {
      used.clear()
      await sql.unsafe(emptying)
    },
  }
}

/** Whole tables, so no key can hang in the air; asked of each row it takes longer than all else. */
async function emptyingOf(sql: postgres.Sql): Promise<string> {
  const found = await Promise.all(
    (await tablesOf(sql)).map(async (table) => {
      const rows = await sql`select from ${sql(table)} limit 1`
      return { table, isEmpty: rows.length === 0 }
    }),
  )
  const filled = found.filter(({ table, isEmpty }) => isEmpty || ofLog.includes(table))
  const deletes = filled.map(({ table }) => `delete from ${table};`)
  return `do $$ begin
    perform set_config('session_replication_role', 'replica', true); ${deletes.join(' ')}
    end $$`
}

/** What the ceremony did stands in it, and nobody in a history asks for it. */
const ofLog = ['audit_entry', 'audit_opening', 'audit_pending']
