/** How many referrals were opened on each day, for each recipient: as bars, and as a table. */
import { shown } from '../../referral/shown.ts'
import { element, paragraph } from '../element.ts'
import type { Row } from './row.ts'
import { paged, table } from './table.ts'

/** As many bars as are shown at once. */
const pageRows = 20

type Count = { readonly day: string; readonly recipient: string; readonly openings: number }

/** @param labels - what the recipients are called, by the ids of their keys */
export function createOpenings(labels: ReadonlyMap<string, string>): {
  section: HTMLElement
  show(rows: readonly Row[]): void
} {
  const title = 'Openings by day and recipient'
  const heading = element('h2', { class: 'govuk-heading-m', id: 'openings' }, title)
  const pages = paged('openings', pageRows)
  const section = element('section', { 'aria-labelledby': 'openings' }, heading, pages.shown)

  function nameOf(recipient: string | undefined): string {
    if (recipient === undefined) return 'no key named'
    const label = labels.get(recipient)
    return label === undefined ? `key ${shown(recipient)}` : `${shown(label)}, key ${recipient}`
  }

  function show(rows: readonly Row[]): void {
    const counts = countsIn(rows, nameOf)
    const most = Math.max(1, ...counts.map(({ openings }) => openings))
    pages.list(counts, (part) => {
      if (counts.length === 0) return paragraph('None of these entries is an opening.')
      const caption = 'Referrals handed out, of the entries above'
      return element(
        'div',
        { class: 'log-openings' },
        element('div', { 'aria-hidden': 'true' }, ...part.map((count) => bar(count, most))),
        table(
          caption,
          ['Day in London', 'Recipient', 'Openings'],
          part.map(({ day, recipient, openings }) => [day, recipient, String(openings)]),
        ),
      )
    })
  }

  return { section, show }
}

/** The newest day first. */
function countsIn(rows: readonly Row[], nameOf: (recipient?: string) => string): Count[] {
  const found = new Map<string, Count>()
  for (const { time, entry } of rows) {
    if (entry.action !== 'referral.opened' || entry.outcome !== 'permitted') continue
    const day = time.slice(0, 10)
    const key = JSON.stringify([day, entry.recipient])
    const openings = (found.get(key)?.openings ?? 0) + 1
    found.set(key, { day, recipient: nameOf(entry.recipient), openings })
  }
  const keyOf = ({ day, recipient }: Count) => [day, recipient] as const
  return [...found.values()].sort((one, other) => {
    const [[day, name], [otherDay, otherName]] = [keyOf(one), keyOf(other)]
    return otherDay.localeCompare(day) || name.localeCompare(otherName)
  })
}

/** A bar with its words; who cannot see it has the table. */
function bar({ day, recipient, openings }: Count, most: number): HTMLElement {
  const words = element('p', { class: 'govuk-body-s log-bar__words' }, `${day}, ${recipient}`)
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const rect = document.createElementNS('http://www.w3.org/2000/svg', 'rect')
  rect.setAttribute('width', `${(100 * openings) / most}%`)
  rect.setAttribute('height', '100%')
  svg.append(rect)
  const drawn = element('div', { class: 'log-bar' }, svg, element('span', {}, String(openings)))
  return element('div', {}, words, drawn)
}
