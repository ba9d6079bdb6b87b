import { failedStep, jsonText, type Released, shown } from '../../client/index.ts'
import { replaceOpened } from '../../disk.ts'
import { required } from '../../errors.ts'
import { type Command, fitted } from '../command.ts'
import { readJson } from '../json.ts'
import { connection, connectionDetails, readerOf, warnOfDates } from '../settings.ts'
import { checkingDetails, checkOpened } from './checking.ts'
import { hasReferenceForm, isId, named } from './naming.ts'
import { wordsOfReason } from './reason.ts'
import { withheldWords, wordsOfOpened } from './show.ts'

/** `intake open`. */
export const open: Command = {
  operands: 'ID|REFERENCE|FILE',
  summary:
    'Open one referral, by its id or reference, or from a file that holds it as the service released it.',
  details: `It need not be claimed; that you received it is logged. If it was withdrawn, the reason is
shown that its organisation gave. Exit code 1 if it does not open, or not all
of it: what does not is named with its step, and the rest is shown.
${checkingDetails}

${connectionDetails}`,
  options: {
    out: { value: 'FILE', help: 'Write it there, for you alone to read, and print no answers.' },
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const name = named(required(input.operands[0], 'operandsMin is 1'))
    const isName = isId(name) || hasReferenceForm(name)
    const reader = await readerOf(input)
    await warnOfDates(reader)
    const released = isName ? await reader.fetch(name) : await readJson<Released>(name)
    const result = await reader.open(released)
    const withdrawal = result.opened ? await reader.withdrawalReason(released, result) : undefined
    const value = { ...result, ...(withdrawal && { withdrawal }) }
    const afterwards = () => checkOpened(reader, [result])
    const file = input.text('out')
    // Whether a file's own word for its reference is right, nobody has checked.
    const naming = isName ? { reference: released.reference } : {}
    const failed = failedStep(result) !== undefined
    if (file === undefined || !result.opened) {
      const words = wordsOfReason(withdrawal).map((line) => `  ${line}`)
      const text = [wordsOfOpened(result, naming), ...words].join('\n')
      return { value, text: fitted(text), failed, afterwards }
    }
    await replaceOpened(file, `${jsonText(value, 2)}\n`)
    const { referralId, withheld } = result
    const text = [
      `Referral ${shown(referralId)} opened into ${shown(file)}`,
      ...withheldWords(result),
    ].join('\n')
    return { value: { referralId, file, withheld }, text: fitted(text), failed, afterwards }
  },
}
