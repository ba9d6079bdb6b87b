/** Two referrals between which there is a question. */
import type { build } from './build.ts'
import { matchingOf, relativeOf, stranger } from './people.ts'
import { refer } from './referral.ts'
import { type asSuperuser, untilPaired } from './superuser.ts'

type Sql = ReturnType<typeof asSuperuser>

/** The id of the case that a referral is in. */
export async function caseOf(
  sql: Sql,
  { referralId }: { readonly referralId: string },
): Promise<string> {
  const [row] = await sql`select case_id from referral_case where referral_id = ${referralId}`
  return row?.case_id
}

/** Two that a person is asked about, and the ids of their cases. */
export async function questioned(built: Awaited<ReturnType<typeof build>>, sql: Sql) {
  const person = stranger()
  const one = await refer(built, undefined, { matching: matchingOf(person) })
  const other = await refer(built, undefined, { matching: matchingOf(relativeOf(person)) })
  await untilPaired(sql)
  const ids: readonly [string, string] = [await caseOf(sql, one), await caseOf(sql, other)]
  return { person, one, other, ids }
}
