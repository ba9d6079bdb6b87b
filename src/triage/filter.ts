/** What a claim or a list asks for, as the statements take it. */
import type { Tx } from '../database/connect.ts'
import { Refusal } from '../errors.ts'
import { requireId } from '../vault/service.ts'
import { selectCaseOf } from './store/chosen.ts'
import type { Filter } from './store/filter.ts'

/** A filter as it is asked for: one case may be named by a referral of it. */
export type Asked = Filter & { readonly referral?: string | undefined }

/** Whether one case is asked for, and not what fits. */
export function isOfOne({ caseId, referral }: Asked): boolean {
  return caseId !== undefined || referral !== undefined
}

/**
 * The filter that `asked` stands for.
 *
 * @throws Refusal `malformed-request` for a case or referral that is named beside anything else, `not-found` for a
 *   referral of no case
 */
export async function filterOf(tx: Tx, asked: Asked): Promise<Filter> {
  const { regions, urgencies, channels, organisations, unverified, dueBefore, ...rest } = asked
  const { parkReason, asideId, attemptsMin } = rest
  const others = {
    ...{ regions, urgencies, channels, organisations, unverified, dueBefore },
    ...{ parkReason, asideId, attemptsMin },
  }
  if (!isOfOne(asked)) {
    // Through the calendar: the 30th of February has the form of a day, and PostgreSQL would fail on it.
    const due = dueBefore === undefined ? undefined : new Date(dueBefore).toISOString()
    return { ...others, dueBefore: due }
  }
  const { caseId, referral } = asked
  const isAlone = Object.values(others).every((value) => value === undefined)
  if (!isAlone || (caseId !== undefined && referral !== undefined)) {
    throw new Refusal('malformed-request', 'caseId, or referral, is given beside no other filter')
  }
  return { caseId: caseId ?? (await caseOf(tx, referral ?? '')) }
}

async function caseOf(tx: Tx, referral: string): Promise<string> {
  const id = await requireId(tx, referral)
  const caseId = await selectCaseOf(tx, id)
  if (caseId !== undefined) return caseId
  throw new Refusal('not-found', 'there is no such referral')
}
