/** What was done with an item, and taking it back. */
import { type Attempts, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { required } from '../../errors.ts'
import { type Command, fitted } from '../command.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { named } from './naming.ts'
import { cell } from './wording.ts'

const item = 'ITEM is the id of an item, or the reference of a referral of it.'

/** `intake reopen`. */
export const reopen: Command = {
  operands: 'ITEM',
  summary: 'Take a completion back, within 24 hours of it.',
  details: `${item} What it answered is on the queue again, at its old place. Done twice, it is done once.

${connectionDetails}`,
  options: connection,
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const name = named(required(input.operands[0], 'operandsMin is 1'))
    const reader = await readerOf(input)
    await reader.reopen(name)
    return { value: { reopened: name }, text: `Reopened ${shown(name)}: it is on the queue again` }
  },
}

/** `intake attempts`. */
export const attempts: Command = {
  operands: 'ITEM',
  summary: 'Show who held an item, from when to when, and how each lease ended.',
  details: `${item} Those of the other items of its case are among them, the oldest first. Times are of London.

${connectionDetails}`,
  options: connection,
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const name = named(required(input.operands[0], 'operandsMin is 1'))
    const reader = await readerOf(input)
    const value = await reader.attempts(name)
    return { value, text: fitted(wordsOf(value)) }
  },
}

function wordsOf({ attempts }: Attempts): string {
  if (attempts.length === 0) return 'Nobody has held it.'
  const items = new Set(attempts.map(({ itemId }) => itemId))
  const lines = attempts.map(({ itemId, holder, from, to, ending }) => {
    const until = to === undefined ? 'now' : londonTime(to)
    const how = (ending ?? 'held').replace('_', ' ')
    const who = `${londonTime(from)}  ${cell(until, 19)}  ${cell(shown(how), 11)} ${shown(holder)}`
    return items.size > 1 ? `${who}\n  item ${shown(itemId)}` : who
  })
  return [`${cell('From', 21)}${cell('To', 21)}${cell('', 12)}By`, ...lines].join('\n')
}
