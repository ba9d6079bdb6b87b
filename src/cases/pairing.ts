/**
 * The step that finds out which referrals are about one person: after the answer, never inside it.
 *
 * One at a time for the whole database, first in, first out: so two referrals that come at once are
 * compared, whichever is looked at second. Each is paired in one transaction; whoever dies in it
 * leaves the referral on the queue of work and on the list of those to be paired.
 */
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import type { Step } from '../database/lock.ts'
import { elect } from '../database/lock.ts'
import { candidatesOf } from '../matching/service.ts'
import { newId } from '../protocol/uuid.ts'
import { casesLock, mergeIfRoom } from './merge.ts'
import { judgedCases, settle } from './settling.ts'
import { insertFlag } from './store/flags.ts'
import { selectCasesOf } from './store/members.ts'
import { endPairing, postpone, selectWaiting, takeNext } from './store/waiting.ts'
import { withdraw } from './withdrawing.ts'

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
        notes.onError(error)
        await database.inTransaction(caller, (tx) => postpone(tx, failed))
        return true
      }
    },
  }
}

async function pair(tx: Tx, id: string, supersedes: string | null, notes: PairingNotes) {
  if (supersedes !== null) await followAmendment(tx, id, supersedes)
  await withdraw(tx, id)
  const { candidates, crowded } = await candidatesOf(tx, id)
  if (crowded) {
    await insertFlag(tx, id, 'shared')
    notes.onCrowded()
  }
  // Of two that both wait, whichever is looked at second is compared with the other. Compared with
  // all at once, the first of many would join one, and tie the rest into cases of their own.
  const waiting = await selectWaiting(
    tx,
    candidates.map(({ referralId }) => referralId),
  )
  const settled = candidates.filter(({ referralId }) => !waiting.has(referralId))
  if (settled.length > 0) await settle(tx, id, settled)
}

/** An amendment is about the person it amends, whatever its keys: no score is asked. */
async function followAmendment(tx: Tx, id: string, supersedes: string) {
  const cases = await selectCasesOf(tx, [id, supersedes])
  const [own, before] = [cases.get(id), cases.get(supersedes)]
  if (own === undefined || before === undefined || own === before) return
  if ((await judgedCases(tx, own)).answered.has(before)) return
  await mergeIfRoom(tx, [id, supersedes], {
    ...{ basis: 'amendment', probability: null, bits: [] },
  })
}
