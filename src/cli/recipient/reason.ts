/** Why a referral was withdrawn, as its organisation sealed it. */
import { jsonText, quoted, shown, type WithdrawalReason } from '../../client/index.ts'

/** A line that says so, and the words below it; none where there is no reason. */
export function wordsOfReason(reason: WithdrawalReason | undefined): string[] {
  if (!reason) return []
  if (!reason.opened) {
    return [
      `Why it was withdrawn does not open, at the step ${reason.step}: ${shown(reason.detail)}`,
    ]
  }
  const { text } = (reason.content ?? {}) as { text?: unknown }
  return [
    'Withdrawn by who sent it, because:',
    ...reason.problems.map(
      ({ pointer, detail }) => `Does not fit: ${shown(pointer)} ${shown(detail)}`,
    ),
    ...quoted(typeof text === 'string' ? text : jsonText(reason.content)),
  ]
}
