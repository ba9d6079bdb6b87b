/** What was written about a referral, in both directions, and a place to answer. */
import type { Thread, ThreadMessage } from '../../../client/index.ts'
import { button, element, paragraph } from '../../element.ts'
import { filesNamedIn, textIn } from '../content.ts'
import { loadSealing } from '../loading.ts'
import { timeOf } from '../moments.ts'
import { pinned } from '../pinned.ts'
import { type Go, session } from '../session.ts'
import { say } from '../texts.ts'
import { faultSummary, heading } from './heading.ts'
import { waiting } from './waiting.ts'

/** As the SDK takes it. */
const charactersMax = 20_000

export function messages(go: Go): readonly HTMLElement[] {
  const here = session()
  return waiting(say('messages.loading'), go, async () => {
    const { readAll } = await loadSealing()
    const threads = await readAll(here)
    const all = threads.flatMap((thread) => thread.messages)
    const isWhole = threads.every(({ refused, faults }) => refused.length + faults.length === 0)
    return [
      heading(say('messages.title')),
      ...(isWhole ? [] : [paragraph(faultWords(), 'govuk-body govuk-!-font-weight-bold')]),
      ...(all.length === 0 ? [paragraph(say('messages.none'))] : all.map(shownOf)),
      answering(go, answeredBy(threads)),
    ]
  })
}

/** About which an answer is: whichever was last written about, or else the newest. */
function answeredBy(threads: readonly Thread[]): string | undefined {
  const written = threads
    .flatMap(({ referralId, messages }) => messages.map(({ at }) => ({ referralId, at })))
    .sort((a, b) => (a.at < b.at ? 1 : -1))
  return (written[0] ?? threads[0])?.referralId
}

function shownOf(message: ThreadMessage): HTMLElement {
  const day = timeOf(message.at)
  const isOurs = message.from === 'recipient'
  const content = message.opened ? message.content : undefined
  const text = message.opened ? textIn(content) : isOurs ? faultWords() : say('messages.sealed')
  return element(
    'div',
    { class: 'govuk-inset-text', 'data-of': isOurs ? 'reply' : 'own' },
    paragraph(say(isOurs ? 'messages.ours' : 'messages.yours', { day }), 'govuk-body-s'),
    element('p', { class: 'govuk-body refer-message', dir: 'auto' }, text),
    ...filesOf(content),
  )
}

function faultWords(): string {
  return say('messages.fault', { telephone: pinned.telephone })
}

/** The page opens no file: it would lie on a computer that others use. How to get at it is said in its place. */
function filesOf(content: unknown): readonly HTMLElement[] {
  const files = filesNamedIn(content)
  if (files.length === 0) return []
  const names = files.map((name) => element('li', {}, element('bdi', { translate: 'no' }, name)))
  return [
    paragraph(say('messages.files')),
    element('ul', { class: 'govuk-list govuk-list--bullet refer-message' }, ...names),
    paragraph(say('messages.files.how', { telephone: pinned.telephone })),
  ]
}

function answering(go: Go, referralId: string | undefined): HTMLElement {
  const here = session()
  here.answering = referralId ?? ''
  const form = element('form', { novalidate: true, autocomplete: 'off' })
  const fill = (fault?: string) => form.replaceChildren(...answerParts(go, fault))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if ((here.message ?? '').trim() !== '') return go('answering')
    fill(say('fault.message'))
    form.querySelector<HTMLElement>('.govuk-error-summary')?.focus()
  })
  fill()
  return form
}

function answerParts(go: Go, fault: string | undefined): readonly HTMLElement[] {
  return [
    ...(fault ? [faultSummary(say('fault.title'), [{ id: 'message', text: fault }])] : []),
    element(
      'div',
      { class: `govuk-form-group${fault ? ' govuk-form-group--error' : ''}` },
      element(
        'label',
        { class: 'govuk-label govuk-label--m', for: 'message' },
        say('messages.write'),
      ),
      ...(fault
        ? [element('p', { class: 'govuk-error-message', id: 'message-fault' }, fault)]
        : []),
      areaOf(fault),
    ),
    element(
      'div',
      { class: 'govuk-button-group' },
      element('button', { class: 'govuk-button' }, say('messages.send')),
      button(say('messages.back'), () => go('standing'), 'govuk-button--secondary'),
    ),
  ]
}

function areaOf(fault: string | undefined): HTMLElement {
  const here = session()
  const area = element('textarea', {
    ...{ class: 'govuk-textarea', id: 'message', name: 'message', rows: '5', dir: 'auto' },
    ...{ autocomplete: 'off', spellcheck: 'false', maxlength: String(charactersMax) },
    ...(fault && { 'aria-describedby': 'message-fault', 'aria-invalid': 'true' }),
  })
  area.value = here.message ?? ''
  area.addEventListener('input', () => {
    here.message = area.value
  })
  return area
}

/** Seals and sends what was written. Where that fails it is still there. */
export function answeringNow(go: Go): readonly HTMLElement[] {
  const here = session()
  return waiting(say('sending.title'), go, async () => {
    const { answer } = await loadSealing()
    await answer(here)
    delete here.message
    go('messages')
    return []
  })
}
