/** The entries that were asked for, a page at a time; of one referral its timeline. */
import { aboutOf, openersOf } from '../../client/entrywords.ts'
import { shown } from '../../referral/shown.ts'
import { type Child, element, paragraph } from '../element.ts'
import { type Filter, isWhole } from './filter.ts'
import type { Row } from './row.ts'
import { inWords, paged, table } from './table.ts'

/** As many entries as are on one page. */
const pageRows = 50

export type Entries = {
  readonly section: HTMLElement
  /** Shows those that fit `filter`, in the order of the log. */
  show(rows: readonly Row[], filter: Filter): void
  /** Marks the entry that is wrong, wherever it is shown from now on. */
  mark(index: number): void
  /** Leads to them, and to the page with entry `index` if one is named and shown. */
  leadTo(index?: number): void
}

/**
 * @param seek - asks for the timeline of one referral
 * @param areAll - whether all of the log's entries are there: else nobody may say that nobody opened it
 */
export function createEntries(seek: (referral: string) => void, areAll: boolean): Entries {
  const heading = element(
    'h2',
    { class: 'govuk-heading-m', id: 'entries', tabindex: '-1' },
    'Entries',
  )
  const summary = element('div', { role: 'status' })
  const pages = paged('entries', pageRows)
  let wrong: number | undefined
  let listed: readonly Row[] = []

  function show(rows: readonly Row[], filter: Filter): void {
    const isTimeline = filter.referral !== ''
    heading.textContent = isTimeline ? `Timeline of referral ${shown(filter.referral)}` : 'Entries'
    const order = isTimeline ? 'the oldest first' : 'the newest first'
    listed = isTimeline ? rows : rows.toReversed()
    const openers = areAll && isWhole(filter) ? openersOf(rows.map(auditEntryOf)) : []
    const count = rows.length === 0 ? 'No entry fits.' : `${counted(rows.length)}, ${order}.`
    summary.replaceChildren(...[count, ...openers].map((words) => paragraph(words)))
    list()
  }

  function list(): void {
    pages.list(listed, (part, start) => pageOf(part, start, listed.length))
  }

  function pageOf(part: readonly Row[], start: number, count: number): Child {
    if (count === 0) return ''
    const [first, last, all] = [start + 1, start + part.length, count].map(inWords)
    const caption = `Entries ${first} to ${last} of ${all}`
    const columns = ['Time in London', 'What', 'Who', 'About', 'Entry']
    return table(
      caption,
      columns,
      part.map((row) => [row.time, whatOf(row), row.who, aboutCell(row), entryCell(row)]),
    )
  }

  function aboutCell(row: Row): Child {
    const { object } = row.entry
    const about = aboutOf(auditEntryOf(row))
    if (object?.kind !== 'referral') return about
    const button = element('button', { type: 'button', class: 'log-link' }, about)
    button.addEventListener('click', () => seek(object.id))
    return button
  }

  function entryCell({ index, entry, opening }: Row): Child {
    const facts = {
      ...{ id: entry.id, request: entry.request, purpose: entry.purpose },
      ...{ digest: entry.object?.digest, client: opening.actor?.client },
      ...{ organisation: opening.actor?.organisation, ...opening.details },
    }
    const told = Object.entries(facts).flatMap(([name, value]) => {
      return value === undefined ? [] : [element('li', {}, `${shown(name)}: ${shown(value)}`)]
    })
    const summary = element('summary', {}, `${index}`)
    const list = element('ul', { class: 'log-facts' }, ...told)
    const details = element('details', {}, summary, list)
    if (index !== wrong) return details
    const mark = element('strong', { class: 'govuk-tag govuk-tag--red' }, 'wrong')
    return element('div', {}, mark, details)
  }

  function mark(index: number): void {
    wrong = index
    list()
  }

  function leadTo(index?: number): void {
    const position = listed.findIndex((row) => row.index === index)
    if (position >= 0) pages.turnTo(position)
    heading.scrollIntoView()
    heading.focus()
  }

  const section = element('section', { 'aria-labelledby': 'entries' }, heading, summary)
  section.append(pages.shown)
  return { section, show, mark, leadTo }
}

/** An entry with what opens it, as the words of it are made. */
function auditEntryOf({ entry, opening }: Row) {
  return { ...entry, opening }
}

function whatOf({ entry: { action, outcome, reason } }: Row): Child {
  if (outcome === 'permitted') return action
  const colour = outcome === 'refused' ? 'orange' : 'red'
  const tag = element('strong', { class: `govuk-tag govuk-tag--${colour}` }, outcome)
  return element('div', {}, `${action} `, tag, reason === undefined ? '' : ` ${reason}`)
}

function counted(count: number): string {
  return count === 1 ? '1 entry' : `${inWords(count)} entries`
}
