/** Who was refused what, and how often; the single attempts are found by the filter. */
import { timesOf } from '../../client/entrywords.ts'
import { element, paragraph } from '../element.ts'
import type { Row } from './row.ts'
import { paged, table } from './table.ts'

const pageRows = 20

type Attempts = { readonly last: Row; readonly count: number }

/** The section, and what shows the refused and failed ones of the entries that fit. */
export function createRefused(): { section: HTMLElement; show(rows: readonly Row[]): void } {
  const heading = element('h2', { class: 'govuk-heading-m', id: 'refused' }, 'Refused attempts')
  const pages = paged('refused attempts', pageRows)
  const section = element('section', { 'aria-labelledby': 'refused' }, heading, pages.shown)

  function show(rows: readonly Row[]): void {
    const attempts = attemptsIn(rows)
    pages.list(attempts, (part) => {
      if (attempts.length === 0) return paragraph('None of these entries was refused, or failed.')
      const columns = ['Who', 'What', 'Why', 'Times', 'Last, in London']
      return table(
        'Those of the entries above that were refused, or failed',
        columns,
        part.map(({ last: { who, time, entry }, count }) => {
          const why = `${entry.outcome}${entry.reason === undefined ? '' : `: ${entry.reason}`}`
          return [who, entry.action, why, String(count), time]
        }),
      )
    })
  }

  return { section, show }
}

/** The most frequent first. An entry may be the sum of several. */
function attemptsIn(rows: readonly Row[]): Attempts[] {
  const found = new Map<string, Attempts>()
  for (const row of rows) {
    const { action, outcome, reason } = row.entry
    if (outcome === 'permitted') continue
    const key = JSON.stringify([row.who, action, outcome, reason])
    found.set(key, { last: row, count: (found.get(key)?.count ?? 0) + timesOf(row) })
  }
  return [...found.values()].sort((one, other) => other.count - one.count)
}
