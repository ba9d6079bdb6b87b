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

/** Writes the entry of a part that was refused, while the others stand. */
type AppendRefusal = (
  tx: Tx,
  refused: Act & { readonly outcome: 'refused'; readonly reason: ErrorCode },
) => Promise<void>

/** What this feature is given of others. */
type Handed = { readonly appendRefusal: AppendRefusal; readonly take: TakeNote }

type Asked = CompletionsRequest['completions'][number]
type Ended = Static<typeof Completions>['completions'][number]

/** Ends up to `claimItemsMax` claims: what is usual together, and what is not one by one after it. */
export async function completeSeveral(
  tx: Tx<KnownCaller>,
  { completions }: CompletionsRequest,
  { appendRefusal, take }: Handed,
): Promise<Static<typeof Completions>> {
  const lists = completions.map(({ referrals }) => referrals)
  const resolved = await resolveLists(tx, lists)
  const asked = completions.map((one, index) => ({ ...one, referrals: resolved[index] ?? [] }))
  const notes = await takeNotes(tx, asked, take)
  const orders = usual(tx, asked)
  const completed = await completeAll(tx, [...orders.values()])
  const ended = new Map<Asked, Ended>()
  // In one order, as those together, so that of two requests at once one waits and none is undone.
  for (const one of [...asked].sort(byClaim)) {
    const order = orders.get(one)
    const completion = order && completed.get(order)
    const { claimId } = one
    const alone = () => endAlone(tx, one, notes.get(one), appendRefusal)
    ended.set(one, completion ? { claimId, completion } : await alone())
  }
  return { completions: asked.map((one) => required(ended.get(one), 'each has ended')) }
}

/** What names the same claim stays in its order. */
function byClaim(a: Asked, b: Asked): number {
  return a.claimId < b.claimId ? -1 : Number(a.claimId > b.claimId)
}

/** Of each claim that is named by its id the first, if an answer to referrals is all that is asked. */
function usual({ caller }: Tx<KnownCaller>, asked: readonly Asked[]): Map<Asked, Order> {
  const orders = new Map<Asked, Order>()
  const ids = new Set<string>()
  for (const one of [...asked].sort(byClaim)) {
    const { claimId: id, fence, note, ...request } = one
    const isAnswer = request.outcome !== 'unopenable' && !misfitOf(request) && !note
    if (!isAnswer || isReferenceForm(id) || ids.has(id)) continue
    ids.add(id)
    orders.set(one, { claim: { id, fence, clientId: caller.clientId }, request })
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
    const { claimId, note: _, ...rest } = one
    const taking = claimOf(tx, { claimId, fence: one.fence }).then(({ id }) =>
      takeNoteOf(tx, id, { note, take }, { completed: claimId, ...rest }),
    )
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
  { claimId, fence, note: _, ...request }: Asked,
  noted: TakenNote | Refusal | undefined,
  appendRefusal: AppendRefusal,
): Promise<Ended> {
  try {
    if (noted instanceof Refusal) throw noted
    const claim = await claimOf(tx, { claimId, fence })
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
