/** What one holds: after a crash, or when the terminal was closed. */
import { type OwnClaims, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { type Command, fitted } from '../command.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { moreWords, pageOf, pageOptions } from './paging.ts'
import { dueLine, urgencyWord } from './wording.ts'

/** `intake mine`. */
export const mine: Command = {
  operands: '',
  summary: 'List the items that are yours now, each with its fence.',
  details: `They are those of the client that you sign in as, whoever claimed them with it. Nothing is opened: for that,
intake open, with the id or reference of a referral. Times are of London.

${connectionDetails}`,
  options: { ...pageOptions('those due first'), ...connection },
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const page = pageOf(input)
    const reader = await readerOf(input)
    const value = await reader.ownClaims(page)
    return { value, text: fitted(wordsOf(value, new Date())) }
  },
}

function wordsOf({ claims, next }: OwnClaims, now: Date): string {
  if (claims.length === 0) return 'No item is yours.'
  const items = claims.map((claim) => {
    return [
      `Item ${shown(claim.claimId)}, fence ${claim.fence}: ${urgencyWord(claim.urgency)}`,
      `  ${dueLine(claim.dueAt, now)}`,
      `  Yours until ${londonTime(claim.leasedUntil)}`,
      ...(claim.unverified ? ['  No organisation stands behind it'] : []),
      `  Reference ${claim.references.map(shown).join(', ')}`,
    ].join('\n')
  })
  return [...items, ...moreWords(next)].join('\n\n')
}
