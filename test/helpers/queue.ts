/**
 * For many short histories of the queue, one after the other: each begins with nothing on it, and what they refer is
 * sealed once.
 */
import type postgres from 'postgres'
import { required } from '../../src/errors.ts'
import type { Envelope } from '../../src/protocol/envelope/envelope.ts'
import type { MessageEnvelope } from '../../src/protocol/messages/message.ts'
import { newId } from '../../src/protocol/uuid.ts'
import type { Urgency } from '../../src/referral/codes/clear.ts'
import { noteOn } from './note.ts'
import { receiptKeysOfNobody, sealedByReceipt } from './receipt.ts'
import { sealed } from './referral.ts'
import { partnerOf, type Stage } from './stage.ts'
import { tablesOf } from './superuser.ts'

export async function queueOn(stage: Stage) {
  const { world, sql, intake } = stage
  const pool = new Map<string, Envelope[]>()
  const used = new Map<string, number>()
  const emptying = await emptyingOf(sql)
  const referred = new Map<string, Parameters<typeof noteOn>[1]>()
  const notes = new Map<string, MessageEnvelope[]>()
  const kept = new Map<string, number>()

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
      const caller = { kind: 'anonymous', request: newId() } as const
      const { acknowledgement } = isVerified
        ? await intake.submit(partnerOf(world.referring.lawFirm), referralId, envelope)
        : await intake.submitWithoutAccount(caller, referralId, envelope, undefined)
      referred.set(referralId, { envelope, acknowledgement })
      return referralId
    },

    /** Does something with the next note about a referral. @param act - returns whether it was kept */
    async note(referralId: string, act: (note: MessageEnvelope) => Promise<boolean>) {
      const number = kept.get(referralId) ?? 0
      const chain = notes.get(referralId) ?? []
      notes.set(referralId, chain)
      chain[number] ??= noteOn(world, required(referred.get(referralId), 'it was'), chain.at(-1))
      if (await act(chain[number])) kept.set(referralId, number + 1)
    },

    /** As if nobody had referred anybody, nor done anything. */
    async empty() {
      used.clear()
      kept.clear()
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
