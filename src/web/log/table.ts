/** Tables, which at the width of a telephone show each row as a list: the roles say what they stay. */
import { type Child, element } from '../element.ts'

/** A table with a caption, the names of its columns and the cells of its rows. */
export function table(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly Child[])[],
): HTMLElement {
  const heads = columns.map((name) => {
    const attributes = { class: 'govuk-table__header', scope: 'col', role: 'columnheader' }
    return element('th', attributes, name)
  })
  return element(
    'table',
    { class: 'govuk-table log-table', role: 'table' },
    element('caption', { class: 'govuk-table__caption govuk-table__caption--s' }, caption),
    element(
      'thead',
      { class: 'govuk-table__head', role: 'rowgroup' },
      element('tr', { class: 'govuk-table__row', role: 'row' }, ...heads),
    ),
    element(
      'tbody',
      { class: 'govuk-table__body', role: 'rowgroup' },
      ...rows.map((cells) => rowOf(columns, cells)),
    ),
  )
}

function rowOf(columns: readonly string[], cells: readonly Child[]): HTMLElement {
  const made = cells.map((cell, column) => {
    const name = columns[column] ?? ''
    return element('td', { class: 'govuk-table__cell', role: 'cell', 'data-column': name }, cell)
  })
  return element('tr', { class: 'govuk-table__row', role: 'row' }, ...made)
}

/** One page after another of a list that is too long to be shown at once. */
export type Paged = {
  readonly shown: HTMLElement
  /** Shows a list from its beginning; `page` makes what is seen of the part from `start`. */
  list<Item>(items: readonly Item[], page: (part: readonly Item[], start: number) => Child): void
  /** Shows the page with item `position` of the list. */
  turnTo(position: number): void
}

/** @param name - what is paged, for those who do not see it; `size` of them at a time */
export function paged(name: string, size: number): Paged {
  const place = element('p', { class: 'govuk-body log-pages__place', role: 'status' })
  const [back, on] = [turn('Previous page', -1), turn('Next page', 1)]
  const part = element('div')
  const nav = element(
    'nav',
    { class: 'log-pages', 'aria-label': `Pages: ${name}` },
    back,
    place,
    on,
  )
  const shown = element('div', {}, part, nav)
  let at = 0
  let pages = 1
  let show = () => {}

  function turn(words: string, by: number): HTMLButtonElement {
    const attributes = { type: 'button', class: 'govuk-button govuk-button--secondary' }
    const made = element('button', attributes, words)
    made.addEventListener('click', () => {
      // Not `disabled`: whoever presses it by the keyboard would lose the place.
      if (at + by < 0 || at + by >= pages) return
      at += by
      show()
    })
    return made
  }

  function list<Item>(
    items: readonly Item[],
    page: (part: readonly Item[], start: number) => Child,
  ): void {
    at = 0
    pages = Math.max(1, Math.ceil(items.length / size))
    nav.hidden = pages === 1
    show = () => {
      part.replaceChildren(page(items.slice(at * size, (at + 1) * size), at * size))
      place.textContent = `Page ${inWords(at + 1)} of ${inWords(pages)}`
      back.setAttribute('aria-disabled', String(at === 0))
      on.setAttribute('aria-disabled', String(at + 1 === pages))
    }
    show()
  }

  function turnTo(position: number): void {
    at = Math.floor(position / size)
    show()
  }

  return { shown, list, turnTo }
}

/** A count as people read it: `130,988`. */
export function inWords(count: number): string {
  return count.toLocaleString('en-GB')
}
