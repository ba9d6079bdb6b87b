/**
 * The receipt, made here and shown before anything is sent: a lost answer then loses nobody. Whoever types
 * its last group has it in front of them.
 */
import { element, paragraph } from '../../element.ts'
import { lineField } from '../fields.ts'
import { loadSealing } from '../loading.ts'
import { pinned } from '../pinned.ts'
import { digits } from '../reading.ts'
import { type Go, session } from '../session.ts'
import { say } from '../texts.ts'
import { faultSummary, heading } from './heading.ts'
import { waiting } from './waiting.ts'

export function receipt(go: Go): readonly HTMLElement[] {
  const here = session()
  return waiting(say('receipt.making'), go, async () => {
    const { newReceipt } = await loadSealing()
    here.receipt ??= await newReceipt()
    return [formOf(here.receipt, go)]
  })
}

function formOf(made: string, go: Go): HTMLElement {
  const groups = made.split(' ')
  const form = element('form', { novalidate: true, autocomplete: 'off' })
  const fill = (typed?: string) => form.replaceChildren(...partsOf(groups, typed))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const typed = digits(String(new FormData(form).get('confirm') ?? '')).replace(/\D/g, '')
    if (typed === groups.at(-1)) return go('sending')
    fill(typed)
    form.querySelector<HTMLElement>('.govuk-error-summary')?.focus()
  })
  fill()
  return form
}

/** @param wrong - digits that were typed and are not the last of the receipt */
function partsOf(groups: readonly string[], wrong?: string): readonly HTMLElement[] {
  const text = say('fault.confirm')
  const fault = wrong !== undefined
  return [
    ...(fault ? [faultSummary(say('fault.title'), [{ id: 'confirm', text }])] : []),
    heading(say('receipt.title')),
    paragraph(say('receipt.why')),
    element(
      'p',
      { class: 'refer-receipt', dir: 'ltr', translate: 'no', id: 'receipt' },
      ...groups.map((group) => element('span', {}, group)),
    ),
    paragraph(say('receipt.keep', { telephone: pinned.telephone })),
    lineField({
      ...{ id: 'confirm', label: say('receipt.confirm'), hint: say('receipt.confirm.hint') },
      ...{ classes: 'govuk-input--width-5', value: wrong ?? '', fault: fault ? text : undefined },
    }),
    element('button', { class: 'govuk-button' }, say('receipt.send')),
  ]
}
