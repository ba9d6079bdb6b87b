/** What was found, in words, and what the page is not. */
import type { PageAbout } from '../../client/logpage.ts'
import { wordsOfLogFault, wordsOfWitnessing } from '../../client/logwords.ts'
import { logKeyType, verifierKey } from '../../protocol/log/key.ts'
import { shown } from '../../referral/shown.ts'
import { button, element, paragraph } from '../element.ts'
import type { Verdict } from './proof.ts'
import { inWords } from './table.ts'

/** The section: what is being done, then what was found. */
export function createVerdict(about: PageAbout): {
  section: HTMLElement
  progress(what: string, done: number): void
  show(verdict: Verdict, unreadable: number): void
  /** Adds a button. */
  offer(words: string, press: () => void): void
} {
  const heading = element('h2', { class: 'govuk-heading-m', id: 'proof' }, 'Is it true?')
  const words = element('p', { class: 'govuk-body' }, 'Reading the files.')
  const count = about.size - about.first
  const bar = element('progress', { max: String(count), 'aria-labelledby': 'proof' })
  const working = element('div', {}, words, bar)
  // What is being done is not read aloud; what was found is.
  const found = element('div', { role: 'status' })
  const section = element('section', { 'aria-labelledby': 'proof' }, heading, working, found)
  section.append(evidence())

  function progress(what: string, done: number): void {
    words.textContent = `${what}: ${inWords(done)} of ${inWords(count)} entries.`
    bar.value = done
  }

  function show(verdict: Verdict, unreadable: number): void {
    working.remove()
    found.replaceChildren(
      ...(verdict.holds ? wholeOf(verdict, about) : faultOf(verdict, unreadable)),
    )
  }

  function offer(words: string, press: () => void): void {
    found.firstElementChild?.append(button(words, press, 'govuk-button--secondary'))
  }

  return { section, progress, show, offer }
}

function wholeOf({ state }: Verdict & { holds: true }, about: PageAbout): HTMLElement[] {
  const key = state.verified.find((one) => one.key.type === logKeyType)?.key
  const keyWords = key ? verifierKey(key) : ''
  return [
    element(
      'div',
      { class: 'log-verdict log-verdict--holds' },
      paragraph(
        `Each entry that is shown is as it was signed, and so is what is shown of who acted. ${wordsOfWitnessing(state.witnessing)}`,
        'govuk-body govuk-!-font-weight-bold',
      ),
      paragraph(
        `This browser hashed the entries, and checked the signature of the log on its checkpoint of ${inWords(state.size)} entries. The key is that of keyset ${about.keyset.version}, as this folder says:`,
      ),
      element('p', { class: 'govuk-body log-key' }, shown(keyWords)),
    ),
  ]
}

function faultOf({ fault }: Verdict & { holds: false }, unreadable: number): HTMLElement[] {
  const more =
    unreadable === 0
      ? ''
      : ` Entries that cannot be read, and are not shown: ${inWords(unreadable)}.`
  return [
    element(
      'div',
      { class: 'log-verdict log-verdict--wrong' },
      paragraph(wordsOfLogFault(fault), 'govuk-body govuk-!-font-weight-bold'),
      paragraph(
        `That is the first thing that is wrong in this folder: nothing shown here is proven.${more}`,
      ),
    ),
  ]
}

function evidence(): HTMLElement {
  const verify = element('code', {}, 'intake audit verify --log DIR')
  return element(
    'div',
    { class: 'govuk-inset-text' },
    paragraph(
      'This page is not evidence. Whoever could change this folder could change this page too, and the key that it checks by.',
    ),
    element(
      'p',
      { class: 'govuk-body' },
      'The evidence is what a witness signed, or a checkpoint that you kept, and ',
      verify,
      ' with the root keys that you pinned.',
    ),
  )
}
