import type { Opened, Unopenable } from '../client/index.ts'
import { printable } from './report.ts'

/** An opened referral as text for a terminal: who signed it, what to mind, then the answers. */
export function wordsOfOpened(result: Opened | Unopenable): string {
  if (!result.opened) {
    const words = `Referral ${result.referralId} does not open, at the step ${result.step}`
    return printable(`${words}: ${result.detail}`)
  }
  const { header, signedBy, compartments, problems, incomplete, urgency, consent } = result
  const by = signedBy === 'receipt' ? 'a receipt' : signedBy.label
  const lines = [
    `Referral ${result.referralId}, ${header.urgency}, signed by ${by}`,
    `  ${header.channel}, ${header.region}${header.respondBy ? `, answer by ${header.respondBy}` : ''}`,
    ...urgencyWords(urgency).map((line) => `  ${line}`),
    ...(consent.compared ? [`  Consent to an assessment: ${consent.assessment}`] : []),
    ...(incomplete.length > 0 ? [`  Still to be asked: ${incomplete.join(' ')}`] : []),
    ...problems.map(({ pointer, detail }) => `  Does not fit: ${pointer} ${detail}`),
    ...withheldWords(result),
    ...Object.entries(compartments).map(([name, answers]) => {
      return `  ${name}: ${JSON.stringify(answers, null, 2).replaceAll('\n', '\n  ')}`
    }),
  ]
  return printable(lines.join('\n'))
}

/** A line for each compartment that does not open, with the step for `complete`. */
export function withheldWords({ withheld }: Opened): string[] {
  return withheld.map(({ compartment, step, detail }) => {
    return printable(`  Does not open: ${compartment}, at the step ${step}: ${detail}`)
  })
}

function urgencyWords(urgency: Opened['urgency']): string[] {
  if (!urgency.compared) return ['Urgency: not compared, you do not hold all that the rules read']
  const { differs, proposal } = urgency
  if (!differs) return proposal.reasons
  return [`Urgency: the rules propose ${proposal.urgency}`, ...proposal.reasons]
}
