/** Claiming work and ending it: leases, each named by its claim and fence. */
import type { OpeningStep } from '../protocol/envelope/step.ts'
import { newId } from '../protocol/uuid.ts'
import type { Channel, Region, Urgency } from '../referral/codes/clear.ts'
import type { DeclineReason } from '../referral/codes/state.ts'
import type { CompartmentName } from '../referral/compartment.ts'
import { claimBytesMax } from './answer.ts'
import { BadAnswer } from './failure.ts'
import { claimPath, requireReferenceOf, wellTyped } from './naming.ts'
import type { Note, Notes } from './notes.ts'
import {
  type Claim,
  ClaimsAnswer,
  type Completion,
  CompletionAnswer,
  CompletionsAnswer,
  type Ended,
  type OwnClaims,
  OwnClaimsAnswer,
  type Renewal,
  RenewalAnswer,
  readAnswer,
} from './schemas.ts'
import type { Transport } from './transport.ts'

/** How much work to take, for how long, and from which list. */
export type ClaimOptions = {
  readonly max: number
  readonly leaseSeconds: number
  readonly waitSeconds?: number
  readonly escalated?: boolean
  readonly unverified?: boolean
  readonly regions?: readonly Region[]
  readonly urgencies?: readonly Urgency[]
  readonly channels?: readonly Channel[]
  readonly organisations?: readonly string[]
  readonly dueBefore?: string
  readonly compartments?: readonly CompartmentName[]
  readonly caseId?: string
  readonly referral?: string
}

/** Of a claim that may have to be sent again. */
export type Attempt = {
  /** The same request under the same key gets the same items, while their leases last. If left out, a new one. */
  readonly idempotencyKey?: string
  /** Gives the request up. Whether anything was claimed is then unknown. */
  readonly signal?: AbortSignal
}

/**
 * What names a lease: a claim, or these two of its properties kept somewhere. The reference of one of
 * its referrals does for the `claimId`.
 */
export type Lease = Pick<Claim, 'claimId' | 'fence'>

/** How the work on an item ended. */
export type Outcome = {
  /** The ids or references of what this answers; the others of the case go back to the queue. */
  readonly referrals: readonly string[]
} & (
  | { readonly outcome: 'accepted' | 'redirected' }
  | { readonly outcome: 'declined'; readonly reason: DeclineReason }
  | { readonly outcome: 'unopenable'; readonly step: OpeningStep }
)

/** How the work on one of several items ended, and why in a reviewer's words. */
export type Ending = Lease & Outcome & { readonly note?: Note }

/** @see createReader */
export type Claiming = {
  /**
   * Leases the most urgent items that this recipient can open.
   *
   * Where no answer comes it is sent again under the same key, and gets the same items with the same fences. If none
   * comes at all, items may be leased all the same: `ownClaims` lists them, or they return to the queue when their
   * leases end.
   *
   * @param max - 1 to 50
   * @param leaseSeconds - 30 to 3600
   * @param waitSeconds - 0 to 30: where there is nothing, the answer waits for it so long
   * @param escalated - only from the escalated items: those that need a person
   * @param unverified - only items behind which no organisation stands, or `false`: only the others
   * @param regions - only items of any of these, and so for `urgencies`, `channels` and `organisations`, by their ids
   * @param dueBefore - an instant: only items that are due before it
   * @param compartments - of what this recipient opens only these are handed out, or none; `open` then misses no other
   * in what this very call returned
   * @param caseId - the item of this case, escalated or not, and no other filter beside it
   * @param referral - the same by the id or reference of a referral of the case
   * @throws ServiceProblem `item-held` or `not-found` for one case that cannot be had
   */
  claim(request: ClaimOptions, attempt?: Attempt): Promise<Claim[]>
  /**
   * What this client holds now, earliest deadline first, each with its fence: after a crash, or where an answer
   * was lost. `fetch` gets the referrals of one.
   */
  ownClaims(query?: { readonly cursor?: string; readonly limit?: number }): Promise<OwnClaims>
  /** Prolongs a lease to `leaseSeconds` (30 to 3600) from now. @throws ServiceProblem `lease-lost` */
  renew(lease: Lease, leaseSeconds: number): Promise<Renewal>
  /**
   * Hands the item to a colleague, who has it for `leaseSeconds` (30 to 3600) from now: its `ownClaims` lists it.
   *
   * @param to - the id of another client that works the queue and opens the item
   * @throws ServiceProblem `lease-lost`, `not-found` for a client that cannot have it
   */
  handOver(lease: Lease, to: string, leaseSeconds: number): Promise<void>
  /** Gives the item back, at its old place in the queue. @throws ServiceProblem `lease-lost` */
  release(lease: Lease): Promise<void>
  /**
   * Ends the work on the item. Repeating gives the same answer. A note is sealed behind those there are about its
   * referral, which takes the scope `cases:review`, and is kept with the completion, or neither is.
   *
   * @throws ServiceProblem `lease-lost` if another has claimed the item since; for a note as `decide`
   */
  complete(lease: Lease, outcome: Outcome, note?: Note): Promise<Completion>
  /**
   * Ends the work on up to 50 items at once, each judged by itself: one whose lease is lost says so in its
   * `problem`, and keeps no other from ending. Repeating gives the same answers. A note goes with each as with
   * `complete`.
   *
   * @returns what became of each, in the same order
   */
  completeSeveral(completions: readonly Ending[]): Promise<Ended[]>
}

/** The part of a reader that claims work. @param kid - of the recipient's X-Wing key */
export function createClaiming(transport: Transport, kid: string, notes: Notes): Claiming {
  async function claim(options: ClaimOptions, attempt: Attempt = {}): Promise<Claim[]> {
    const path = '/v1/triage/claims'
    const { referral } = options
    const named = referral !== undefined && { referral: wellTyped(referral) }
    const body = { recipient: kid, ...options, ...named }
    const { idempotencyKey = newId(), signal } = attempt
    const headers = { 'idempotency-key': idempotencyKey }
    const request = { method: 'POST', path, body, headers, repeatable: true } as const
    const answer = await transport.send({ ...request, bytesMax: claimBytesMax, signal })
    const { claims } = readAnswer(ClaimsAnswer, answer, `POST ${path}`)
    if (claims.length > options.max) {
      throw new BadAnswer(`the answer to POST ${path} is of more than were asked for`)
    }
    for (const { referralId, reference } of claims.flatMap(({ referrals }) => referrals)) {
      requireReferenceOf([referralId], reference)
    }
    return claims as Claim[]
  }

  async function ownClaims(query: Parameters<Claiming['ownClaims']>[0] = {}): Promise<OwnClaims> {
    const asked = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) asked.set(name, String(value))
    const path = `/v1/triage/claims?${asked}`
    const answer = await transport.send({ method: 'GET', path, repeatable: true })
    const { items, next } = readAnswer(OwnClaimsAnswer, answer, `GET ${path}`)
    const claims = items.map(({ itemId, ...item }) => ({ claimId: itemId, ...item }))
    return { claims, ...(next !== undefined && { next }) }
  }

  async function renew({ claimId, fence }: Lease, leaseSeconds: number): Promise<Renewal> {
    const path = claimPath(claimId, 'renewal')
    const body = { fence, leaseSeconds }
    const answer = await transport.send({ method: 'POST', path, body, repeatable: true })
    return readAnswer(RenewalAnswer, answer, `POST ${path}`)
  }

  async function handOver({ claimId, fence }: Lease, to: string, leaseSeconds: number) {
    const path = claimPath(claimId, 'handover')
    const body = { fence, to, leaseSeconds }
    // As with a release, the second would be refused.
    await transport.send({ method: 'POST', path, body, repeatable: false })
  }

  async function release({ claimId, fence }: Lease): Promise<void> {
    // Sent twice, the second would be refused as `lease-lost` after the first was done.
    const path = claimPath(claimId, 'release')
    await transport.send({ method: 'POST', path, body: { fence }, repeatable: false })
  }

  function complete({ claimId, fence }: Lease, outcome: Outcome, note?: Note): Promise<Completion> {
    const path = claimPath(claimId, 'completion')
    const completed = { fence, ...outcome, referrals: outcome.referrals.map(wellTyped) }
    return notes.sendWith(note, async (sealed) => {
      const body = { ...completed, ...sealed }
      const answer = await transport.send({ method: 'POST', path, body, repeatable: true })
      return readAnswer(CompletionAnswer, answer, `POST ${path}`)
    })
  }

  async function sendCompletions(completions: readonly object[]): Promise<Ended[]> {
    const path = '/v1/triage/completions'
    const body = { completions }
    const answer = await transport.send({ method: 'POST', path, body, repeatable: true })
    const { completions: ended } = readAnswer(CompletionsAnswer, answer, `POST ${path}`)
    if (ended.length === completions.length) return ended
    throw new BadAnswer(`the answer to POST ${path} is not of as many as were asked`)
  }

  function completeSeveral(asked: readonly Ending[]): Promise<Ended[]> {
    // A whole claim may be handed in: only what names it is sent.
    const completions = asked.map(({ claimId, fence, outcome, referrals, note, ...rest }) => ({
      ...{ claimId: wellTyped(claimId), fence, outcome, referrals: referrals.map(wellTyped) },
      ...('reason' in rest && { reason: rest.reason }),
      ...('step' in rest && { step: rest.step }),
      ...(note && { note }),
    }))
    return notes.sendSeveral(completions, sendCompletions)
  }

  return { claim, ownClaims, renew, handOver, release, complete, completeSeveral }
}
