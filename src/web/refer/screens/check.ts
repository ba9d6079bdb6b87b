/** All questions with what was answered, and the way to each. */

import { button, element, link, paragraph } from '../../element.ts'
import { nameOf } from '../choices.ts'
import { labelOf, wordsOf } from '../fields.ts'
import {
  type Page,
  type PageId,
  type Question,
  type QuestionId,
  withRevealed,
} from '../questions.ts'
import { type Answers, askedPages, type Go, isHelper, session } from '../session.ts'
import { say, sayTo } from '../texts.ts'
import { faultSummary, heading } from './heading.ts'

export function check(go: Go): readonly HTMLElement[] {
  session().changing = true
  const place = element('div')
  const fill = (fault?: string) => place.replaceChildren(...partsOf(go, send, fault))
  const send = () => {
    const { answers, amends } = session()
    if (amends === undefined) return go('receipt')
    if (isMore(answers)) return go('sending')
    fill(say('fault.nothing'))
    place.querySelector<HTMLElement>('.govuk-error-summary')?.focus()
  }
  fill()
  return [place]
}

/** Whether anything was answered but whom it is about, which is asked each time. */
function isMore(answers: Answers): boolean {
  return Object.entries(answers).some(([id, value]) => id !== 'who' && value !== undefined)
}

function partsOf(go: Go, send: () => void, fault: string | undefined): readonly HTMLElement[] {
  const { answers, amends } = session()
  return [
    ...(fault ? [faultSummary(say('fault.title'), [{ id: 'to-story', text: fault }])] : []),
    heading(say(amends === undefined ? 'check.title' : 'check.add')),
    paragraph(say(amends === undefined ? 'check.about' : 'check.added')),
    ...askedPages(answers).map((page) => sectionOf(page, go)),
    button(say('check.send'), send),
  ]
}

function sectionOf(page: Page, go: Go): HTMLElement {
  const { answers } = session()
  const id = page.id as PageId
  const title = sayTo(isHelper(answers), `page.${id}`)
  const rows = page.questions.flatMap(withRevealed).flatMap(rowOf)
  const act = say(rows.length > 0 ? 'check.change' : 'check.answer')
  const change = link(act, () => go({ page: id }))
  change.id = `to-${id}`
  change.setAttribute('aria-label', `${act}: ${title}`)
  return element(
    'section',
    { class: 'refer-section' },
    element(
      'div',
      { class: 'refer-section__title' },
      element('h2', { class: 'govuk-heading-m' }, title),
      change,
    ),
    rows.length > 0
      ? element('dl', { class: 'govuk-summary-list' }, ...rows)
      : paragraph(say('check.none'), 'govuk-hint'),
  )
}

function rowOf(question: Question): readonly HTMLElement[] {
  const { answers } = session()
  const id = question.id as QuestionId
  const value = answers[id]
  if (value === undefined) return []
  const words = (typeof value === 'string' ? [value] : value).map((one) => shownOf(question, one))
  return [
    element(
      'div',
      { class: 'govuk-summary-list__row' },
      element('dt', { class: 'govuk-summary-list__key' }, labelOf(id, answers)),
      element(
        'dd',
        { class: 'govuk-summary-list__value' },
        // What a person typed is no browser's business to translate.
        element('bdi', { translate: 'no' }, words.join('; ')),
      ),
    ),
  ]
}

function shownOf(question: Question, value: string): string {
  if (question.kind === 'one' || question.kind === 'several') {
    return wordsOf(question.options, value)
  }
  if (question.kind === 'select') return nameOf(question.from, value)
  if (question.kind === 'day') return value.split('-').reverse().join('/')
  return value
}
