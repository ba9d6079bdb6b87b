import { buffer } from 'node:stream/consumers'
import { type Draft, jsonText } from '../../client/index.ts'
import type { Command } from '../command.ts'
import { parseJson } from '../json.ts'
import { connection, connectionDetails, referrerOf, warnOfDates } from '../settings.ts'
import { tell } from '../terminal.ts'
import { createDoubts } from './doubts.ts'
import { createUnmatched } from './unmatched.ts'

/** `intake seal`. */
export const seal: Command = {
  operands: '< DRAFT > ENVELOPE',
  summary: 'Seal the draft on standard input; write the envelope to standard output.',
  details: `Nothing is submitted. Blinded match keys are sent for evaluation where matching is in use: without
a token, or an answer, it is sealed without them. Each call makes another referral: to submit one
safely, use \`intake refer\`.

${connectionDetails}`,
  options: connection,
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const unmatched = createUnmatched()
    const doubts = createDoubts()
    const { onUnmatched } = unmatched
    const referrer = await referrerOf(input, { onUnmatched, onWarnings: doubts.onWarnings })
    const draft = parseJson<Draft>(await buffer(process.stdin), 'standard input')
    const envelope = await referrer.seal(draft)
    await warnOfDates(referrer)
    for (const words of [...doubts.words(), ...unmatched.words()]) tell(words)
    return { text: jsonText(envelope), value: envelope, isData: true }
  },
}
