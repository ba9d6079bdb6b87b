/** The filters. Nothing leaves the page: it is not a form that is sent. */
import { button, element } from '../element.ts'
import { everything, type Filter } from './filter.ts'

type Name = keyof Filter

export type FilterForm = {
  readonly form: HTMLElement
  /** Sets one of the filters alone, and shows what fits. */
  seek(filter: Partial<Filter>): void
}

/** @param actions - those that may be chosen */
export function createForm(actions: readonly string[], show: (filter: Filter) => void): FilterForm {
  const fields: Readonly<Record<Name, HTMLInputElement | HTMLSelectElement>> = {
    from: input('from', 'date'),
    to: input('to', 'date'),
    action: select('action', actions),
    outcome: select('outcome', ['permitted', 'refused', 'failed']),
    who: input('who', 'text'),
    referral: input('referral', 'text'),
  }
  const form = element(
    'form',
    { class: 'log-filter', 'aria-labelledby': 'filter' },
    element('h2', { class: 'govuk-heading-m', id: 'filter' }, 'Which entries'),
    element(
      'div',
      { class: 'log-filter__fields' },
      labelled('From day', fields.from),
      labelled('To day, all of it', fields.to),
      labelled('Action', fields.action),
      labelled('Outcome', fields.outcome),
      labelled('Who: part of the name of a client or organisation', fields.who),
      labelled('Referral: its id, or its reference of 8 digits', fields.referral),
    ),
    element(
      'div',
      { class: 'govuk-button-group' },
      element('button', { type: 'submit', class: 'govuk-button' }, 'Show'),
      button('Show all', () => seek({}), 'govuk-button--secondary'),
    ),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    show(filterOf(fields))
  })

  function seek(filter: Partial<Filter>): void {
    const whole = { ...everything, ...filter }
    for (const [name, field] of Object.entries(fields)) field.value = whole[name as Name]
    show(whole)
  }

  return { form, seek }
}

function filterOf(fields: Readonly<Record<Name, { readonly value: string }>>): Filter {
  const given = (name: Name) => fields[name].value.trim()
  return {
    ...{ from: given('from'), to: given('to'), action: given('action') },
    ...{ outcome: given('outcome'), who: given('who'), referral: given('referral') },
  }
}

function input(id: Name, type: 'date' | 'text'): HTMLInputElement {
  const attributes = { class: 'govuk-input', id, type, autocomplete: 'off', spellcheck: 'false' }
  return element('input', attributes)
}

function select(id: Name, values: readonly string[]): HTMLSelectElement {
  const options = values.map((value) => element('option', { value }, value))
  const any = element('option', { value: '' }, 'any')
  return element('select', { class: 'govuk-select', id }, any, ...options)
}

function labelled(words: string, field: HTMLElement): HTMLElement {
  const label = element('label', { class: 'govuk-label', for: field.id }, words)
  return element('div', { class: 'govuk-form-group' }, label, field)
}
