/** Questions as form fields, in the markup of govuk-frontend. What was written is read in `reading.ts`. */

import { type Child, element } from '../element.ts'
import { choicesOf } from './choices.ts'
import { dayParts, optionSets, type Question, type QuestionId } from './questions.ts'
import { type Answers, isHelper } from './session.ts'
import { type Key, say, sayIf, sayTo } from './texts.ts'

/** What is wrong with what was written, by question. */
export type Faults = ReadonlyMap<QuestionId, Key>

export type Shown = { readonly answers: Answers; readonly faults: Faults }

/** A question with its label, hint, fault and fields. */
export function fieldOf(question: Question, shown: Shown): HTMLElement {
  const id = question.id as QuestionId
  const about = aboutOf(id, shown)
  const fault = shown.faults.get(id)
  const classes = `govuk-form-group${fault ? ' govuk-form-group--error' : ''}`
  return element('div', { class: classes }, ...partsOf(question, about, shown))
}

/** The words of a question, asked of the person or of a helper. */
export function labelOf(id: QuestionId, answers: Answers): string {
  return sayTo(isHelper(answers), `ask.${id}`)
}

/** A line that is no question of a referral. */
export function lineField(field: {
  readonly id: string
  readonly label: string
  readonly hint: string
  readonly classes: string
  readonly value: string
  readonly fault: string | undefined
}): HTMLElement {
  const { id, label, hint, classes, value, fault } = field
  const about = described(id, label, hint, fault)
  const input = numberOf(about, id, value, classes)
  input.maxLength = 60
  const group = `govuk-form-group${fault ? ' govuk-form-group--error' : ''}`
  return element('div', { class: group }, ...labelled(about, input))
}

type About = {
  readonly id: string
  readonly label: string
  readonly notes: readonly HTMLElement[]
  readonly described: { 'aria-describedby': string } | Record<string, never>
  readonly invalid: { 'aria-invalid': string } | Record<string, never>
}

function aboutOf(id: QuestionId, { answers, faults }: Shown): About {
  const fault = faults.get(id)
  return described(id, labelOf(id, answers), sayIf(`ask.${id}.hint`), fault && say(fault))
}

function described(
  id: string,
  label: string,
  hint: string | undefined,
  fault: string | undefined,
): About {
  const notes: HTMLElement[] = []
  if (hint !== undefined) {
    notes.push(element('div', { class: 'govuk-hint', id: `${id}-hint` }, hint))
  }
  if (fault) {
    notes.push(element('p', { class: 'govuk-error-message', id: `${id}-fault` }, fault))
  }
  const ids = notes.map((note) => note.id).join(' ')
  return {
    ...{ id, notes, label },
    described: ids === '' ? {} : { 'aria-describedby': ids },
    invalid: fault ? { 'aria-invalid': 'true' } : {},
  }
}

function partsOf(question: Question, about: About, shown: Shown): readonly Child[] {
  const value = shown.answers[question.id as QuestionId]
  const text = typeof value === 'string' ? value : ''
  switch (question.kind) {
    case 'line':
      return labelled(about, lineOf(about, text, question))
    case 'text':
      return labelled(about, textOf(about, text, question.charactersMax))
    case 'select':
      return labelled(about, selectOf(about, text, question.from))
    case 'days':
      return labelled(about, numberOf(about, about.id, text, 'govuk-input--width-3'))
    case 'day':
      return [grouped(about, dayOf(about, text))]
    case 'one':
      return [grouped(about, radiosOf(question, about, text, shown))]
    case 'several':
      return [grouped(about, checkboxesOf(question.options, about.id, value ?? []))]
  }
}

function labelled({ id, label, notes }: About, field: HTMLElement): readonly Child[] {
  return [
    element('label', { class: 'govuk-label govuk-label--s', for: id }, label),
    ...notes,
    field,
  ]
}

function grouped({ label, notes, described }: About, fields: HTMLElement): HTMLElement {
  const legend = element(
    'legend',
    { class: 'govuk-fieldset__legend govuk-fieldset__legend--s' },
    label,
  )
  const attributes = { class: 'govuk-fieldset', role: 'group', ...described }
  return element('fieldset', attributes, legend, ...notes, fields)
}

/** A browser keeps nothing of it for the next person, and sends nothing of it to a speller. */
const kept = { autocomplete: 'off', spellcheck: 'false', autocorrect: 'off' }

function lineOf(about: About, text: string, question: Question & { kind: 'line' }): HTMLElement {
  const input = element('input', {
    ...{ class: 'govuk-input', id: about.id, name: about.id, type: 'text', dir: 'auto' },
    ...{ ...kept, maxlength: String(question.charactersMax), ...about.described },
    ...(question.telephone && { inputmode: 'tel' }),
  })
  input.value = text
  return input
}

function textOf(about: About, text: string, charactersMax: number): HTMLElement {
  const area = element('textarea', {
    ...{ class: 'govuk-textarea', id: about.id, name: about.id, rows: '10', dir: 'auto' },
    ...{ ...kept, maxlength: String(charactersMax), ...about.described },
  })
  area.value = text
  return area
}

function numberOf(about: About, id: string, text: string, width: string): HTMLInputElement {
  const input = element('input', {
    ...{ class: `govuk-input ${width}`, id, name: id, type: 'text', inputmode: 'numeric' },
    ...{ ...kept, maxlength: '4', ...about.described, ...about.invalid },
  })
  input.value = text
  return input
}

function selectOf(about: About, text: string, from: (Question & { kind: 'select' })['from']) {
  const options = [{ code: '', words: say('select.none') }, ...choicesOf(from)]
  const select = element(
    'select',
    {
      ...{ class: 'govuk-select', id: about.id, name: about.id, autocomplete: 'off' },
      ...about.described,
    },
    ...options.map(({ code, words }) => element('option', { value: code }, words)),
  )
  select.value = text
  return select
}

function dayOf(about: About, text: string): HTMLElement {
  const [year = '', month = '', day = ''] = text.split('-')
  const values = { day: day.replace(/^0/, ''), month: month.replace(/^0/, ''), year }
  const parts = dayParts.map((part) => {
    const id = part === 'day' ? about.id : `${about.id}-${part}`
    const width = part === 'year' ? 'govuk-input--width-4' : 'govuk-input--width-2'
    return element(
      'div',
      { class: 'govuk-date-input__item' },
      element('label', { class: 'govuk-label', for: id }, say(`date.${part}`)),
      numberOf({ ...about, described: {} }, id, values[part], width),
    )
  })
  return element('div', { class: 'govuk-date-input' }, ...parts)
}

function radiosOf(
  { options, ifYes = [] }: Question & { kind: 'one' },
  { id }: About,
  value: string,
  shown: Shown,
): HTMLElement {
  const inline = options === 'answer' && ifYes.length === 0 ? ' govuk-radios--inline' : ''
  const list = element('div', { class: `govuk-radios${inline}` })
  const more = element(
    'div',
    { class: 'govuk-radios__conditional', hidden: value !== 'yes' },
    ...ifYes.map((question) => fieldOf(question, shown)),
  )
  optionSets[options].forEach((code, index) => {
    list.append(optionOf('radio', options, { name: id, code, index, chosen: code === value }))
    if (code === 'yes' && ifYes.length > 0) list.append(more)
  })
  list.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement && target.name === id) {
      more.hidden = target.value !== 'yes'
    }
  })
  return list
}

function checkboxesOf(
  options: keyof typeof optionSets,
  name: string,
  value: string | readonly string[],
): HTMLElement {
  const boxes = optionSets[options].map((code, index) =>
    optionOf('checkbox', options, { name, code, index, chosen: value.includes(code) }),
  )
  return element('div', { class: 'govuk-checkboxes' }, ...boxes)
}

type Option = { name: string; code: string; index: number; chosen: boolean }

function optionOf(
  type: 'radio' | 'checkbox',
  options: keyof typeof optionSets,
  { name, code, index, chosen }: Option,
): HTMLElement {
  const block = type === 'radio' ? 'govuk-radios' : 'govuk-checkboxes'
  // The first has the name of the question, for whoever is led to it from a list of faults.
  const id = index === 0 ? name : `${name}-${code}`
  const input = element('input', {
    ...{ class: `${block}__input`, id, name, type, value: code, autocomplete: 'off' },
  })
  input.checked = chosen
  const label = element(
    'label',
    { class: `govuk-label ${block}__label`, for: id },
    wordsOf(options, code),
  )
  return element('div', { class: `${block}__item` }, input, label)
}

/** The words of one code. */
export function wordsOf(options: keyof typeof optionSets, code: string): string {
  return say(`option.${options}.${code}` as Key)
}
