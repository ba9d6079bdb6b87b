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
  const fill = (...shown: Parameters<typeof partsOf>) => form.replaceChildren(...partsOf(...shown))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const typed = digits(String(new FormData(form).get('number') ?? ''))
    const receipt = readReceipt(typed)
    if (receipt !== undefined) {
      session().receipt = receipt
      return go('standing')
    }
    fill(typed, faultOf(typed))
    form.querySelector<HTMLElement>('.govuk-error-summary')?.focus()
  })
  fill('')
  return form
}

/** One digit left out or written twice is found by counting. */
function faultOf(typed: string): string {
  const count = typed.replace(/\D/g, '').length
  if (count === 0 || count === receiptDigits) return say('fault.receipt')
  return say('fault.receipt.count', { count: String(count) })
}

const receiptDigits = 25

/** @param typed - what stands in the field: 25 digits are not to be typed twice for one that is wrong */
function partsOf(typed: string, fault?: string): readonly HTMLElement[] {
  return [
    ...(fault ? [faultSummary(say('fault.title'), [{ id: 'number', text: fault }])] : []),
    heading(say('returning.title')),
    lineField({
      ...{ id: 'number', label: say('returning.number'), hint: say('returning.hint') },
      ...{ classes: 'refer-number', value: typed, fault },
    }),
    element('button', { class: 'govuk-button' }, say('returning.see')),
  ]
}
