/**
 * The form for people without an account. It runs in one tab and remembers in that tab only; what seals is
 * loaded while the person reads the first page.
 */
import { element, paragraph } from '../element.ts'
import { before } from './flow.ts'
import { createFrame } from './frame.ts'
import { watchIdle } from './idle.ts'
import { hasLeft, leave } from './leaving.ts'
import { loadSealing } from './loading.ts'
import { pinned } from './pinned.ts'
import { check } from './screens/check.ts'
import { heading } from './screens/heading.ts'
import { answeringNow as answering, messages } from './screens/messages.ts'
import { question } from './screens/question.ts'
import { receipt } from './screens/receipt.ts'
import { returning } from './screens/returning.ts'
import { sending, sent } from './screens/sending.ts'
import { standing, withdrawing } from './screens/standing.ts'
import { cleared, offer, start } from './screens/start.ts'
import { type Go, type Screen, session, wipe } from './session.ts'
import { type Language, say, speak } from './texts.ts'

const screens: Record<Screen & string, (go: Go) => readonly HTMLElement[]> = {
  ...{ start, cleared, offer, check, receipt, sending, sent, returning, standing, withdrawing },
  ...{ messages, answering },
}

let shown: Screen = 'start'

const frame = createFrame(goBack, (language) => void change(language))

function go(screen: Screen): void {
  shown = screen
  render()
  window.scrollTo(0, 0)
  frame.main.querySelector<HTMLElement>('h1')?.focus()
}

function render(): void {
  const parts = typeof shown === 'object' ? question(shown.page, go) : screens[shown](go)
  frame.main.replaceChildren(...parts)
  frame.back.hidden = before(shown, session()) === undefined
}

function goBack(): void {
  const previous = before(shown, session())
  if (previous !== undefined) go(previous)
}

async function change(language: Language): Promise<void> {
  await speak(language)
  frame.speak()
  // What is being sealed and sent goes on in the words that it has: begun anew it would become a second referral.
  if (shown === 'sending' || shown === 'answering') return
  const typed = fieldsShown()
  go(shown)
  for (const [index, field] of fieldsShown().entries()) takeOver(field, typed[index])
}

function fieldsShown(): readonly HTMLInputElement[] {
  return [...frame.main.querySelectorAll<HTMLInputElement>('input, textarea, select')]
}

/** What was typed and not yet submitted is nowhere but in its field: the same field of the same screen goes on. */
function takeOver(field: HTMLInputElement, typed: HTMLInputElement | undefined): void {
  if (typed?.id !== field.id) return
  const isChosen = field.checked !== typed.checked
  field.value = typed.value
  field.checked = typed.checked
  // What an answer reveals is shown again.
  if (isChosen && field.checked) field.dispatchEvent(new Event('change', { bubbles: true }))
}

/** Whether the browser has what sealing and sending need: those of 2023 and later do. */
function isCapable(): boolean {
  const needed = [window.WebAssembly, AbortSignal.timeout, URL.canParse, window.HTMLDialogElement]
  return needed.every((one) => one !== undefined)
}

function tooOld(): readonly HTMLElement[] {
  const { telephone } = pinned
  return [heading(say('old.title')), paragraph(say('old.why', { telephone }))]
}

/** Forgets, and shows `screen`: what was on the screen goes with it. */
function forget(screen: Screen): void {
  wipe()
  go(screen)
}

const dialog = element('dialog', { class: 'refer-dialog', 'aria-labelledby': 'idle-title' })
document.body.append(dialog)

watchIdle({
  warn() {
    if (isEmpty()) return
    const stay = element('button', { type: 'button', class: 'govuk-button' }, say('idle.stay'))
    dialog.replaceChildren(
      element('h2', { class: 'govuk-heading-m', id: 'idle-title' }, say('idle.title')),
      element('p', { class: 'govuk-body' }, say('idle.why')),
      stay,
    )
    dialog.showModal()
  },
  stay: () => dialog.close(),
  clear() {
    dialog.close()
    if ((shown !== 'start' && shown !== 'cleared') || !isEmpty()) forget('cleared')
  },
})

/** Whether nothing is known of anybody, nor typed and not yet submitted. */
function isEmpty(): boolean {
  const { answers, receipt: made, reference } = session()
  const known = Object.keys(answers).length > 0 || made !== undefined || reference !== undefined
  return !known && !fieldsShown().some(isFilled)
}

function isFilled({ type, checked, value }: HTMLInputElement): boolean {
  return type === 'radio' || type === 'checkbox' ? checked : value !== ''
}

/** What stands on the entry behind the page: content of nobody's, and on no other. */
const behind = 1
const isBehind = () => history.state === behind

// The browser's own way back leads to the page before, as the link does, and leaves no trace: one entry
// stands in front of the page, of the same address and without content, and is put back each time. The entry
// behind it is only ever come to by who left: it leads away again.
if (!isBehind()) {
  history.replaceState(behind, '')
  history.pushState(null, '')
}
window.addEventListener('popstate', () => {
  if (hasLeft()) return leave()
  history.pushState(null, '')
  goBack()
})
window.addEventListener('pageshow', () => {
  if (hasLeft()) leave()
})

// Whoever leaves takes nothing back by the browser's way back, which may show a page as it was left.
window.addEventListener('pagehide', () => forget('start'))

if (isBehind()) leave()
else if (isCapable()) {
  render()
  loadSealing().catch(() => {
    // Asked again where it is needed, and said there.
  })
} else {
  frame.main.replaceChildren(...tooOld())
}
