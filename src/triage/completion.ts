/**
 * How the work on an item ends. Late is better than never while nobody else has claimed the item:
 * the fence alone decides, not the clock. What does not open is escalated at once.
 */
import type { Static } from 'typebox'
import type { Act } from '../audit/entry.ts'
import { append, appendAll } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { Refusal, required } from '../errors.ts'
import { answering } from '../vault/service.ts'
import type { Completion, CompletionRequest } from './schemas.ts'
import type { Claim } from './state.ts'
import {
  completeItems,
  escalateItem,
  markUnopenable,
  selectChanged,
  selectCompletion,
  selectReport,
} from './store/complete.ts'
import { endMembers, selectRequeued } from './store/requeue.ts'
import { selectSurvivor } from './store/successor.ts'

/** A claim, and how its holder says that the work on it ended. */
export type Order = {
  readonly claim: Claim
  readonly request: Omit<Static<typeof CompletionRequest>, 'fence' | 'note'>
}
type Answer = Static<typeof Completion>
type Outcome = Exclude<Order['request']['outcome'], 'unopenable'>

/**
 * Ends the claim as `request` says; a repetition gets the first answer again. What it refuses, it refuses before it
 * writes anything.
 */
export async function endClaim(tx: Tx<KnownCaller>, order: Order): Promise<Answer> {
  const { claim, request } = order
  const misfit = misfitOf(request)
  if (misfit) throw misfit
  const { outcome } = request
  if (outcome === 'unopenable') return escalate(tx, claim, request)
  const [completion] = (await completeAll(tx, [order])).values()
  if (completion) return completion
  await requireMembers(tx, claim, request.referrals)
  return answerAgain(tx, claim, outcome)
}

/**
 * Ends what `orders` say is answered, each of another item, in as many statements as one of them takes, but for cases
 * of several referrals.
 *
 * @returns the completions of those whose fence is the current one and whose case holds the referrals listed
 */
export async function completeAll(
  tx: Tx<KnownCaller>,
  orders: readonly Order[],
): Promise<Map<Order, Answer>> {
  if (orders.length === 0) return new Map()
  const endings = orders.map((order) => {
    return { claim: order.claim, ...answerOf(order), referrals: order.request.referrals }
  })
  const rows = await completeItems(tx, tx.caller.clientId, endings, answering(tx))
  const ended = rows.map(({ id, ...row }) => {
    const order = orders.find(({ claim }) => claim.id === id)
    return { ...row, order: required(order, 'its id was named') }
  })
  const completions = new Map<Order, Answer>()
  const acts: Act[] = []
  for (const { order, referralIds, answered, ...when } of ended) {
    const { outcome } = order.request
    const requeued = referralIds.length > 1 ? await endMembers(tx, order.claim.id) : []
    if (requeued.length > 0) tx.announce()
    completions.set(order, { outcome, ...when, requeued })
    acts.push(...answered.map((id) => answeredEntry(id, answerOf(order))))
  }
  await appendAll(tx, [...[...completions].map(completedEntry), ...acts])
  return completions
}

function answerOf({ request: { outcome, reason } }: Order) {
  return { outcome: outcome as Outcome, ...(reason && { reason }) }
}

function completedEntry([order, { late, requeued }]: readonly [Order, Answer]): Act {
  const reopened = requeued.length > 0 && { reopened: requeued.length }
  const details = { ...answerOf(order), late, ...reopened }
  return itemEntry('triage.completed', order.claim.id, { details })
}

async function escalate(
  tx: Tx<KnownCaller>,
  claim: Claim,
  { referrals: listed, step }: Order['request'],
): Promise<Answer> {
  const escalated = await escalateItem(tx, claim, listed)
  if (!escalated) {
    await requireMembers(tx, claim, listed)
    return reportAgain(tx, claim)
  }
  tx.announce()
  const { late } = escalated
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

/** The refusal of what goes with another outcome; `undefined` for a request that is as it should be. */
export function misfitOf({ outcome, reason, step }: Order['request']): Refusal | undefined {
  if ((outcome === 'declined') !== (reason !== undefined)) {
    return new Refusal(
      'malformed-request',
      'reason is given with the outcome declined, and only then',
    )
  }
  if (outcome === 'unopenable' || step === undefined) return undefined
  return new Refusal('malformed-request', 'step is given with the outcome unopenable only')
}

/** The refusal of a write whose fence is no longer the current one: because of another claim, a merge or a withdrawal. */
export async function leaseLost(tx: Tx, claim: Claim): Promise<Refusal> {
  const survivor = await selectSurvivor(tx, claim)
  if (survivor?.wasWithdrawn && !survivor.wasMerged) {
    const detail = 'its referral was withdrawn by who sent it: there is nothing left to do'
    return new Refusal('lease-lost', detail)
  }
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

/**
 * If the claim still holds its item, it listed a referral that is not in its case, which may have changed since, or
 * one that came to it since and that its client cannot read.
 */
async function requireMembers(
  tx: Tx<KnownCaller>,
  claim: Claim,
  listed: readonly string[],
): Promise<void> {
  const held = await selectChanged(tx, claim, listed)
  if (held === undefined) return
  if (!held.opens) {
    const detail = 'referrals names one that no key of your client opens: it ends with who opens it'
    throw new Refusal('recipient-not-yours', detail)
  }
  const code = held.changed ? 'case-changed' : 'malformed-request'
  throw new Refusal(code, 'referrals names one that is not in this case')
}
