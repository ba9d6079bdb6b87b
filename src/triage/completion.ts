/**
 * How the work on an item ends. Late is better than never while nobody else has claimed the item:
 * the fence alone decides, not the clock. What does not open is escalated at once.
 */
import type { Static } from 'typebox'
import type { Act } from '../audit/entry.ts'
import { append, appendAll } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { answer } from '../vault/service.ts'
import type { Completion, CompletionRequest } from './schemas.ts'
import type { Claim } from './state.ts'
import {
  completeItem,
  escalateItem,
  markUnopenable,
  selectCompletion,
  selectReport,
} from './store/complete.ts'
import { endMembers, selectRequeued } from './store/requeue.ts'
import { selectSurvivor } from './store/successor.ts'

type Request = Omit<Static<typeof CompletionRequest>, 'fence'>
type Answer = Static<typeof Completion>
type Outcome = Exclude<Request['outcome'], 'unopenable'>

/** Ends the claim as `request` says; a repetition gets the first answer again. */
export async function endClaim(
  tx: Tx<KnownCaller>,
  claim: Claim,
  { outcome, ...request }: Request,
): Promise<Answer> {
  requireFitting(outcome, request)
  return outcome === 'unopenable'
    ? escalate(tx, claim, request)
    : finish(tx, claim, outcome, request)
}

async function finish(
  tx: Tx<KnownCaller>,
  claim: Claim,
  outcome: Outcome,
  { referrals: listed, reason }: Omit<Request, 'outcome'>,
): Promise<Answer> {
  const completed = await completeItem(tx, claim, outcome)
  if (!completed) return answerAgain(tx, claim, outcome)
  const { referralIds, changed, ...ended } = completed
  requireMembers(listed, completed)
  const requeued = referralIds.length > 1 ? await endMembers(tx, claim.id, listed) : []
  const details = { outcome, ...(reason && { reason }) }
  const answered = await answer(tx, listed, { state: outcome, ...(reason && { reason }) })
  await appendAll(tx, [
    itemEntry('triage.completed', claim.id, {
      details: {
        ...details,
        late: ended.late,
        ...(requeued.length > 0 && { reopened: requeued.length }),
      },
    }),
    ...answered.map((id) => answeredEntry(id, details)),
  ])
  return { outcome, ...ended, requeued }
}

async function escalate(
  tx: Tx<KnownCaller>,
  claim: Claim,
  { referrals: listed, step }: Omit<Request, 'outcome'>,
): Promise<Answer> {
  const escalated = await escalateItem(tx, claim)
  if (!escalated) return reportAgain(tx, claim)
  const { late } = escalated
  requireMembers(listed, escalated)
  await markUnopenable(tx, claim.id, listed)
  const referrals = listed.join(' ')
  const details = { outcome: 'unopenable', late, referrals, ...(step && { step }) }
  await append(tx, itemEntry('item.escalated', claim.id, { details }))
  return { outcome: 'unopenable', late, requeued: [] }
}

/** A repeated completion: the first answer stands, with its reason and its referrals. */
async function answerAgain(tx: Tx<KnownCaller>, claim: Claim, outcome: Outcome): Promise<Answer> {
  const before = await selectCompletion(tx, claim)
  if (before?.outcome !== outcome) throw await leaseLost(tx, claim)
  const details = { outcome, repeated: true }
  await append(tx, itemEntry('triage.completed', claim.id, { details }))
  return { ...before, outcome, requeued: await selectRequeued(tx, claim.id) }
}

async function reportAgain(tx: Tx<KnownCaller>, claim: Claim): Promise<Answer> {
  const before = await selectReport(tx, claim)
  if (!before) throw await leaseLost(tx, claim)
  const details = { outcome: 'unopenable', repeated: true }
  await append(tx, itemEntry('item.escalated', claim.id, { details }))
  return { outcome: 'unopenable', late: before.late, requeued: [] }
}

function requireFitting(
  outcome: Request['outcome'],
  { reason, step }: Pick<Request, 'reason' | 'step'>,
): void {
  if ((outcome === 'declined') !== (reason !== undefined)) {
    throw new Refusal(
      'malformed-request',
      'reason is given with the outcome declined, and only then',
    )
  }
  if (outcome !== 'unopenable' && step !== undefined) {
    throw new Refusal('malformed-request', 'step is given with the outcome unopenable only')
  }
}

/** The refusal of a write whose fence is no longer the current one, because of another claim or a merge. */
export async function leaseLost(tx: Tx, claim: Claim): Promise<Refusal> {
  const survivor = await selectSurvivor(tx, claim)
  if (!survivor?.wasMerged) {
    const detail =
      'the fence is not the current one of this claim: it has ended, or somebody claimed the item since, or it never was yours'
    return new Refusal('lease-lost', detail)
  }
  const { itemId } = survivor
  const now = itemId ? `the work continues as item ${itemId}` : 'the work on its referral has ended'
  return new Refusal('lease-lost', `the case of this item was merged into another: ${now}`)
}

/** The entry of an act on an item of the queue. */
export function itemEntry(
  action: Extract<Act['action'], `triage.${string}` | `item.${string}`>,
  id: string,
  rest: Pick<Act, 'recipient' | 'details'> = {},
): Act {
  return { action, object: { kind: 'item', id }, ...rest }
}

/** The entry by which an auditor who searches for a referral finds who answered it, and how. */
function answeredEntry(id: string, details: NonNullable<Act['details']>): Act {
  return { action: 'referral.answered', object: { kind: 'referral', id }, details }
}

type Members = { readonly referralIds: readonly string[]; readonly changed: boolean }

/** Refuses referrals that are not in the item's case; if the case has changed since the claim, it says so. */
function requireMembers(listed: readonly string[], { referralIds, changed }: Members): void {
  if (listed.every((id) => referralIds.includes(id))) return
  const code = changed ? 'case-changed' : 'malformed-request'
  throw new Refusal(code, 'referrals names one that is not in this case')
}
