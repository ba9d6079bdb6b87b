/** A person's judgement of cases: same, different, not sure; each kept, logged and undoable. */
import type { Static } from 'typebox'
import type { Audit } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Database, Tx } from '../database/connect.ts'
import { takeTurn } from '../database/loop.ts'
import type { Directory } from '../directory/service.ts'
import { Refusal } from '../errors.ts'
import type { MessageEnvelope } from '../protocol/message.ts'
import { checkNote } from '../protocol/note.ts'
import { newId } from '../protocol/uuid.ts'
import { requireKid } from '../referrals/service.ts'
import { insertJudgement, selectBetween } from './judgement-store.ts'
import { casesLock, detailsOf, type Merging } from './merging.ts'
import { deleteFlags } from './pairing-store.ts'
import type { DecisionRequest, Judged, MergeRequest, SplitRequest } from './schemas.ts'
import type { Splitting } from './splitting.ts'
import { type Member, resolveCase, selectMembers } from './store.ts'

type Options = {
  database: Database
  audit: Audit
  directory: Directory
  merging: Merging
  splitting: Splitting
  origin: string
}

type Noted = { readonly note?: MessageEnvelope }

export function createJudging({ database, audit, directory, ...others }: Options) {
  const { merging, splitting, origin } = others

  /** Judges two cases between which there is a question, or was one. */
  function decide(
    caller: KnownCaller,
    caseId: string,
    otherId: string,
    { decision, ...noted }: Static<typeof DecisionRequest>,
  ): Promise<Judged> {
    return inTurn(caller, async (tx) => {
      const [one, other] = [await requireCase(tx, caseId), await requireCase(tx, otherId)]
      if (one === other) {
        if (decision === 'same') return { caseId: one }
        throw new Refusal('case-changed', 'the two are one case by now: split it')
      }
      const members = await selectMembers(tx, [one, other])
      const between = await selectBetween(tx, members)
      const [best] = between
      if (!best) throw new Refusal('case-changed', 'there is no question between the two cases')
      const note = await noteBytes(tx, caller, noted, members)
      if (decision === 'same') {
        const { leftId, rightId, probability, bits } = best
        const reason = { basis: 'person', probability, bits, ...note } as const
        return { caseId: await merging.join(tx, caller, [leftId, rightId], reason) }
      }
      const entryId = newId()
      for (const { leftId, rightId, probability, bits } of between) {
        await insertJudgement(tx, {
          ...{ between: [leftId, rightId], verdict: decision, basis: 'person' },
          ...{ probability, bits, entryId, ...note },
        })
      }
      const { probability, bits } = best
      const details = { other, decision, ...detailsOf({ basis: 'person', probability, bits }) }
      const object = { kind: 'case', id: one } as const
      await audit.append(tx, caller, { action: 'case.judged', object, details }, entryId)
      return { caseId: one, otherId: other }
    })
  }

  /** Joins two cases of which a person knows that they are about one. */
  function merge(
    caller: KnownCaller,
    caseId: string,
    { otherId, ...noted }: Static<typeof MergeRequest>,
  ): Promise<Judged> {
    return inTurn(caller, async (tx) => {
      const [one, other] = [await requireCase(tx, caseId), await requireCase(tx, otherId)]
      if (one === other) return { caseId: one }
      const members = await selectMembers(tx, [one, other])
      const note = await noteBytes(tx, caller, noted, members)
      const first = (id: string) => members.find((it) => it.caseId === id)?.referralId ?? ''
      const reason = { basis: 'person', probability: null, bits: [], ...note } as const
      return { caseId: await merging.join(tx, caller, [first(one), first(other)], reason) }
    })
  }

  /** Takes referrals out of a case, and with that undoes whatever had joined them. */
  function split(
    caller: KnownCaller,
    caseId: string,
    { referrals, decision, ...noted }: Static<typeof SplitRequest>,
  ): Promise<Judged> {
    return inTurn(caller, async (tx) => {
      const one = await requireCase(tx, caseId)
      const members = await selectMembers(tx, [one])
      const ids = members.map(({ referralId }) => referralId)
      if (!referrals.every((id) => ids.includes(id))) {
        throw new Refusal('case-changed', 'referrals lists one that is not of this case')
      }
      if (referrals.length === ids.length) {
        throw new Refusal('malformed-request', 'referrals lists the whole case: nothing would stay')
      }
      const note = await noteBytes(tx, caller, noted, members)
      const side = new Set(referrals)
      const to = await splitting.split(tx, caller, members, side, decision, note.note)
      return { caseId: one, otherId: to }
    })
  }

  /** A person has looked at why the case was marked. */
  function clearFlags(caller: KnownCaller, caseId: string): Promise<void> {
    return inTurn(caller, async (tx) => {
      const id = await requireCase(tx, caseId)
      const details = { flags: await deleteFlags(tx, id) }
      const object = { kind: 'case', id } as const
      await audit.append(tx, caller, { action: 'case.judged', object, details })
    })
  }

  function inTurn<Result>(caller: KnownCaller, act: (tx: Tx) => Promise<Result>) {
    return database.inTransaction(caller, async (tx) => {
      await takeTurn(tx, casesLock)
      return act(tx)
    })
  }

  async function noteBytes(
    tx: Tx,
    caller: KnownCaller,
    { note }: Noted,
    members: readonly Member[],
  ): Promise<{ note?: Uint8Array }> {
    if (!note) return {}
    const recipient = await directory.recipientSigning(tx, note.header.signer)
    if (!recipient) throw new Refusal('unknown-signer', 'note.header.signer is no recipient')
    requireKid(caller, recipient.kid)
    const referralIds = members.map(({ referralId }) => referralId)
    return { note: checkNote(note, { origin, referralIds, signingKey: recipient.signingKey }) }
  }

  return { decide, merge, split, clearFlags }
}

/** The case of that id, or the one that it joined. @throws Refusal `not-found` */
export async function requireCase(tx: Tx, caseId: string): Promise<string> {
  const found = await resolveCase(tx, caseId)
  if (found === undefined) throw new Refusal('not-found', `there is no case ${caseId}`)
  return found
}
