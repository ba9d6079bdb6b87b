/**
 * The page beside an exported log. It shows what is in the folder and asks nobody for anything: its scripts
 * hand over the files, and the proofs are worked out here.
 */
import { aboutFile, type PageAbout, parseAbout } from '../../client/logpage.ts'
import { londonTime } from '../../client/london.ts'
import { ready } from '../../protocol/sodium.ts'
import { shown } from '../../referral/shown.ts'
import { element, paragraph } from '../element.ts'
import { createEntries } from './entries.ts'
import { takeFiles, textOf } from './files.ts'
import { matching } from './filter.ts'
import { createForm } from './form.ts'
import { createOpenings } from './openings.ts'
import { prove } from './proof.ts'
import { createRefused } from './refused.ts'
import { readRows } from './rows.ts'
import { inWords } from './table.ts'
import { createVerdict } from './verdict.ts'

const main = element('main', { class: 'govuk-main-wrapper', id: 'main' })

takeFiles((count) => {
  const place = document.querySelector('#reading')
  if (place) place.textContent = `Reading file ${count}.`
})
// The scripts that hand over the files are deferred: all of them have run before this.
document.addEventListener('DOMContentLoaded', () => {
  start().catch((error: unknown) => {
    console.error(error)
    main.prepend(paragraph('The page failed: read the folder by intake audit verify.'))
  })
})

async function start(): Promise<void> {
  await ready
  document.querySelector('main')?.replaceWith(main)
  const about = parseAbout(textOf(aboutFile) ?? '')
  if (about) await show(about)
  else {
    const title = element('h1', { class: 'govuk-heading-l' }, 'This page cannot be read')
    const words = 'data/about.js, which says what is in the folder, is missing or was changed.'
    main.replaceChildren(title, element('div', { class: 'log-verdict' }, paragraph(words)))
  }
}

async function show(about: PageAbout): Promise<void> {
  const verdict = createVerdict(about)
  main.replaceChildren(...headOf(about), verdict.section)
  const read = await readRows(about, (done) => verdict.progress('Reading', done))
  const { rows } = read
  const entries = createEntries(
    (referral) => {
      form.seek({ referral })
      entries.leadTo()
    },
    about.first === 0 && read.unreadable === 0,
  )
  const refused = createRefused()
  const openings = createOpenings(new Map(about.recipients.map(({ kid, label }) => [kid, label])))
  const actions = [...new Set(rows.map(({ entry }) => entry.action))].sort()
  const form = createForm(actions, (filter) => {
    const fitting = matching(rows, filter)
    entries.show(fitting, filter)
    refused.show(fitting)
    openings.show(fitting)
  })
  form.seek({})
  main.append(navigation(), form.form, entries.section, refused.section, openings.section)
  const found = await prove(about, read, (done) => verdict.progress('Checking', done))
  verdict.show(found, read.unreadable)
  const index = found.holds ? undefined : found.fault.index
  if (index === undefined) return
  entries.mark(index)
  if (!rows.some((row) => row.index === index)) return
  verdict.offer(`Show entry ${index}`, () => {
    form.seek({})
    entries.leadTo(index)
  })
}

function navigation(): HTMLElement {
  const parts = {
    ...{ filter: 'Which entries', entries: 'Entries', refused: 'Refused attempts' },
    openings: 'Openings by day and recipient',
  }
  const links = Object.entries(parts).map(([id, words]) => {
    return element('a', { class: 'govuk-link', href: `#${id}` }, words)
  })
  return element('nav', { class: 'govuk-body log-nav', 'aria-label': 'On this page' }, ...links)
}

function headOf({ origin, written, size, first, keyset }: PageAbout): HTMLElement[] {
  const [all, newest] = [size, size - first].map(inWords)
  const part = `It has ${all} entries, more than a page can show: these are the newest ${newest}. The others are in this folder too, for intake audit verify.`
  return [
    element('h1', { class: 'govuk-heading-l' }, 'Access log'),
    element('p', { class: 'govuk-body log-origin' }, shown(origin)),
    paragraph(
      `Written ${londonTime(written)}, by London’s clock. All times here are London’s, and names are those of then; recipients are called as in keyset ${keyset.version}.`,
    ),
    ...(first > 0 ? [paragraph(part, 'govuk-body govuk-!-font-weight-bold')] : []),
  ]
}
