/**
 * The step that finds out which referrals are about one person: after the answer, never inside it.
 *
 * One at a time for the whole database, first in, first out: so two referrals that come at once are
 * compared, whichever is looked at second. What to do is decided in plan.ts; here it is read what a
 * plan needs, and the plan is carried out, under the lock that keeps true what was read. Each referral
 * is paired in one transaction: a crash in it leaves the referral on the queue of work, in the case
 * that it was in, and on the list of those to be paired.
 *
 * Only strangers are paired several in one transaction, because nothing is to be done about them: they
 * resemble nobody, not even each other, so that it makes no difference in which order they are looked at.
 */
import type { Fact } from '../audit/entry.ts'
import { append, appendAll } from '../audit/service.ts'
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { Step } from '../database/lock.ts'
import { casesLock, elect } from '../database/lock.ts'
import { candidatesOf, candidatesOfEach, compare } from '../matching/service.ts'
import { newId } from '../protocol/uuid.ts'
import { detailsOf, endsOf, type FlagKind, otherOf } from './judgement.ts'
import { mergeCases } from './merge.ts'
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
import {
  endPairing,
  pairOthers,
  postpone,
  selectWaiting,
  takeNext,
  type Waiting,
} from './store/waiting.ts'

/** Told what went wrong with one referral, and of a value that too many share. */
export type PairingListener = {
  onError(error: unknown): void
  onCrowded(): void
}

/** So many are looked at together, to find the strangers among them. */
export const batchMax = 20

/** The step; each replica has one. */
export function createPairing(database: Database, listener: PairingListener): Step {
  // So many are next in line that are known to be no strangers, or of which one makes a batch fail.
  let alone = 0
  return {
    name: 'pairing',
    async run() {
      const caller: Caller = { kind: 'system', request: newId() }
      const count = alone > 0 ? 1 : batchMax
      alone = Math.max(alone - 1, 0)
      let taken: readonly Waiting[] = []
      try {
        await database.inTransaction(caller, async (tx) => {
          if (!(await elect(tx, casesLock))) return
          taken = await takeNext(tx, count)
          // Whatever comes of it, so that nobody can tell what did.
          if (taken.length > 0) tx.announce()
          const [first] = taken
          if (taken.length > 1) alone = taken.length - (await pairStrangers(tx, taken))
          else if (first) await pair(tx, first.referralId, first.supersedes, listener)
        })
        // Where fewer waited than were asked for, those to come are left to gather until the next turn.
        return taken.length > 0 && (alone > 0 || taken.length === count)
      } catch (error) {
        const [first] = taken
        if (!first) throw error
        // All that the transaction did is undone. A crash before the next one commits leaves the
        // referral first in line, and it is tried again at once.
        listener.onError(error)
        if (taken.length > 1) alone = taken.length
        else await database.inTransaction(caller, (tx) => postpone(tx, first.referralId))
        return true
      }
    },
  }
}

/**
 * Pairs those of a batch that resemble nobody, with an entry each.
 *
 * @returns how many they were
 */
async function pairStrangers(tx: Tx, waiting: readonly Waiting[]): Promise<number> {
  const ids = waiting.flatMap((it) => (it.supersedes === null ? [it.referralId] : []))
  const [said, found] = await Promise.all([selectCurrent(tx, ids), candidatesOfEach(tx, ids)])
  // What `pair` would find something to do about: what keys said, a crowd, and whom they resemble.
  const others = new Set([
    ...said.flatMap((it) => (it.basis === 'keys' ? [it.leftId, it.rightId] : [])),
    ...found.flatMap(({ referralId, candidates, crowded }) =>
      crowded || candidates.some(({ verdict }) => verdict !== 'none') ? [referralId] : [],
    ),
  ])
  const strangers = ids.filter((id) => !others.has(id))
  if (strangers.length === 0) return 0
  const acts = strangers.map((id) => pairedEntry(id, []))
  await Promise.all([endPairing(tx, strangers), appendAll(tx, acts)])
  return strangers.length
}

/**
 * So many of the likeliest are looked at, each with its whole case: whoever makes a referral like to
 * thousands must not keep the lock of all cases while they are read.
 */
const candidatesMax = 200

/**
 * At most so many of those whom new keys set free are compared in the same run, and the rest in runs of
 * their own. Nobody can judge a case while a run lasts, and it must end within the deadline of the
 * background work: of a crowd that gives one telephone fifty take one to three seconds. Only a crowd is more.
 */
export const freedMax = 50

/** What pairing one referral did so far, and the id of the one entry of the log that says it. */
type Done = { readonly entryId: string; readonly acts: DetailsOfAct[] }
type DetailsOfAct = { readonly act: string } & Record<string, Fact>

/**
 * Pairs a referral and, where its new keys take back what the old ones said, those of whom that had
 * been said. All of it is one entry, whatever is found: as the log is public by its size, an entry
 * more would tell the referrer that the person was known. Only where more than `freedMax` are set free
 * does the log grow by more, an entry for each of the rest: of a crowd, not of one person.
 */
async function pair(tx: Tx, id: string, supersedes: string | null, listener: PairingListener) {
  const done: Done = { entryId: newId(), acts: [] }
  if (supersedes !== null) {
    const held = await selectHeld(tx, [id, supersedes])
    await carryOut(tx, id, planAmendment(id, supersedes, held), done)
  }
  // Before anything is merged by new keys, what only the old ones said is taken back.
  const freed = await withdraw(tx, id, done)
  // They wait until it is their turn, for the reason that `findMatches` gives. Those that waited
  // already have a turn of their own, and an entry that is due in any case.
  const others = freed.length > 0 ? await pairOthers(tx, freed) : []
  await findMatches(tx, id, done, listener)
  let last = id
  // The rest of a crowd stay on the list, each with an entry of its own to come.
  for (const other of others.slice(0, freedMax)) {
    await endPairing(tx, [last])
    await findMatches(tx, other, done, listener)
    last = other
  }
  const act = pairedEntry(id, done.acts)
  await Promise.all([endPairing(tx, [last]), append(tx, act, done.entryId)])
}

function pairedEntry(id: string, acts: DetailsOfAct[]) {
  const object = { kind: 'referral', id } as const
  return { action: 'referral.paired', object, details: { acts } } as const
}

/** Merges a referral with what matches it, and asks about what may. */
async function findMatches(
  tx: Tx,
  id: string,
  done: Done,
  listener: PairingListener,
): Promise<void> {
  const { candidates, crowded } = await candidatesOf(tx, id)
  if (crowded) {
    await flag(tx, id, 'shared', done)
    listener.onCrowded()
  }
  // Of two that both wait, whichever is looked at second is compared with the other. If the first of
  // many were compared with all of them, it would be merged with one and ask about each of the others.
  const all = candidates.filter(({ verdict }) => verdict !== 'none')
  const likely = all.slice(0, candidatesMax)
  if (likely.length === 0) return
  if (all.length > candidatesMax) await flag(tx, id, 'unasked', done)
  const likelyIds = likely.map(({ referralId }) => referralId)
  const waiting = await selectWaiting(tx, likelyIds)
  const settled = likely.filter(({ referralId }) => !waiting.has(referralId))
  if (settled.length === 0) return
  const settledIds = settled.map(({ referralId }) => referralId)
  const held = await selectHeld(tx, [id, ...settledIds])
  const doubts = await selectDoubts(tx, questionsToSettle(id, settled, held))
  await carryOut(tx, id, planPairing(id, settled, held, doubts), done)
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
async function carryOut(tx: Tx, id: string, acts: readonly Act[], done: Done): Promise<void> {
  for (const it of acts) {
    if (it.act === 'merge') await merge(tx, id, it, done)
    else if (it.act === 'ask') await ask(tx, id, it, done)
    else await flag(tx, id, it.kind, done)
  }
}

async function merge(tx: Tx, id: string, it: Act & { act: 'merge' }, { entryId, acts }: Done) {
  const { caseId, details } = await mergeCases(tx, [id, it.referralId], it.grounds, entryId)
  acts.push({ act: 'merged', referral: id, with: it.referralId, case: caseId, ...details })
}

async function ask(tx: Tx, id: string, it: Act & { act: 'ask' }, { entryId, acts }: Done) {
  const { referralId, caseId, grounds } = it
  const between = [id, referralId] as const
  await insertJudgement(tx, { ...grounds, between, verdict: 'possible', entryId })
  acts.push({ act: 'asked', referral: id, with: referralId, case: caseId, ...detailsOf(grounds) })
}

async function flag(tx: Tx, id: string, kind: FlagKind, { acts }: Done) {
  if (kind !== 'long') await insertFlag(tx, id, kind)
  else if (!(await insertFlagOnce(tx, id, kind))) return
  acts.push({ act: 'flagged', referral: id, kind })
}

/**
 * Takes back what keys said of a referral and no longer say, and renews the grounds of the rest.
 *
 * @returns the others that may have something new to say: they had no question left to ask, perhaps,
 *   or were in one case with it
 */
async function withdraw(tx: Tx, id: string, { entryId, acts }: Done): Promise<string[]> {
  const said = (await selectCurrent(tx, [id])).filter(({ basis }) => basis === 'keys')
  if (said.length === 0) return []
  const others = said.map((judgement) => otherOf(judgement, id))
  const { over, renewed } = planWithdrawal(id, said, await compare(tx, id, others))
  await endJudgements(tx, over)
  for (const { verdict, ...judgement } of over) {
    acts.push({ act: 'withdrawn', referral: id, with: otherOf(judgement, id), verdict })
  }
  for (const judgement of renewed) {
    await insertJudgement(tx, { ...judgement, between: endsOf(judgement), entryId })
    const other = otherOf(judgement, id)
    acts.push({ act: 'renewed', referral: id, with: other, ...detailsOf(judgement) })
  }
  const freed = over.map((judgement) => otherOf(judgement, id))
  if (!over.some(({ verdict }) => verdict === 'same')) return freed
  const caseId = caseIn(await selectCasesOf(tx, [id]), id)
  const members = await selectMembers(tx, [caseId])
  const moves = await splitUnconnected(tx, caseId, entryId)
  acts.push(...moves.map((moved) => ({ act: 'split', ...moved })))
  return moves.length === 0 ? freed : [...freed, ...members.map(({ referralId }) => referralId)]
}
