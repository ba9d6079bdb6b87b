/** `intake case erase`: the end of all referrals of a case; and legal holds, which keep one from it. */
import { type Case, type ErasedCase, type Hold, type Reader, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { holdReasonCodes, holdReasons } from '../../referral/codes/hold.ts'
import { type Command, fitted, type Report } from '../command.ts'
import { ownTerminal } from '../partner/deciding.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { confirmed } from './confirming.ts'
import { named, oneOf, referralNamed } from './naming.ts'
import { labelOf } from './wording.ts'

const scopeWords = `Your client needs the scope cases:erase, which is granted by name only.`

/** `intake case erase`. */
export const caseErase: Command = {
  operands: 'CASE|REFERENCE [--yes]',
  summary: 'Erase all referrals of a case for good, once you have seen which and said so.',
  details: `What was sealed goes, the keys to it, match values, notes, messages and documents, and open work on it ends. What stays
is that there was a referral and that it was erased, and the access log. Backups forget it later: the day is said.

It shows what goes and asks. Where it cannot ask, and without --yes, nothing is erased, and the exit code is 3. What is under a
legal hold stays, and what its bearer asked to withdraw in the last seven days: exit code 1, and each is named. It may be
interrupted and called again. What comes to the case after it was shown is not erased.

${scopeWords} And cases:review, to read the case.

${connectionDetails}`,
  options: { yes: { help: 'Do not ask.' }, ...connection },
  operandsMin: 1,
  operandsMax: 1,
  async run(input): Promise<Report> {
    const [name = ''] = input.operands.map(named)
    const reader = await readerOf(input)
    const found = await reader.case(name)
    const holds = await holdsOn(reader, found)
    const shownFirst = wordsOfGoing(found, holds)
    const question = fitted(shownFirst.join('\n'))
    const isYes =
      input.given('yes') || (await confirmed(ownTerminal(input.json), question, 'erase'))
    if (!isYes) {
      const how = isYes === undefined ? [...shownFirst, 'To erase it: the same with --yes.'] : []
      const text = fitted([...how, 'Nothing was erased.'].join('\n'))
      const value = { caseId: found.caseId, erased: [], left: [], wouldErase: idsOf(found) }
      return { value, text, undecided: true }
    }
    const done = await reader.eraseCase(found)
    const value = { caseId: found.caseId, ...done }
    return { value, text: fitted(wordsOfErased(found, done)), failed: done.left.length > 0 }
  },
}

/** `intake hold`. */
export const hold: Command = {
  operands: 'REFERRAL --reason REASON',
  summary: 'Put a referral under a legal hold: nothing erases it until that is lifted.',
  details: `REASON is one of ${Object.entries(holdReasons)
    .map(([code, words]) => `${code} (${words.charAt(0).toLowerCase()}${words.slice(1)})`)
    .join(', ')}. Said again, it is replaced. ${scopeWords}

${connectionDetails}`,
  options: { reason: { value: 'REASON', help: 'Why.' }, ...connection },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const referral = referralNamed(input.operands[0] ?? '')
    const reason = oneOf('reason', input.needed('reason'), holdReasonCodes)
    await (await readerOf(input)).placeHold(referral, reason)
    const text = `Held: ${holdReasons[reason]}. To lift it: intake hold lift ${shown(referral)}`
    return { value: { referral, reason }, text: fitted(text) }
  },
}

/** `intake hold lift`. */
export const holdLift: Command = {
  operands: 'REFERRAL',
  summary: 'Lift the legal hold of a referral: it may be erased again.',
  details: `${scopeWords}

${connectionDetails}`,
  options: connection,
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const referral = referralNamed(input.operands[0] ?? '')
    await (await readerOf(input)).liftHold(referral)
    return { value: { referral }, text: 'Lifted.' }
  },
}

/** `intake holds`. */
export const holds: Command = {
  operands: '',
  summary: 'List the referrals under a legal hold, the oldest hold first.',
  details: `${scopeWords}

${connectionDetails}`,
  options: connection,
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const value = await (await readerOf(input)).holds()
    const lines = value.map((one) => {
      return `Reference ${shown(one.reference)}, since ${londonTime(one.placedAt)}: ${reasonOf(one)}`
    })
    return { value, text: fitted(lines.length > 0 ? lines.join('\n') : 'Nothing is held.') }
  },
}

async function holdsOn(reader: Reader, found: Case): Promise<Hold[]> {
  const ids = idsOf(found)
  return (await reader.holds()).filter(({ referralId }) => ids.includes(referralId))
}

function idsOf({ referrals }: Case): string[] {
  return referrals.map(({ referralId }) => referralId)
}

function wordsOfGoing({ caseId, referrals, item }: Case, held: readonly Hold[]): string[] {
  const count = referrals.length === 1 ? 'one referral' : `${referrals.length} referrals`
  return [
    `Case ${shown(caseId)}: ${count}, each with its notes, messages and documents`,
    ...referrals.flatMap(({ referralId, reference, receivedAt, state, notes, unread }) => {
      const hold = held.find((one) => one.referralId === referralId)
      return [
        `  Reference ${shown(reference)}, came ${londonTime(receivedAt)}: ${labelOf('state', state)}`,
        ...(notes > 0 ? [`    Notes: ${notes}`] : []),
        ...(unread > 0 ? [`    Messages that nobody has read: ${unread}`] : []),
        ...(hold ? [`    Stays, because it is held: ${reasonOf(hold)}`] : []),
      ]
    }),
    ...(item ? ['  There is open work on it, which ends.'] : []),
  ]
}

function wordsOfErased({ referrals }: Case, { erased, left }: ErasedCase): string {
  const references = new Map(referrals.map(({ referralId, reference }) => [referralId, reference]))
  const day = erased
    .map(({ backupsForgetOn }) => backupsForgetOn)
    .sort()
    .at(-1)
  const lines = [
    ...erased.map(({ referralId, erasedAt }) => {
      return `Reference ${shown(references.get(referralId) ?? referralId)}: erased ${londonTime(erasedAt)}`
    }),
    ...left.map(({ reference, code, detail }) => {
      return `Reference ${shown(reference)}: stays, ${shown(detail)} (${code})`
    }),
    ...(day === undefined ? [] : [`Backups forget it too on ${shown(day)}.`]),
  ]
  return lines.join('\n')
}

function reasonOf({ reason }: Pick<Hold, 'reason'>): string {
  const words: Readonly<Record<string, string>> = holdReasons
  return Object.hasOwn(holdReasons, reason) ? (words[reason] ?? '') : shown(reason)
}
