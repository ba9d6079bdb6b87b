/** Sealed once, then sent until it has been answered: the same bytes each time. */
import { element, paragraph } from '../../element.ts'
import { loadSealing } from '../loading.ts'
import { pinned } from '../pinned.ts'
import { type Go, session, wipe } from '../session.ts'
import { say } from '../texts.ts'
import { waiting } from './waiting.ts'

export function sending(go: Go): readonly HTMLElement[] {
  const here = session()
  return waiting(say('sending.title'), go, async () => {
    const { seal, send } = await loadSealing()
    here.envelope ??= await seal(here)
    const reference = await send(here.envelope, here)
    // Nothing is kept but the reference: not the answers, not what was sealed, not the receipt.
    if (session() !== here) return []
    wipe()
    Object.assign(session(), { reference, added: here.amends !== undefined })
    go('sent')
    return []
  })
}

export function sent(): readonly HTMLElement[] {
  const { reference = '', added = false } = session()
  const { organisation, telephone } = pinned
  return [
    element(
      'div',
      { class: 'govuk-panel govuk-panel--confirmation refer-panel' },
      element(
        'h1',
        { class: 'govuk-panel__title', tabindex: '-1' },
        say(added ? 'sent.added' : 'sent.title'),
      ),
      element(
        'div',
        { class: 'govuk-panel__body' },
        say('sent.reference'),
        element('br'),
        element('strong', { id: 'reference', dir: 'ltr', translate: 'no' }, reference),
      ),
    ),
    paragraph(say('sent.next', { organisation })),
    paragraph(say('sent.receipt', { telephone })),
    paragraph(say('sent.gone')),
  ]
}
