/** Which entries are asked for. */
import type { Row } from './row.ts'

/** What narrows them; each empty where it does not. */
export type Filter = {
  /** Days of London, `2026-11-29`, each included. */
  readonly from: string
  readonly to: string
  readonly action: string
  readonly outcome: string
  /** A part of the name of a client or of an organisation. */
  readonly who: string
  /** A referral, by its id or its reference. */
  readonly referral: string
}

/** Asks for all. */
export const everything: Filter = {
  ...{ from: '', to: '', action: '', outcome: '', who: '', referral: '' },
}

/** Whether all about one referral is asked for: of a part nobody may say that nobody opened it. */
export function isWhole({ referral, ...others }: Filter): boolean {
  return referral !== '' && Object.values(others).every((value) => value === '')
}

/** Those that fit, in their order. */
export function matching(rows: readonly Row[], filter: Filter): Row[] {
  const { from, to, action, outcome, referral } = filter
  const who = filter.who.toLowerCase()
  const ids = referral === '' ? undefined : idsOf(rows, referral)
  return rows.filter((row) => {
    const day = row.time.slice(0, 10)
    if ((from !== '' && day < from) || (to !== '' && day > to)) return false
    if (action !== '' && row.entry.action !== action) return false
    if (outcome !== '' && row.entry.outcome !== outcome) return false
    if (who !== '' && !isBy(row, who)) return false
    return !ids || isAbout(row, ids)
  })
}

function isBy({ opening: { actor } }: Row, who: string): boolean {
  const { client = '', organisation = '' } = actor?.labels ?? {}
  return [client, organisation].some((label) => label.toLowerCase().includes(who))
}

/** The referral that a reference was given to, and what was given itself. */
function idsOf(rows: readonly Row[], referral: string): ReadonlySet<string> {
  const named = rows.flatMap(({ entry: { object }, opening: { details } }) => {
    const isNamed = object?.kind === 'referral' && details?.reference === referral
    return isNamed ? [object.id] : []
  })
  return new Set([referral, ...named])
}

/** Whether it is about one of them, or one of the acts in its details is. */
function isAbout({ entry: { object }, opening: { details } }: Row, ids: ReadonlySet<string>) {
  if (object && ids.has(object.id)) return true
  if (typeof details?.reference === 'string' && ids.has(details.reference)) return true
  const acts = details?.acts
  if (!Array.isArray(acts)) return false
  return acts.some((act) => Object.values(act).some((value) => ids.has(String(value))))
}
