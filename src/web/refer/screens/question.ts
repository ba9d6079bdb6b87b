/** One page of questions. */
import { element, paragraph } from '../../element.ts'
import { type Faults, fieldOf, labelOf } from '../fields.ts'
import { after, progress } from '../flow.ts'
import { type Page, type PageId, pages, type QuestionId } from '../questions.ts'
import { readPage } from '../reading.ts'
import { type Answers, type Go, isHelper, session } from '../session.ts'
import { type Key, say, sayIf, sayTo } from '../texts.ts'
import { faultSummary, heading } from './heading.ts'

export function question(id: PageId, go: Go): readonly HTMLElement[] {
  const page: Page = pages.find((one) => one.id === id) ?? pages[0]
  const form = element('form', { novalidate: true, autocomplete: 'off' })
  const fill = (faults: Faults) => form.replaceChildren(...partsOf(page, faults))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const read = readPage(form, page)
    const current = session()
    current.answers = { ...current.answers, ...read.answers }
    const faults = new Map([...read.faults, ...faultsOf(id, current.answers)])
    if (faults.size === 0) return go(after(id, current))
    fill(faults)
    form.querySelector<HTMLElement>('.govuk-error-summary')?.focus()
  })
  fill(new Map())
  return [form]
}

/** What no page can go without. */
function faultsOf(id: PageId, answers: Answers): readonly (readonly [QuestionId, Key])[] {
  if (id === 'who' && answers.who === undefined) return [['who', 'fault.who']]
  if (id === 'consent' && answers.assessment === 'refused') {
    return [['assessment', 'fault.assessment']]
  }
  return []
}

function partsOf(page: Page, faults: Faults): readonly HTMLElement[] {
  const { answers } = session()
  const id = page.id as PageId
  const about = sayIf(`page.${id}.about`)
  const { at, of } = progress(id, session())
  const lines = [...faults].map(([asked, key]) => ({
    id: asked,
    text: joined(labelOf(asked, answers), say(key)),
  }))
  return [
    ...(lines.length > 0 ? [faultSummary(say('fault.title'), lines)] : []),
    element(
      'span',
      { class: 'govuk-caption-l' },
      say('page.progress', { at: String(at), of: String(of) }),
    ),
    heading(sayTo(isHelper(answers), `page.${id}`)),
    ...(about === undefined ? [] : [paragraph(about)]),
    ...page.questions.map((asked) => fieldOf(asked, { answers, faults })),
    element('button', { class: 'govuk-button' }, say('page.continue')),
  ]
}

/** A question that ends in its mark (`؟` in Arabic) gets no colon as well. */
function joined(label: string, fault: string): string {
  return /[?؟]$/u.test(label) ? `${label} ${fault}` : `${label}: ${fault}`
}
