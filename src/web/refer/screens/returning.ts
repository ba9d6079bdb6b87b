/** Back with the number. It is tried here first, so that one written down wrongly is sent nowhere. */
import { element } from '../../element.ts'
import { lineField } from '../fields.ts'
import { loadSealing } from '../loading.ts'
import { digits } from '../reading.ts'
import { type Go, session } from '../session.ts'
import { say } from '../texts.ts'
import { faultSummary, heading } from './heading.ts'
import { waiting } from './waiting.ts'

export function returning(go: Go): readonly HTMLElement[] {
  return waiting(say('returning.title'), go, async () => {
    const { readReceipt } = await loadSealing()
    return [formOf(go, readReceipt)]
  })
}

function formOf(go: Go, readReceipt: (typed: string) => string | undefined): HTMLElement {
  const form = element('form', { novalidate: true, autocomplete: 'off' })
  const fill = (fault: boolean) => form.replaceChildren(...partsOf(fault))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const receipt = readReceipt(digits(String(new FormData(form).get('number') ?? '')))
    if (receipt !== undefined) {
      session().receipt = receipt
      return go('standing')
    }
    fill(true)
    form.querySelector<HTMLElement>('.govuk-error-summary')?.focus()
  })
  fill(false)
  return form
}

function partsOf(fault: boolean): readonly HTMLElement[] {
  const text = say('fault.receipt')
  return [
    ...(fault ? [faultSummary(say('fault.title'), [{ id: 'number', text }])] : []),
    heading(say('returning.title')),
    lineField({
      ...{ id: 'number', label: say('returning.number'), hint: say('returning.hint') },
      ...{ classes: 'govuk-input--width-20', fault: fault ? text : undefined },
    }),
    element('button', { class: 'govuk-button' }, say('returning.see')),
  ]
}
