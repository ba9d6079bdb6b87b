/**
 * Which referrals are about one person. Every referral starts as a case of its own, so that no
 * answer to a referrer can depend on what is already known about the person; joining comes after,
 * by a step of the background work (pairing.ts) or a person, and is undone the same way.
 */
import type { Audit } from '../audit/service.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { Directory } from '../directory/service.ts'
import type { Matching } from '../matching/service.ts'
import { newId } from '../protocol/uuid.ts'
import type { Header } from '../referral/header.ts'
import type { Triage } from '../triage/service.ts'
import { createFinding } from './finding.ts'
import { createJudging } from './judging.ts'
import { createMerging } from './merging.ts'
import { createNoting } from './noting.ts'
import { insertFlag, queueAgain, queueNew } from './pairing-store.ts'
import { createReading } from './reading.ts'
import { createRegrouping } from './regrouping.ts'
import { createSplitting } from './splitting.ts'
import { insertCase } from './store.ts'

/** The feature, as other parts of the service use it. */
export type Cases = ReturnType<typeof createCases>

type Options = {
  database: Database
  audit: Audit
  directory: Directory
  matching: Matching
  triage: Triage
  origin: string
}

export function createCases({ database, audit, directory, matching, triage, origin }: Options) {
  const merging = createMerging({ audit, triage })
  const splitting = createSplitting({ audit, triage })
  const noting = createNoting({ database, audit, directory, origin })
  const judging = createJudging({ database, audit, merging, noting })
  const regrouping = createRegrouping({ database, audit, merging, splitting, noting })
  const reading = createReading({ database, audit, matching, triage })
  const finding = createFinding({ database, audit, directory, matching })

  /** Opens a case for one new referral, with its item on the queue, to be paired after the answer. */
  async function open(tx: Tx, header: Header): Promise<void> {
    const caseId = newId()
    await Promise.all([
      insertCase(tx, caseId, header.referralId),
      triage.enqueue(tx, caseId, header),
      queueNew(tx, header.referralId),
    ])
  }

  /** Has a referral paired once more: its match keys were checked, and may be other ones now. */
  async function reconsider(tx: Tx, referralId: string, replaced: boolean): Promise<void> {
    await queueAgain(tx, [referralId])
    if (replaced) await insertFlag(tx, referralId, 'replaced')
  }

  return {
    ...{ open, reconsider, notesAbout: noting.list },
    ...{ ...judging, ...regrouping, ...reading, ...finding },
  }
}
