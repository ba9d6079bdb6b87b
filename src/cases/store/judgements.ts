/** What is held of two referrals, by whom and why: written once, ended, never changed. */
import type { Tx } from '../../database/connect.ts'
import { iso } from '../../database/iso.ts'
import { newId } from '../../protocol/uuid.ts'
import type { Judgement, Reason, Verdict } from '../judgement.ts'

/** What is to be held, in the place of whatever is held of the two. */
export type NewJudgement = Reason & {
  readonly between: readonly [string, string]
  readonly verdict: Verdict
  readonly entryId: string
  /** The case whose id goes out of use, and which of the two was in it. */
  readonly merged?: { readonly caseId: string; readonly referralId: string }
}

/** What is held of two referrals from now on; what was held before is ended. */
export async function insertJudgement(tx: Tx, judgement: NewJudgement): Promise<void> {
  const [leftId, rightId] = [...judgement.between].sort() as [string, string]
  const at = tx.now.toISOString()
  await tx.sql`
    update judgement set ended_at = ${at}
    where left_id = ${leftId} and right_id = ${rightId} and ended_at is null`
  await tx.sql`insert into judgement ${tx.sql({
    id: newId(),
    left_id: leftId,
    right_id: rightId,
    verdict: judgement.verdict,
    basis: judgement.basis,
    probability: judgement.probability,
    bits: JSON.stringify(judgement.bits),
    made_at: at,
    entry_id: judgement.entryId,
    merged_case_id: judgement.merged?.caseId ?? null,
    merged_referral_id: judgement.merged?.referralId ?? null,
    note_referral_id: judgement.note?.referralId ?? null,
    note_number: judgement.note?.number ?? null,
  })}`
}

/** Ends these; what ended before stays as it was. */
export async function endJudgements(
  tx: Tx,
  judgements: readonly Pick<Judgement, 'id'>[],
): Promise<void> {
  if (judgements.length === 0) return
  const ids = judgements.map(({ id }) => id)
  await tx.sql`
    update judgement set ended_at = ${tx.now.toISOString()}
    where id = any (${ids}::uuid[]) and ended_at is null`
}

function columns(tx: Tx) {
  return tx.sql`
    j.id, j.left_id as "leftId", j.right_id as "rightId", j.verdict, j.basis,
    j.probability::float8 as probability, j.bits, j.entry_id as "entryId",
    ${iso(tx, 'j.made_at')} as "madeAt"`
}

/** What is held now of these referrals, of each other and of any other. */
export async function selectCurrent(tx: Tx, referralIds: readonly string[]): Promise<Judgement[]> {
  const ids = referralIds as string[]
  // Two conditions that each have their index; `or` between them would read the whole table.
  return tx.sql<Judgement[]>`
    select ${columns(tx)} from judgement j
    where j.ended_at is null and j.left_id = any (${ids}::uuid[])
    union
    select ${columns(tx)} from judgement j
    where j.ended_at is null and j.right_id = any (${ids}::uuid[])`
}

/** What connects these referrals with each other now. */
export async function selectLinks(tx: Tx, referralIds: readonly string[]): Promise<Judgement[]> {
  const ids = new Set(referralIds)
  const current = await selectCurrent(tx, referralIds)
  return current.filter(
    ({ verdict, leftId, rightId }) => verdict === 'same' && ids.has(leftId) && ids.has(rightId),
  )
}

type Past = Judgement & {
  readonly endedAt: string | null
  readonly noteReferralId: string | null
  readonly noteNumber: number | null
}

/** What is held of these and was held before, the newest first, and which note was written. */
export async function selectHistory(tx: Tx, referralIds: readonly string[], count: number) {
  return tx.sql<Past[]>`
    select ${columns(tx)}, j.note_referral_id as "noteReferralId", j.note_number as "noteNumber",
           ${iso(tx, 'j.ended_at')} as "endedAt"
    from judgement j
    where j.left_id = any (${referralIds as string[]}::uuid[])
       or j.right_id = any (${referralIds as string[]}::uuid[])
    order by j.made_at desc, j.id desc
    limit ${count}`
}

/** What is held of two cases against each other, the likeliest to be the same first. */
export async function selectBetween(
  tx: Tx,
  members: readonly { readonly referralId: string; readonly caseId: string }[],
): Promise<Judgement[]> {
  const caseOf = new Map(members.map(({ referralId, caseId }) => [referralId, caseId]))
  const current = await selectCurrent(tx, [...caseOf.keys()])
  return current
    .filter(({ leftId, rightId }) => {
      const [left, right] = [caseOf.get(leftId), caseOf.get(rightId)]
      return left !== undefined && right !== undefined && left !== right
    })
    .sort((a, b) => (b.probability ?? 0) - (a.probability ?? 0))
}
