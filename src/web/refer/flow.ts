/** Which screen follows which. */
import { lastBeforeSending, type Page, type PageId } from './questions.ts'
import { askedPages, type Screen, type Session } from './session.ts'

/** What comes after a page of questions was answered. */
export function after(page: PageId, { answers, changing }: Session): Screen {
  if (changing) return 'check'
  if (page === lastBeforeSending) return 'offer'
  return neighbour(page, 1, askedPages(answers)) ?? 'check'
}

/** Where the way back leads; nowhere from where nothing was asked yet, nor once it was sent. */
export function before(screen: Screen, session: Session): Screen | undefined {
  const { answers, changing } = session
  if (typeof screen === 'object') {
    if (changing) return 'check'
    const previous = neighbour(screen.page, -1, askedPages(answers))
    const follows = typeof previous === 'object' && previous.page === lastBeforeSending
    return follows ? 'offer' : (previous ?? 'start')
  }
  if (screen === 'offer') return { page: lastBeforeSending }
  if (screen === 'check') return session.amends === undefined ? lastPage(answers) : 'standing'
  if (screen === 'receipt') return 'check'
  if (screen === 'returning') return 'start'
  if (screen === 'withdrawing' || screen === 'messages') return 'standing'
  return undefined
}

/** How far it is: of these pages this is so-many-th. */
export function progress(page: PageId, { answers }: Session): { at: number; of: number } {
  const asked = askedPages(answers)
  return { at: asked.findIndex(({ id }) => id === page) + 1, of: asked.length }
}

function neighbour(page: PageId, step: 1 | -1, asked: readonly Page[]): Screen | undefined {
  const found = asked[asked.findIndex(({ id }) => id === page) + step]
  return found && { page: found.id as PageId }
}

function lastPage(answers: Session['answers']): Screen | undefined {
  const last = askedPages(answers).at(-1)
  return last && { page: last.id as PageId }
}
