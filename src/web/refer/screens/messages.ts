/** What was written about a referral, in both directions, and a place to answer. */
import type { Thread, ThreadMessage } from '../../../client/index.ts'
import { button, element, paragraph } from '../../element.ts'
import { loadSealing } from '../loading.ts'
import { type Go, session } from '../session.ts'
import { say, spoken } from '../texts.ts'
import { heading } from './heading.ts'
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
      ...(isWhole ? [] : [paragraph(say('messages.fault'), 'govuk-body govuk-!-font-weight-bold')]),
      ...(all.length === 0 ? [paragraph(say('messages.none'))] : all.map(shownOf)),
      ...answering(go, answeredBy(threads)),
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
  const day = dayOf(message.at)
  const isOurs = message.from === 'recipient'
  const text = message.opened
    ? String((message.content as { text?: unknown })?.text ?? '')
    : say(isOurs ? 'messages.fault' : 'messages.sealed')
  return element(
    'div',
    { class: 'govuk-inset-text', 'data-of': isOurs ? 'reply' : 'own' },
    paragraph(say(isOurs ? 'messages.ours' : 'messages.yours', { day }), 'govuk-body-s'),
    element('p', { class: 'govuk-body refer-message', dir: 'auto' }, text),
  )
}

function answering(go: Go, referralId: string | undefined): readonly HTMLElement[] {
  const here = session()
  const area = element('textarea', {
    ...{ class: 'govuk-textarea', id: 'message', name: 'message', rows: '5', dir: 'auto' },
    ...{ autocomplete: 'off', spellcheck: 'false', maxlength: String(charactersMax) },
  })
  area.value = here.message ?? ''
  area.addEventListener('input', () => {
    here.message = area.value
  })
  const send = () => {
    if (area.value.trim() === '' || referralId === undefined) area.focus()
    else go('answering')
  }
  here.answering = referralId ?? ''
  return [
    element(
      'div',
      { class: 'govuk-form-group' },
      element(
        'label',
        { class: 'govuk-label govuk-label--m', for: 'message' },
        say('messages.write'),
      ),
      area,
    ),
    element(
      'div',
      { class: 'govuk-button-group' },
      button(say('messages.send'), send),
      button(say('messages.back'), () => go('standing'), 'govuk-button--secondary'),
    ),
  ]
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

function dayOf(moment: string): string {
  return new Intl.DateTimeFormat(spoken().code, { dateStyle: 'long' }).format(new Date(moment))
}
