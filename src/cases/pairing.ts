/**
 * The step that finds out which referrals are about one person: after the answer, never inside it.
 *
 * One at a time for the whole database, first in, first out: so two referrals that come at once are
 * compared, whichever is looked at second. What to do is decided in plan.ts; here it is read what a
 * plan needs, and the plan is carried out, under the lock that keeps true what was read. Each referral
 * is paired in one transaction: a crash in it leaves the referral on the queue of work, in the case
 * that it was in, and on the list of those to be paired.
 */
import { append } from '../audit/service.ts'
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { Step } from '../database/lock.ts'
import { elect } from '../database/lock.ts'
import { candidatesOf, compare } from '../matching/service.ts'
import { newId } from '../protocol/uuid.ts'
import { detailsOf, endsOf, otherOf } from './judgement.ts'
import { casesLock, mergeCases } from './merge.ts'
import {
  type Act,
  type Held,
  planAmendment,
  planPairing,
  planWithdrawal,
  questionsToSettle,
  type Said,
} from './plan.ts'
import { splitUnconnected } from './split.ts'
import { insertFlag, insertFlagOnce } from './store/flags.ts'
import { endJudgements, insertJudgement, selectCurrent } from './store/judgements.ts'
import { caseIn, selectCasesOf, selectMembers } from './store/members.ts'
import { endPairing, postpone, queueAgain, selectWaiting, takeNext } from './store/waiting.ts'

/** Told what went wrong with one referral, and of a value that too many share. */
export type PairingNotes = {
  onError(error: unknown): void
  onCrowded(): void
}

/** The step; each replica has one. */
export function createPairing(database: Database, notes: PairingNotes): Step {
  return {
    name: 'pairing',
    async run() {
      let taken: string | undefined
      const caller: Caller = { kind: 'system', request: newId() }
      try {
        return await database.inTransaction(caller, async (tx) => {
          if (!(await elect(tx, casesLock))) return false
          const next = await takeNext(tx)
          if (!next) return false
          taken = next.referralId
          await pair(tx, next.referralId, next.supersedes, notes)
          await endPairing(tx, next.referralId)
          return true
        })
      } catch (error) {
        const failed = taken
        if (failed === undefined) throw error
        // All that the transaction did is undone. A crash before the next one commits leaves the
        // referral first in line, and it is tried again at once.
        notes.onError(error)
        await database.inTransaction(caller, (tx) => postpone(tx, failed))
        return true
      }
    },
  }
}

/**
 * So many of the likeliest are looked at, each with its whole case: whoever makes a referral like to
 * thousands must not keep the lock of all cases while they are read.
 */
const candidatesMax = 200

async function pair(tx: Tx, id: string, supersedes: string | null, notes: PairingNotes) {
  if (supersedes !== null) {
    const held = await selectHeld(tx, [id, supersedes])
    await carryOut(tx, id, planAmendment(id, supersedes, held))
  }
  // Before anything is merged by new keys, what only the old ones said is taken back.
  await withdraw(tx, id)
  const { candidates, crowded } = await candidatesOf(tx, id)
  if (crowded) {
    await insertFlag(tx, id, 'shared')
    notes.onCrowded()
  }
  // Of two that both wait, whichever is looked at second is compared with the other. If the first of
  // many were compared with all of them, it would be merged with one and ask about each of the others.
  const all = candidates.filter(({ verdict }) => verdict !== 'none')
  const likely = all.slice(0, candidatesMax)
  if (all.length > candidatesMax) await insertFlag(tx, id, 'unasked')
  const likelyIds = likely.map(({ referralId }) => referralId)
  const waiting = await selectWaiting(tx, likelyIds)
  const settled = likely.filter(({ referralId }) => !waiting.has(referralId))
  if (settled.length === 0) return
  const settledIds = settled.map(({ referralId }) => referralId)
  const held = await selectHeld(tx, [id, ...settledIds])
  const doubts = await selectDoubts(tx, questionsToSettle(id, settled, held))
  await carryOut(tx, id, planPairing(id, settled, held, doubts))
}

/** What is held of the cases of these referrals. The caller's lock keeps it true. */
async function selectHeld(tx: Tx, ids: readonly string[]): Promise<Held> {
  const cases = await selectCasesOf(tx, ids)
  const members = await selectMembers(tx, [...new Set(cases.values())])
  const memberIds = members.map(({ referralId }) => referralId)
  return { members, current: await selectCurrent(tx, memberIds) }
}

/**
 * Those of the questions that a person is asked because too little agrees. One that stands because
 * another referral is beyond doubt of both sides is not: the same once more is no answer to it.
 */
async function selectDoubts(tx: Tx, questions: readonly Said[]): Promise<Said[]> {
  const doubts: Said[] = []
  // At most as many rounds as there are referrals in the cases of matches; mostly none.
  for (const leftId of new Set(questions.map((question) => question.leftId))) {
    const asked = questions.filter((question) => question.leftId === leftId)
    const others = asked.map(({ rightId }) => rightId)
    const found = await compare(tx, leftId, others)
    doubts.push(...asked.filter(({ rightId }) => found.get(rightId)?.verdict === 'possible'))
  }
  return doubts
}

/** Carries out a plan, in its order; no longer than the list of candidates. */
async function carryOut(tx: Tx, id: string, acts: readonly Act[]): Promise<void> {
  for (const it of acts) {
    if (it.act === 'merge') await mergeCases(tx, [id, it.referralId], it.grounds)
    else if (it.act === 'ask') await ask(tx, id, it)
    else if (it.kind === 'long') await insertFlagOnce(tx, id, it.kind)
    else await insertFlag(tx, id, it.kind)
  }
}

async function ask(tx: Tx, id: string, { referralId, caseId, grounds }: Act & { act: 'ask' }) {
  const entryId = newId()
  const between = [id, referralId] as const
  await insertJudgement(tx, { ...grounds, between, verdict: 'possible', entryId })
  const object = { kind: 'case', id: caseId } as const
  const details = { referral: id, ...detailsOf(grounds) }
  await append(tx, { action: 'case.asked', object, details }, entryId)
}

/** Takes back what keys said of a referral and no longer say, and renews the grounds of the rest. */
async function withdraw(tx: Tx, id: string): Promise<void> {
  const said = (await selectCurrent(tx, [id])).filter(({ basis }) => basis === 'keys')
  if (said.length === 0) return
  const others = said.map((judgement) => otherOf(judgement, id))
  const { over, renewed } = planWithdrawal(id, said, await compare(tx, id, others))
  if (over.length + renewed.length === 0) return
  const entryId = newId()
  await endJudgements(tx, over)
  for (const judgement of renewed) {
    await insertJudgement(tx, { ...judgement, between: endsOf(judgement), entryId })
  }
  const caseId = caseIn(await selectCasesOf(tx, [id]), id)
  const object = { kind: 'case', id: caseId } as const
  const details = { basis: 'keys', withdrawn: over.length, renewed: renewed.length }
  await append(tx, { action: 'case.judged', object, details }, entryId)
  // The others may have had no question left to ask, and have one again.
  const freed = over.map((judgement) => otherOf(judgement, id))
  await queueAgain(tx, freed)
  if (over.some(({ verdict }) => verdict === 'same')) await splitUnconnected(tx, caseId)
}
