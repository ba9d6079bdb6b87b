/**
 * Which referrals are about one person. Every referral starts as a case of its own, so that no
 * answer to a referrer can depend on what is already known about the person.
 */
import type { Tx } from '../database/connect.ts'
import { newId } from '../protocol/uuid.ts'
import type { Header } from '../referral/header.ts'
import type { Triage } from '../triage/service.ts'
import { insertCase } from './store.ts'

export type Cases = ReturnType<typeof createCases>

export function createCases({ triage }: { triage: Triage }) {
  /** Opens a case for one new referral, with its item on the queue. */
  async function open(tx: Tx, header: Header): Promise<void> {
    const caseId = newId()
    await Promise.all([
      insertCase(tx, caseId, header.referralId),
      triage.enqueue(tx, caseId, header),
    ])
  }

  return { open }
}
