import { jsonText, type Opened, shown, type Unopenable } from '../../client/index.ts'
import { labelOf, urgencyWord } from './wording.ts'

/** An opened referral as text for a terminal: who signed it, what to mind, then the answers. */
export function wordsOfOpened(result: Opened | Unopenable): string {
  if (!result.opened) {
    const words = `Referral ${shown(result.referralId)} does not open, at the step ${result.step}`
    return `${words}: ${shown(result.detail)}`
  }
  const { header, signedBy, compartments, problems, incomplete, urgency, consent } = result
  const by = signedBy === 'receipt' ? 'a receipt' : signedBy.label
  const answerBy = header.respondBy ? `, answer by ${shown(header.respondBy)}` : ''
  const lines = [
    `Referral ${shown(result.referralId)}, ${urgencyWord(header.urgency)}, signed by ${shown(by)}`,
    `  ${labelOf('channel', header.channel)}, ${labelOf('region', header.region)}${answerBy}`,
    ...urgencyWords(urgency).map((line) => `  ${shown(line)}`),
    ...(consent.compared ? [`  Consent to an assessment: ${consent.assessment}`] : []),
    ...(incomplete.length > 0 ? [`  Still to be asked: ${incomplete.map(shown).join(' ')}`] : []),
    ...problems.map(({ pointer, detail }) => `  Does not fit: ${shown(pointer)} ${shown(detail)}`),
    ...withheldWords(result),
    ...Object.entries(compartments).map(([name, answers]) => {
      return `  ${name}: ${jsonText(answers, 2).replaceAll('\n', '\n  ')}`
    }),
  ]
  return lines.join('\n')
}

/**
 * A line for each compartment that does not open, with the step for `complete`, and before them what
 * cannot be known for that: a refusal or a danger must not be hidden by damage.
 */
export function withheldWords({ withheld, urgency, consent }: Opened): string[] {
  const isUnread = (part: typeof urgency | typeof consent) => !part.compared && part.withheld
  return [
    ...(isUnread(urgency)
      ? [
          '  Urgency: not compared, some of what the rules read does not open. It may be more urgent',
        ]
      : []),
    ...(isUnread(consent)
      ? ['  Consent to an assessment: not known, it does not open. It may have been refused']
      : []),
    ...withheld.map(({ compartment, step, detail }) => {
      return `  Does not open: ${shown(compartment)}, at the step ${step}: ${shown(detail)}`
    }),
  ]
}

function urgencyWords(urgency: Opened['urgency']): string[] {
  if (!urgency.compared && urgency.withheld) return []
  if (!urgency.compared) return ['Urgency: not compared, you do not hold all that the rules read']
  const { differs, proposal } = urgency
  if (!differs) return proposal.reasons
  return [`Urgency: the rules propose ${proposal.urgency}`, ...proposal.reasons]
}
