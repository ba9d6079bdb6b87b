/**
 * Ending several claims in one transaction. Each is judged by its own fence: one that is refused is named, and keeps
 * no other from ending. What is refused has written nothing, so the transaction goes on.
 */
import type { Static } from 'typebox'
import type { Act } from '../audit/entry.ts'
import type { KnownCaller } from '../caller.ts'
import type { Tx } from '../database/connect.ts'
import { type ErrorCode, Refusal } from '../errors.ts'
import { isReferenceForm } from '../protocol/envelope/acknowledgement.ts'
import { resolveLists } from '../vault/service.ts'
import { completeAll, endClaim, itemEntry, misfitOf, type Order } from './completion.ts'
import { claimOf } from './naming.ts'
import type { Completions, CompletionsRequest } from './severalschemas.ts'

/** Writes the entry of a part that was refused, while the others stand. */
type AppendRefusal = (
  tx: Tx,
  refused: Act & { readonly outcome: 'refused'; readonly reason: ErrorCode },
) => Promise<void>

type Asked = CompletionsRequest['completions'][number]
type Ended = Static<typeof Completions>['completions'][number]

/** Ends up to `claimItemsMax` claims: what is usual together, and what is not one by one after it. */
export async function completeSeveral(
  tx: Tx<KnownCaller>,
  { completions }: CompletionsRequest,
  appendRefusal: AppendRefusal,
): Promise<Static<typeof Completions>> {
  const lists = completions.map(({ referrals }) => referrals)
  const resolved = await resolveLists(tx, lists)
  const asked = completions.map((one, index) => ({ ...one, referrals: resolved[index] ?? [] }))
  const orders = usual(tx, asked)
  const completed = await completeAll(tx, [...orders.values()])
  const ended: Ended[] = []
  for (const one of asked) {
    const order = orders.get(one)
    const completion = order && completed.get(order)
    const { claimId } = one
    ended.push(completion ? { claimId, completion } : await endAlone(tx, one, appendRefusal))
  }
  return { completions: ended }
}

/** Of each claim that is named by its id the first, if an answer to referrals is what is asked. */
function usual({ caller }: Tx<KnownCaller>, asked: readonly Asked[]): Map<Asked, Order> {
  const orders = new Map<Asked, Order>()
  const ids = new Set<string>()
  for (const one of asked) {
    const { claimId: id, fence, ...request } = one
    const isAnswer = request.outcome !== 'unopenable' && !misfitOf(request)
    if (!isAnswer || isReferenceForm(id) || ids.has(id)) continue
    ids.add(id)
    orders.set(one, { claim: { id, fence, clientId: caller.clientId }, request })
  }
  return orders
}

/** What `usual` left out, and what did not end with it: a repetition, a lost lease. */
async function endAlone(
  tx: Tx<KnownCaller>,
  { claimId, fence, ...request }: Asked,
  appendRefusal: AppendRefusal,
): Promise<Ended> {
  try {
    const claim = await claimOf(tx, { claimId, fence })
    return { claimId, completion: await endClaim(tx, { claim, request }) }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { code, message: detail } = error
    const { object } = isReferenceForm(claimId)
      ? { object: undefined }
      : itemEntry('triage.completed', claimId)
    const refused = { action: 'triage.completed', outcome: 'refused', reason: code } as const
    await appendRefusal(tx, { ...refused, ...(object && { object }) })
    return { claimId, problem: { code, detail } }
  }
}
