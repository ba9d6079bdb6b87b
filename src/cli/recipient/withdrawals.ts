/** `intake withdrawals`: what bearers of receipts asked to have withdrawn. */
import { type AskedWithdrawals, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { type Command, fitted } from '../command.ts'
import { othersWords } from '../partner/withdraw.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { labelOf } from './wording.ts'

/** `intake withdrawals`. */
export const withdrawals: Command = {
  operands: '',
  summary: 'List the withdrawals that bearers of receipts asked for, and nobody decided on.',
  details: `The oldest first. Decide with: intake withdraw REFERENCE --confirm, or --decline. A slip of paper may be in other
hands: many from one network on one day are a sign of that. Times are of London, and that day is one of UTC.

${connectionDetails}`,
  options: connection,
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const value = await (await readerOf(input)).withdrawals()
    return { value, text: fitted(wordsOf(value)) }
  },
}

function wordsOf({ asked, more }: AskedWithdrawals): string {
  if (asked.length === 0) return 'Nobody asks for a withdrawal.'
  const lines = asked.map((one) =>
    [
      `${shown(one.reference)}  ${labelOf('state', one.state)}`,
      `  Asked for ${londonTime(one.askedAt)}`,
      `  ${othersWords(one)}`,
    ].join('\n'),
  )
  return [...lines, ...(more ? ['There are more, once these are decided.'] : [])].join('\n\n')
}
