import { type Opened, shown, type Unopenable } from '../../client/index.ts'
import { gathered, questionsOf } from './answers.ts'
import { linesOfAnswers, type Said } from './laying.ts'
import { labelOf, urgencyWord } from './wording.ts'

/** Of a referral beside what it says. */
type Shown = {
  /** Where it is known. */
  readonly reference?: string | undefined
  /** What was shown before of the same case. */
  readonly said?: Said
}

/**
 * An opened referral as text for a terminal: who signed it, what to mind, then the answers in the words of the questions.
 * What was not asked, and what `said` holds, is left out; all else is there, however long it is.
 */
export function wordsOfOpened(
  result: Opened | Unopenable,
  { reference, said = new Set() }: Shown = {},
): string {
  const name = `Referral ${shown(result.referralId)}`
  if (!result.opened) {
    const words = `${name} does not open, at the step ${result.step}`
    return `${words}: ${shown(result.detail)}`
  }
  const { header, signedBy, problems, incomplete, urgency, consent } = result
  const by = signedBy === 'receipt' ? 'a receipt' : signedBy.label
  const answerBy = header.respondBy ? `, answer by ${shown(header.respondBy)}` : ''
  const from = [labelOf('channel', header.channel), labelOf('region', header.region)]
  const lines = [
    `${name}${reference === undefined ? '' : `, reference ${shown(reference)}`}`,
    `  ${[urgencyWord(header.urgency), ...from].join(', ')}${answerBy}, signed by ${shown(by)}`,
    ...urgencyWords(urgency).map((line) => `  ${shown(line)}`),
    ...(consent.compared ? [`  Consent to an assessment: ${wordOf(consent.assessment)}`] : []),
    ...(incomplete.length > 0 ? [`  Still to be asked: ${questionsOf(incomplete)}`] : []),
    ...problems.map(({ pointer, detail }) => `  Does not fit: ${shown(pointer)} ${shown(detail)}`),
    ...withheldWords(result),
    ...linesOfAnswers(result, said).map((line) => `  ${line}`),
  ]
  return lines.join('\n')
}

/** A warning, in one line, not escaped. What is grave must not be missed. */
export type Warning = { readonly words: string; readonly isGrave: boolean }

/** What to mind of an opened referral, the grave first: the same as `wordsOfOpened` says, in fewer words. */
export function warningsOf(opened: Opened): Warning[] {
  const { problems, incomplete, urgency, consent, withheld } = opened
  const steps = [...new Set(withheld.map(({ step }) => step))]
  const unread = steps.map((step) => {
    const parts = withheld.flatMap((it) => (it.step === step ? [it.compartment] : []))
    return `Does not open: ${parts.join(', ')}, at the step ${step}`
  })
  const [raised, ...reasons] =
    urgency.compared && urgency.differs
      ? urgencyWords(urgency)
      : [undefined, ...urgencyWords(urgency)]
  const isGiven = consent.compared && consent.assessment === 'given'
  const assessment = consent.compared
    ? [`Consent to an assessment: ${wordOf(consent.assessment)}`]
    : []
  const grave = [...unreadWords(opened), ...unread, ...(raised ? [raised] : [])]
  const others = [
    ...(reasons.length > 0 ? [reasons.join(' ')] : []),
    ...(isGiven ? assessment : []),
    ...(incomplete.length > 0 ? [`Still to be asked: ${questionsOf(incomplete)}`] : []),
    ...problems.map(({ pointer, detail }) => `Does not fit: ${pointer} ${detail}`),
  ]
  return [
    ...[...grave, ...(isGiven ? [] : assessment)].map((words) => ({ words, isGrave: true })),
    ...others.map((words) => ({ words, isGrave: false })),
  ]
}

function wordOf(assessment: string): string {
  return assessment.replace('_', ' ')
}

/**
 * A line for each compartment that does not open, with the step for `complete`, and before them what
 * cannot be known for that: a refusal or a danger must not be hidden by damage.
 */
export function withheldWords(opened: Opened): string[] {
  return [
    ...unreadWords(opened).map((words) => `  ${words}`),
    ...opened.withheld.map(({ compartment, step, detail }) => {
      return `  Does not open: ${shown(compartment)}, at the step ${step}: ${shown(detail)}`
    }),
  ]
}

function unreadWords({ urgency, consent }: Opened): string[] {
  const isUnread = (part: typeof urgency | typeof consent) => !part.compared && part.withheld
  return [
    ...(isUnread(urgency)
      ? ['Urgency: not compared, some of what the rules read does not open. It may be more urgent']
      : []),
    ...(isUnread(consent)
      ? ['Consent to an assessment: not known, it does not open. It may have been refused']
      : []),
  ]
}

function urgencyWords(urgency: Opened['urgency']): string[] {
  if (!urgency.compared && urgency.withheld) return []
  if (!urgency.compared) return ['Urgency: not compared, you do not hold all that the rules read']
  const { differs, proposal } = urgency
  const reasons = gathered(proposal.reasons)
  return differs ? [`Urgency: the rules propose ${proposal.urgency}`, ...reasons] : reasons
}
