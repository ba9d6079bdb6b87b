/** The queue as one screen of text: figures, what is due first, what became of items last. Pure. */
import { type ChangesPage, type Items, type Summary, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { cell, dueWords, labelOf, urgencyWord } from './wording.ts'

type Item = Items['items'][number]
type Change = ChangesPage['changes'][number]

/** What is on the board. */
export type Board = {
  readonly summary: Summary
  /** Those due first. */
  readonly waiting: readonly Item[]
  /** The newest last. */
  readonly changes: readonly Change[]
  /** The first reference of each item that was listed. */
  readonly references: ReadonlyMap<string, string>
  /** Why it is not of now. */
  readonly trouble: string | undefined
}

const changesShown = 6

const referencesMax = 1_000

/** Notes the first reference of each item, and forgets those of the items that were listed longest ago. */
export function keepReferences(
  references: Map<string, string>,
  items: readonly Pick<Item, 'itemId' | 'references'>[],
): void {
  for (const { itemId, references: all } of items) {
    references.delete(itemId)
    references.set(itemId, all[0] ?? '')
  }
  for (const itemId of references.keys()) {
    if (references.size <= referencesMax) return
    references.delete(itemId)
  }
}

/** Lines of at most 80 columns, and at most `rows` of them. */
export function linesOf(board: Board, now: Date, rows: number): string[] {
  const { summary, waiting, changes, references, trouble } = board
  const head = [
    `The queue at ${londonTime(summary.at)}`,
    summaryLine(summary),
    ...(trouble === undefined ? [] : [cell(shown(trouble), 79).trimEnd()]),
    '',
  ]
  const last = changes.slice(-changesShown).toReversed()
  const told = last.map((change) => changeLine(change, references))
  const tail = told.length > 0 ? ['', 'Last', ...told] : []
  const room = Math.max(rows - head.length - tail.length - 1, 1)
  const table = waiting.slice(0, room).map((item) => itemLine(item, now))
  const body = table.length > 0 ? [title, ...table] : ['Nothing waits.']
  return [...head, ...body, ...tail].slice(0, Math.max(rows, 1))
}

/** `12 waiting, 3 of them overdue, 2 held, 1 escalated. Waiting: immediate 1, urgent 11` */
export function summaryLine({ byUrgency, ...all }: Summary): string {
  const { waiting, overdue, leased, escalated, parked } = all
  const parts = Object.entries(byUrgency)
    // A newer service may say more there, and none that is honest anything but figures.
    .filter(([, figures]) => typeof figures?.waiting === 'number' && figures.waiting > 0)
    .map(([urgency, figures]) => `${shown(urgency)} ${figures.waiting}`)
  const figures = [
    `${waiting} waiting${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`,
    ...(overdue > 0 ? [`${overdue} overdue`] : []),
    `${leased} held`,
    `${escalated} escalated`,
    ...(parked > 0 ? [`${parked} parked`] : []),
  ].join(', ')
  return figures.length <= 80 ? figures : `${waiting} waiting, ${overdue} overdue, ${leased} held`
}

const title = `${cell('Due', 20)}${cell('Urgency', 10)}${cell('Region', 17)}${cell('From', 23)} Ref.`

function itemLine(item: Item, now: Date): string {
  const [region = '', channel = ''] = [item.regions[0], item.channels[0]]
  const others = item.references.length - 1
  const from = item.unverified ? 'No organisation' : labelOf('channel', channel)
  return [
    cell(dueWords(item.dueAt, now), 20),
    cell(urgencyWord(item.urgency), 10),
    cell(labelOf('region', region), 17),
    `${cell(from, 22)} `,
    `${others > 0 ? '+' : ' '}${shown(item.references[0] ?? '').slice(0, 8)}`,
  ].join('')
}

/** `2026-11-29 12:40:58  claimed    57200004`, or the item where no list had it. */
export function changeLine(change: Change, references?: ReadonlyMap<string, string>): string {
  const name = references?.get(change.itemId)
  const words = name === undefined ? `item ${shown(change.itemId)}` : shown(name)
  return `${londonTime(change.at)}  ${cell(shown(change.type), 11)}${words}`
}
