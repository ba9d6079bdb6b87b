import { text } from 'node:stream/consumers'
import type { Command } from './command.ts'
import { parseDraft } from './drafts.ts'
import { connection, connectionDetails, referrerOf, warnOfDates } from './settings.ts'

export const seal: Command = {
  operands: '< DRAFT > ENVELOPE',
  summary: 'Seal the draft on standard input; write the envelope to standard output.',
  details: `Nothing is sent but the question for the keyset, which needs no token. Each call makes another
referral: to submit one safely, use \`intake refer\`.

${connectionDetails}`,
  options: connection,
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const referrer = await referrerOf(input)
    const draft = new TextEncoder().encode(await text(process.stdin))
    const envelope = await referrer.seal(parseDraft(draft, 'standard input'))
    await warnOfDates(referrer)
    return { text: JSON.stringify(envelope), value: envelope }
  },
}
