/** What every screen has. */
import { element } from '../../element.ts'

/** The heading, which is read out when the screen changes. */
export function heading(text: string): HTMLElement {
  return element('h1', { class: 'govuk-heading-l', tabindex: '-1' }, text)
}

/** What must be put right before one can go on; each line leads to its field. */
export function faultSummary(
  title: string,
  lines: readonly { readonly id: string; readonly text: string }[],
): HTMLElement {
  const items = lines.map(({ id, text }) => {
    const line = element('button', { type: 'button', class: 'refer-link refer-link--fault' }, text)
    line.addEventListener('click', () => document.getElementById(id)?.focus())
    return element('li', {}, line)
  })
  return element(
    'div',
    { class: 'govuk-error-summary', role: 'alert', tabindex: '-1' },
    element('h2', { class: 'govuk-error-summary__title' }, title),
    element('ul', { class: 'govuk-list govuk-error-summary__list' }, ...items),
  )
}
