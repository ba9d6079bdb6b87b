import { setTimeout } from 'node:timers/promises'
import { type ChangesPage, jsonText, type Reader, type Summary } from '../../client/index.ts'
import { type Command, fitted, type Report } from '../command.ts'
import { faultOf } from '../report.ts'
import { openScreen } from '../screen.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { onStop } from '../stop.ts'
import { print, tell } from '../terminal.ts'
import { type Board, changeLine, keepReferences, linesOf, summaryLine } from './board.ts'

/** `intake watch`. */
export const watch: Command = {
  operands: '',
  summary: 'Watch the queue: how much waits, what is due first, and what becomes of items.',
  details: `In a terminal it is one screen that is drawn anew, until Ctrl-C. Elsewhere it prints a line for each
change, and with --json a document a line. Nothing is claimed or opened. Times are of London. A + before a reference says
that the case has more of them.

${connectionDetails}`,
  options: connection,
  operandsMin: 0,
  operandsMax: 0,
  async run(input): Promise<Report> {
    const reader = await readerOf(input)
    const stopping = onStop()
    const isTerminal = process.stdout.isTTY && !input.json
    const count = isTerminal
      ? await drawn(reader, stopping)
      : await printed(reader, stopping, input.json)
    const words = `${count} ${count === 1 ? 'change' : 'changes'} seen.`
    return { value: { changes: count }, text: words }
  },
}

/** A line for each change, as it comes. @returns how many */
async function printed(reader: Reader, signal: AbortSignal, json: boolean): Promise<number> {
  let count = 0
  const onTrouble = (error: unknown) => tell(faultOf(error).title)
  for await (const { changes, isBeginning } of reader.changes({ signal, onTrouble })) {
    // Whatever does not pass ends the changes as well.
    if (isBeginning && !json) await reader.summary().then(printFigures, onTrouble)
    for (const change of changes) print(json ? jsonText(change) : fitted(changeLine(change)))
    count += changes.length
  }
  return count
}

function printFigures(summary: Summary): void {
  print(summaryLine(summary))
}

/** So often at most it is drawn, and so often at least while nothing changes: what is due comes nearer. */
const [drawMsMin, drawMsMost] = [1_000, 15_000]

/** One screen, drawn again after each change. @returns how many there were */
async function drawn(reader: Reader, stopping: AbortSignal): Promise<number> {
  const over = new AbortController()
  const signal = AbortSignal.any([stopping, over.signal])
  const references = new Map<string, string>()
  let changes: ChangesPage['changes'] = []
  let trouble: string | undefined
  let count = 0
  let board: Board | undefined
  let wake = new AbortController()
  const screen = openScreen(process.stdout, () => redraw())

  function redraw(): void {
    if (board && !signal.aborted) screen.draw(linesOf(board, new Date(), screen.rows()))
  }

  async function draw(): Promise<void> {
    try {
      const [summary, { items }] = await Promise.all([
        reader.summary(),
        reader.items({ state: 'waiting', limit: 50 }),
      ])
      keepReferences(references, items)
      board = { summary, waiting: items, changes, references, trouble }
    } catch (error) {
      trouble = faultOf(error).title
      board &&= { ...board, trouble }
    }
    redraw()
  }

  async function drawing(): Promise<void> {
    while (!signal.aborted) {
      wake = new AbortController()
      await draw()
      await setTimeout(drawMsMin, undefined, { signal }).catch(() => {})
      const either = AbortSignal.any([signal, wake.signal])
      await setTimeout(drawMsMost, undefined, { signal: either }).catch(() => {})
    }
  }

  const painter = drawing()
  try {
    const onTrouble = (error: unknown) => {
      trouble = faultOf(error).title
      wake.abort()
    }
    for await (const page of reader.changes({ signal, onTrouble })) {
      trouble = undefined
      changes = [...changes, ...page.changes].slice(-50)
      count += page.changes.length
      wake.abort()
    }
  } finally {
    over.abort()
    await painter
    screen.close()
  }
  return count
}
