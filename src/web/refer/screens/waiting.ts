/** A screen that is there when something is done, and says what went wrong where it is not. */
import { button, element, paragraph } from '../../element.ts'
import { pinned } from '../pinned.ts'
import { type Go, session } from '../session.ts'
import { type Key, say } from '../texts.ts'
import { heading } from './heading.ts'

/** What has words of its own: trying again mends nothing, or nothing at once. */
export class Told extends Error {
  readonly key: Key

  constructor(key: Key, cause?: unknown) {
    super(key, { cause })
    this.key = key
  }
}

/**
 * Shows `words` until `work` is done, then what it returned; where it failed, the reason and a way to try
 * again. What was begun before the person left or everything was cleared shows nothing any more.
 */
export function waiting(
  words: string,
  go: Go,
  work: () => Promise<readonly HTMLElement[]>,
): readonly HTMLElement[] {
  const place = element('div')
  const started = session()

  async function attempt(): Promise<void> {
    place.replaceChildren(heading(words), paragraph(say('waiting.moment')))
    focus()
    try {
      const parts = await work()
      if (session() === started) place.replaceChildren(...parts)
    } catch (error) {
      if (session() === started) place.replaceChildren(...failed(error, attempt, go))
    }
    focus()
  }

  function focus(): void {
    place.querySelector<HTMLElement>('h1')?.focus()
  }

  void attempt()
  return [place]
}

function failed(error: unknown, again: () => Promise<void>, go: Go): readonly HTMLElement[] {
  const { telephone } = pinned
  const { answers, envelope } = session()
  const kept = Object.keys(answers).length > 0
  return [
    heading(say('failed.title')),
    paragraph(say(error instanceof Told ? error.key : 'failed.line')),
    ...(kept ? [paragraph(say('failed.kept'))] : []),
    paragraph(say('failed.ring', { telephone })),
    element(
      'div',
      { class: 'govuk-button-group' },
      button(say('failed.again'), () => void again()),
      // What was sent and not answered may have arrived: it is sent again as it is, or not at all.
      ...(kept && envelope === undefined
        ? [button(say('failed.back'), () => go('check'), 'govuk-button--secondary')]
        : []),
    ),
  ]
}
