/** What this is, what to know before, and the two ways in. */
import { button, element, link, paragraph } from '../../element.ts'
import { pinned } from '../pinned.ts'
import { type Go, session } from '../session.ts'
import { say } from '../texts.ts'
import { heading } from './heading.ts'

export function start(go: Go): readonly HTMLElement[] {
  const { organisation, telephone } = pinned
  const knows = ['start.free', 'start.skip', 'start.memory', 'start.receipt'] as const
  return [
    heading(say('start.title')),
    paragraph(say('start.what', { organisation }), 'govuk-body-l'),
    element(
      'div',
      { class: 'govuk-inset-text' },
      paragraph(say('start.danger')),
      paragraph(say('start.ring', { telephone })),
    ),
    element(
      'ul',
      { class: 'govuk-list govuk-list--bullet' },
      ...knows.map((key) => element('li', {}, say(key))),
    ),
    button(say('start.begin'), () => go({ page: 'who' })),
    element(
      'div',
      {},
      link(say('start.return'), () => go('returning')),
    ),
    paragraph(say('start.who', { organisation }), 'govuk-body govuk-!-margin-top-6'),
  ]
}

/** After nobody pressed a key for too long. */
export function cleared(go: Go): readonly HTMLElement[] {
  return [
    heading(say('cleared.title')),
    paragraph(say('cleared.why')),
    button(say('cleared.begin'), () => go('start')),
  ]
}

/** After the safety page: what there is can be sent. */
export function offer(go: Go): readonly HTMLElement[] {
  const amends = session().amends !== undefined
  return [
    heading(say('offer.title')),
    paragraph(say('offer.now')),
    paragraph(say('offer.more')),
    element(
      'div',
      { class: 'govuk-button-group' },
      button(say('offer.continue'), () => go({ page: 'language' })),
      button(
        say('offer.send'),
        () => go(amends ? 'sending' : 'receipt'),
        'govuk-button--secondary',
      ),
    ),
  ]
}
