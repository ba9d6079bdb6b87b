/** What stands around every screen: the way out, the language, and what says that a translation is a draft. */
import { element, link } from '../element.ts'
import { leave } from './leaving.ts'
import { pinned } from './pinned.ts'
import { wipe } from './session.ts'
import { type Language, languages, say, spoken } from './texts.ts'

export type Frame = {
  readonly main: HTMLElement
  /** The words of the frame, anew in the language that is spoken now. */
  speak(): void
  /** The way back; hidden where there is none. */
  readonly back: HTMLButtonElement
}

/** Takes the place of what the page showed while it was loading. */
export function createFrame(onBack: () => void, onSpeak: (language: Language) => void): Frame {
  const main = element('main', { class: 'govuk-main-wrapper', id: 'main' })
  const back = link('', onBack, 'govuk-back-link')
  const banner = element('p', { class: 'refer-draft', hidden: true })
  const choose = element('nav', { class: 'refer-languages', hidden: languages.length === 1 })
  const skip = element('a', { class: 'govuk-skip-link', href: '#main' })
  skip.addEventListener('click', (event) => {
    event.preventDefault()
    main.querySelector<HTMLElement>('h1')?.focus()
  })
  const exit = element('nav', { class: 'govuk-exit-this-page' })

  function speak(): void {
    const { code, dir, draft } = spoken()
    document.documentElement.lang = code
    document.documentElement.dir = dir
    document.title = say('frame.title')
    styleFor(dir)
    skip.textContent = say('frame.skip')
    back.textContent = say('frame.back')
    banner.textContent = say('frame.draft')
    banner.hidden = !draft
    choose.setAttribute('aria-label', say('frame.languages'))
    choose.replaceChildren(...languages.map((language) => languageLink(language, onSpeak)))
    exit.setAttribute('aria-label', say('frame.exit'))
    exit.replaceChildren(exitButton())
  }

  speak()
  const top = element('header', {}, choose, banner)
  document.body.replaceChildren(
    skip,
    element('div', { class: 'govuk-width-container' }, top, exit, back, main),
  )
  return { main, back, speak }
}

function languageLink(language: Language, onSpeak: (language: Language) => void): HTMLElement {
  const { code, name, dir } = language
  const chosen = code === spoken().code
  const choice = link(name, () => onSpeak(language))
  choice.setAttribute('lang', code)
  choice.setAttribute('dir', dir)
  if (chosen) choice.setAttribute('aria-current', 'true')
  return choice
}

/** Away in one press. The other page takes the place of this one; the entry behind it leads there as well. */
function exitButton(): HTMLElement {
  const out = element(
    'a',
    {
      class: 'govuk-button govuk-button--warning govuk-exit-this-page__button',
      ...{ href: pinned.exit, rel: 'nofollow noreferrer' },
    },
    say('frame.exit'),
  )
  out.addEventListener('click', (event) => {
    event.preventDefault()
    wipe()
    // Nothing stays in sight on a bad line either, on which the other page takes its time.
    document.body.replaceChildren()
    leave()
  })
  return out
}

/** Two style sheets: the second is the first, mirrored. */
function styleFor(dir: 'ltr' | 'rtl'): void {
  const style = document.querySelector<HTMLLinkElement>('link[rel=stylesheet]')
  const href = style?.dataset[dir]
  if (style && href !== undefined && style.getAttribute('href') !== href) style.href = href
}
