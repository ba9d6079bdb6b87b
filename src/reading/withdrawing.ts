/**
 * A person decides what the bearer of a receipt asked for: a slip of paper may be in other hands than those of who wrote
 * it. Who decides sees how many others asked from the same network on that day: whoever collects slips asks of many.
 */
import { append } from '../audit/service.ts'
import type { KnownCaller } from '../caller.ts'
import { takeOffQueue, unflagWithdrawal } from '../cases/service.ts'
import type { Tx } from '../database/connect.ts'
import { casesLock, takeTurn } from '../database/lock.ts'
import { Refusal } from '../errors.ts'
import {
  type AskedWithdrawal,
  askedOf,
  deleteUnopened,
  keepDecision,
  listAsked,
  move,
  requireId,
  requireKid,
} from '../vault/service.ts'
import type { AskedWithdrawals, DecisionQuery } from './schemas.ts'

type Asked = AskedWithdrawals['asked'][number]

/** A list of more is a flood; whoever decides of these sees the next. */
const listedMax = 200

/** What was asked for and waits, of the referrals that the key opens: the oldest first. */
export async function listWithdrawals(
  tx: Tx<KnownCaller>,
  recipient: string,
): Promise<AskedWithdrawals> {
  requireKid(tx, recipient)
  const found = await listAsked(tx, recipient, listedMax + 1)
  const asked = found.slice(0, listedMax).map(present)
  const details = { asked: asked.length }
  await append(tx, { action: 'withdrawal.listed', recipient, details })
  return { asked, more: found.length > listedMax }
}

/**
 * Withdraws a referral as its bearer asked, or declines that, which may be thought over. Repeated, it was done.
 *
 * @throws Refusal `not-found` for one of which nobody asked it, or that the key does not open; `withdrawal-refused` for
 *   one that has its answer, and for declining what was confirmed
 */
export async function decideWithdrawal(
  tx: Tx<KnownCaller>,
  name: string,
  { recipient, decline = false }: DecisionQuery,
): Promise<Asked> {
  requireKid(tx, recipient)
  // Nobody merges or splits cases meanwhile.
  await takeTurn(tx, casesLock)
  const id = await requireId(tx, name)
  const before = await askedOf(tx, id, recipient)
  if (!before) {
    throw new Refusal(
      'not-found',
      `nobody asked to withdraw referral ${id}, or that key does not open it`,
    )
  }
  const decision = decline ? 'declined' : 'confirmed'
  const isRepeated = before.decision === decision
  if (!isRepeated) await (decline ? requireUndone(before) : withdraw(tx, before))
  if (!isRepeated) await Promise.all([keepDecision(tx, id, decision), unflagWithdrawal(tx, id)])
  const asked = (await askedOf(tx, id, recipient)) ?? before
  const others = asked.othersThatDay ?? 'none known'
  const details = { decision, others, ...(isRepeated && { repeated: true }) }
  const object = { kind: 'referral', id } as const
  await append(tx, { action: 'withdrawal.decided', object, recipient, details })
  return present(asked)
}

function requireUndone({ decision }: AskedWithdrawal): void {
  if (decision === null) return
  throw new Refusal('withdrawal-refused', 'the withdrawal was confirmed, and is done')
}

async function withdraw(tx: Tx, { referralId, state }: AskedWithdrawal): Promise<void> {
  // Its item first: whoever completes one has locked it before its referrals.
  await takeOffQueue(tx, referralId)
  const [moved] = await move(tx, [referralId], 'withdrawn')
  if (moved === undefined) throw new Refusal('withdrawal-refused', `the referral is ${state}`)
  await deleteUnopened(tx, [referralId])
}

function present({ decision, decidedAt, othersThatDay, ...asked }: AskedWithdrawal): Asked {
  return {
    ...asked,
    ...(decision !== null && { decision }),
    ...(decidedAt !== null && { decidedAt }),
    ...(othersThatDay !== null && { othersThatDay }),
  }
}
