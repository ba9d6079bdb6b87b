/** What has become of a referral, for whoever has its number; the way to add to it, and to take it back. */
import type { OwnReferral } from '../../../client/index.ts'
import { button, element, paragraph } from '../../element.ts'
import { loadSealing } from '../loading.ts'
import { dayOf } from '../moments.ts'
import { pinned } from '../pinned.ts'
import { type Go, session, wipe } from '../session.ts'
import { say, sayIf } from '../texts.ts'
import { isAsked, isKept, isWithdrawable } from '../withdrawal.ts'
import { heading } from './heading.ts'
import { waiting } from './waiting.ts'

export function standing(go: Go): readonly HTMLElement[] {
  const here = session()
  // What was begun to be added and not sent is not taken up again.
  delete here.amends
  here.answers = {}
  return waiting(say('standing.loading'), go, async () => {
    const { lookUp } = await loadSealing()
    const found = await lookUp(here)
    const { telephone } = pinned
    return [
      heading(say('standing.title')),
      ...found.map(stateOf),
      ...(found.some(isAsked) ? [paragraph(say('standing.asked'))] : []),
      ...(found.some(isKept) ? [paragraph(say('standing.kept', { telephone }))] : []),
      paragraph(say('start.ring', { telephone })),
      element('div', { class: 'govuk-button-group' }, ...waysOn(go, found)),
    ]
  })
}

function waysOn(go: Go, found: readonly OwnReferral[]): readonly HTMLElement[] {
  const [newest] = found
  const add = () => {
    if (newest !== undefined) session().amends = newest.referralId
    session().changing = true
    go({ page: 'who' })
  }
  const leave = () => {
    wipe()
    go('start')
  }
  return [
    button(say('standing.messages'), () => go('messages')),
    button(say('standing.add'), add, 'govuk-button--secondary'),
    ...(found.some(isWithdrawable)
      ? [button(say('standing.withdraw'), () => go('withdrawing'), 'govuk-button--secondary')]
      : []),
    button(say('standing.leave'), leave, 'govuk-button--secondary'),
  ]
}

function stateOf({ reference, receivedAt, state, changedAt, unread }: OwnReferral): HTMLElement {
  return element(
    'dl',
    { class: 'govuk-summary-list' },
    rowOf(say('standing.reference'), reference, 'reference'),
    rowOf(say('standing.sent'), dayOf(receivedAt), 'sent'),
    rowOf(say('standing.state'), sayIf(`state.${state}`) ?? state, 'state'),
    ...(state === 'received' ? [] : [rowOf(say('standing.since'), dayOf(changedAt), 'since')]),
    ...(unread > 0 ? [rowOf(say('standing.unread'), String(unread), 'unread')] : []),
  )
}

function rowOf(key: string, value: string, name: string): HTMLElement {
  return element(
    'div',
    { class: 'govuk-summary-list__row' },
    element('dt', { class: 'govuk-summary-list__key' }, key),
    element('dd', { class: 'govuk-summary-list__value', 'data-of': name }, value),
  )
}

/** Asks first: it is a person's whole case. */
export function withdrawing(go: Go): readonly HTMLElement[] {
  const here = session()
  const place = element('div')
  const ask = () => {
    const parts = waiting(say('sending.title'), go, async () => {
      const { askToWithdraw } = await loadSealing()
      await askToWithdraw(here)
      go('standing')
      return []
    })
    place.replaceChildren(...parts)
  }
  place.append(
    heading(say('withdrawing.title')),
    paragraph(say('withdrawing.what')),
    element(
      'div',
      { class: 'govuk-button-group' },
      button(say('withdrawing.ask'), ask, 'govuk-button--warning'),
      button(say('withdrawing.keep'), () => go('standing'), 'govuk-button--secondary'),
    ),
  )
  return [place]
}
