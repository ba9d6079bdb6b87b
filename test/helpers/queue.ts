/**
 * For many short histories of the queue, one after the other: each begins with nothing on it, and what they refer is
 * sealed once.
 */
import type postgres from 'postgres'
import type { Envelope } from '../../src/protocol/envelope/envelope.ts'
import { newId } from '../../src/protocol/uuid.ts'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { receiptKeysOfNobody, sealedByReceipt } from './receipt.ts'
import { sealed } from './referral.ts'
import { partnerOf, type Stage } from './stage.ts'
import { tablesOf } from './superuser.ts'

export async function queueOn(stage: Stage) {
  const { world, sql, intake } = stage
  const pool = new Map<string, Envelope[]>()
  const used = new Map<string, number>()
  const emptying = await emptyingOf(sql)

  return {
    /** Refers somebody whom nobody referred before in this history. */
    async refer(urgency: Urgency, isVerified: boolean): Promise<string> {
      const kind = `${urgency} ${isVerified}`
      const count = used.get(kind) ?? 0
      used.set(kind, count + 1)
      const envelopes = pool.get(kind) ?? []
      pool.set(kind, envelopes)
      envelopes[count] ??= isVerified
        ? sealed(world, { urgency })
        : sealedByReceipt(world, receiptKeysOfNobody(), { urgency })
      const envelope = envelopes[count]
      const { referralId } = envelope.header
      if (isVerified) {
        await intake.submit(partnerOf(world.referring.lawFirm), referralId, envelope)
      } else {
        const caller = { kind: 'anonymous', request: newId() } as const
        await intake.submitWithoutAccount(caller, referralId, envelope, undefined)
      }
      return referralId
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
