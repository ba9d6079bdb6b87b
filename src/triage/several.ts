/**
 * Ending several claims in one transaction. Each is judged by its own fence: one that is refused is named, and keeps
 * no other from ending. What is refused has written nothing, so the transaction goes on.
 */
import type { Static } from 'typebox'
import type { Act } from '../audit/entry.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { type ErrorCode, Refusal, required } from '../errors.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import { resolveLists } from '../vault/service.ts'
import { completeAll, endClaim, itemEntry, misfitOf, type Order } from './completion.ts'
import { claimOf } from './naming.ts'
import { type TakeNote, type TakenNote, takeNoteOf } from './noting.ts'
import type { Completions, CompletionsRequest } from './severalschemas.ts'
import type { Claim } from './state.ts'
import { lockHeld } from './store/complete.ts'

/** Writes the entry of a part that was refused, while the others stand. */
type AppendRefusal = (
  tx: Tx,
  refused: Act & { readonly outcome: 'refused'; readonly reason: ErrorCode },
) => Promise<void>

/** What this feature is given of others. */
type Handed = { readonly appendRefusal: AppendRefusal; readonly take: TakeNote }

/** What is asked of a claim; and the claim, or why there is none of that name. */
type Asked = CompletionsRequest['completions'][number] & { readonly claim: Claim | Refusal }
type Ended = Static<typeof Completions>['completions'][number]

/** Ends up to `claimItemsMax` claims: what is usual together, and what is not one by one after it. */
export async function completeSeveral(
  tx: Tx<KnownCaller>,
  { completions }: CompletionsRequest,
  { appendRefusal, take }: Handed,
): Promise<Static<typeof Completions>> {
  const lists = completions.map(({ referrals }) => referrals)
  const resolved = await resolveLists(tx, lists)
  const asked: Asked[] = []
  for (const [index, one] of completions.entries()) {
    const claim = await claimOf(tx, one).catch(refusalIn)
    asked.push({ ...one, referrals: resolved[index] ?? [], claim })
  }
  const notes = await takeNotes(tx, asked, take)
  const orders = usual(asked)
  // One statement locks its items in their order. Where others follow it, all are locked before: of two requests at
  // once for the same items one waits then, whatever they name them by, and none is undone.
  if (orders.size < asked.length) await lockHeld(tx, asked.flatMap(claimIn))
  const completed = await completeAll(tx, [...orders.values()])
  const ended = new Map<Asked, Ended>()
  for (const one of asked) {
    const order = orders.get(one)
    const completion = order && completed.get(order)
    const { claimId } = one
    const alone = () => endAlone(tx, one, notes.get(one), appendRefusal)
    ended.set(one, completion ? { claimId, completion } : await alone())
  }
  return { completions: asked.map((one) => required(ended.get(one), 'each has ended')) }
}

function claimIn({ claim }: Asked): Claim[] {
  return claim instanceof Refusal ? [] : [claim]
}

/** Of each claim the first, if an answer to referrals is all that is asked. */
function usual(asked: readonly Asked[]): Map<Asked, Order> {
  const orders = new Map<Asked, Order>()
  const ids = new Set<string>()
  for (const one of asked) {
    const { claimId: _, fence: __, note, claim, ...request } = one
    const isAnswer = request.outcome !== 'unopenable' && !misfitOf(request) && !note
    if (!isAnswer || claim instanceof Refusal || ids.has(claim.id)) continue
    ids.add(claim.id)
    orders.set(one, { claim, request })
  }
  return orders
}

/**
 * Takes the notes of all parts before any item is locked, in the order of their referrals. A note that may not be kept
 * refuses its own part.
 */
async function takeNotes(
  tx: Tx<KnownCaller>,
  asked: readonly Asked[],
  take: TakeNote,
): Promise<Map<Asked, TakenNote | Refusal>> {
  const taken = new Map<Asked, TakenNote | Refusal>()
  const noted = asked.flatMap((one) => (one.note ? [{ one, note: one.note }] : []))
  const about = ({ note }: (typeof noted)[number]) => note.header.referralId
  for (const { one, note } of noted.sort((a, b) => (about(a) < about(b) ? -1 : 1))) {
    const { claimId, claim, note: _, ...rest } = one
    if (claim instanceof Refusal) continue
    const taking = takeNoteOf(tx, claim.id, { note, take }, { completed: claimId, ...rest })
    taken.set(one, await taking.catch(refusalIn))
  }
  return taken
}

function refusalIn(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  throw error
}

/** What `usual` left out, and what did not end with it: a note, a repetition, a lost lease. */
async function endAlone(
  tx: Tx<KnownCaller>,
  { claimId, fence: _, note: __, claim, ...request }: Asked,
  noted: TakenNote | Refusal | undefined,
  appendRefusal: AppendRefusal,
): Promise<Ended> {
  try {
    if (claim instanceof Refusal) throw claim
    if (noted instanceof Refusal) throw noted
    const completion = await endClaim(tx, { claim, request })
    await noted?.keep()
    return { claimId, completion }
  } catch (error) {
    const { code, message: detail } = refusalIn(error)
    const { object } = isReferenceForm(claimId)
      ? { object: undefined }
      : itemEntry('triage.completed', claimId)
    const refused = { action: 'triage.completed', outcome: 'refused', reason: code } as const
    await appendRefusal(tx, { ...refused, ...(object && { object }) })
    return { claimId, problem: { code, detail } }
  }
}
