/** `intake openings`: who opened a referral that was sent from here. */
import { type FirstOpening, shown } from '../../client/index.ts'
import { shownFault, wordsOfLogFault, wordsOfWitnessing } from '../../client/logwords.ts'
import { isReferenceOf } from '../../protocol/envelope/acknowledgement.ts'
import { type Command, fitted, type Report, UsageError } from '../command.ts'
import { hasReferenceForm, referralNamed } from '../recipient/naming.ts'
import { connection, connectionDetails, homeOf, referrerOf } from '../settings.ts'
import { createOutbox } from './outbox.ts'

/** `intake openings`. */
export const openingsCommand: Command = {
  operands: 'ID|REFERENCE',
  summary: 'Show who opened a referral of yours, and check the proof.',
  details: `Of each recipient the day on which it first opened the referral, by the calendar of
London. What was opened today is shown from tomorrow on. A REFERENCE is looked up among what was
acknowledged here; any other referral of your organisation is named by its ID.

Each opening is proved by the access log. That none was left out, no proof can say.

Exit codes: 0, what is shown is proved, also where nothing is; 1, a proof does not hold, or no
answer came; 2, wrong call.

${connectionDetails}`,
  options: connection,
  operandsMin: 1,
  operandsMax: 1,
  async run(input): Promise<Report> {
    const referralId = await idOf(referralNamed(input.operands[0] ?? ''), homeOf(input))
    const referrer = await referrerOf(input, { onUnmatched() {}, onWarnings() {} })
    let openings: readonly FirstOpening[]
    try {
      openings = await referrer.openings(referralId)
    } catch (error) {
      const fault = shownFault(error)
      const text = `${wordsOfLogFault(fault)} Tell the administrator.`
      return { text: fitted(text), value: { referralId, fault }, failed: true }
    }
    return {
      value: {
        referralId,
        openings: openings.map(({ state: { origin, size, witnessing }, ...opening }) => {
          return { ...opening, checkpoint: { origin, size, witnessing } }
        }),
      },
      text: fitted(textOf(openings)),
    }
  },
}

/** @throws UsageError for a reference that nothing was acknowledged with here */
async function idOf(name: string, home: string): Promise<string> {
  if (!hasReferenceForm(name)) return name
  const outbox = createOutbox(home)
  for (const id of await outbox.acknowledgedIds()) {
    if (!isReferenceOf(id, name)) continue
    if ((await outbox.acknowledgementOf(id))?.reference === name) return id
  }
  throw new UsageError(
    'nothing was acknowledged here with this reference: name the referral by its id',
  )
}

function textOf(openings: readonly FirstOpening[]): string {
  if (openings.length === 0) {
    return 'No recipient had opened it by the end of yesterday. Today is shown from tomorrow on.'
  }
  const lines = openings.map(({ label, day, index, state: { log, witnessing } }) => {
    return `${day}  ${shown(label)}: entry ${index} of log ${log}. ${wordsOfWitnessing(witnessing)}`
  })
  return [...lines, 'Each entry stands in the access log. Today is shown from tomorrow on.'].join(
    '\n',
  )
}
