/** A person's word on cases: the same person, not the same, not sure. Each can be undone. */
import { type Judged, type Note, type Reader, shown } from '../../client/index.ts'
import { type Command, type Input, UsageError } from '../command.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { named, oneOf } from './naming.ts'
import { noteAbout, noteDetails, noteOptions, textOf } from './noting.ts'

const details = `The reference of a referral names the case that it is in, where the id of a case goes.
${noteDetails} It is about the first referral of CASE, which is opened for it and named.

${connectionDetails}`

/** `intake judge`. */
export const judge: Command = {
  operands: 'CASE OTHER --decision DECISION',
  summary: 'Judge whether two cases between which there is a question are about one person.',
  details: `same merges them. different is remembered, and never asked again. unsure keeps the question open.

${details}`,
  options: {
    decision: { value: 'DECISION', help: 'same, different or unsure.' },
    ...noteOptions,
    ...connection,
  },
  operandsMin: 2,
  operandsMax: 2,
  async run(input) {
    const [caseId = '', otherId = ''] = input.operands.map(named)
    const decision = decisionOf(input, ['same', 'different', 'unsure'])
    const reader = await readerOf(input)
    return report(
      await reader.decide(caseId, otherId, decision, await noteOf(input, reader, caseId)),
    )
  },
}

/** `intake merge`. */
export const merge: Command = {
  operands: 'CASE OTHER',
  summary: 'Merge two cases that you know to be about one person, asked or not.',
  details: `A split undoes it.

${details}`,
  options: { ...noteOptions, ...connection },
  operandsMin: 2,
  operandsMax: 2,
  async run(input) {
    const [caseId = '', otherId = ''] = input.operands.map(named)
    const reader = await readerOf(input)
    return report(await reader.merge(caseId, otherId, await noteOf(input, reader, caseId)))
  },
}

/** `intake split`. */
export const split: Command = {
  operands: 'CASE --referral REFERENCE --decision DECISION',
  summary:
    'Split referrals off a case, whatever the reason they were in it, as a case of their own.',
  details,
  options: {
    referral: {
      value: 'REFERENCE',
      many: true,
      help: 'The reference or id of one that leaves; may be repeated.',
    },
    decision: { value: 'DECISION', help: 'What holds from now on: different or unsure.' },
    ...noteOptions,
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const [caseId = ''] = input.operands.map(named)
    const decision = decisionOf(input, ['different', 'unsure'])
    const referrals = input.texts('referral').map(named)
    if (referrals.length === 0) throw new UsageError('name each that leaves: --referral')
    const reader = await readerOf(input)
    const note = await noteOf(input, reader, caseId)
    const value = await reader.split(caseId, referrals, decision, note)
    const lines = value.cases.flatMap((it) => [
      `Case ${shown(it.caseId)}:`,
      ...it.referralIds.map((id) => `  referral ${shown(id)}`),
    ])
    return { value, text: lines.join('\n') }
  },
}

function decisionOf<Decision extends string>(
  input: Input,
  decisions: readonly Decision[],
): Decision {
  return oneOf('decision', input.text('decision') ?? '', decisions)
}

/** Which referral is the first is the service's word: whoever writes is told whom the note will be about. */
async function noteOf(input: Input, reader: Reader, caseId: string): Promise<Note | undefined> {
  const text = await textOf(input, 'note')
  if (text === undefined) return undefined
  const [first] = (await reader.case(caseId)).referrals
  if (!first) throw new Error(`case ${caseId} has no referral for a note to be about`)
  return noteAbout(reader, first.referralId, text)
}

function report(judged: Judged) {
  const { caseId, otherId } = judged
  const text = otherId ? `Case ${caseId} and case ${otherId}: two` : `Case ${caseId}: one`
  return { value: judged, text }
}
