/** `intake close`: nothing more is done about a referral. */
import { shown } from '../../client/index.ts'
import { type Command, fitted } from '../command.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { referralNamed } from './naming.ts'

/** `intake close`. */
export const close: Command = {
  operands: 'REFERENCE|ID',
  summary: 'Close a referral that has its answer: there is nothing more to do about it.',
  details: `Of one that was accepted, declined or redirected. Whoever sent it is shown that it is closed, and its answer is not
taken back any more. Nothing of it is erased by that: a rule of retention for what is closed counts its days from
then. Done twice, it is done once.

${connectionDetails}`,
  options: connection,
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const referral = referralNamed(input.operands[0] ?? '')
    await (await readerOf(input)).close(referral)
    const text = `Closed ${shown(referral)}: whoever sent it is shown that.`
    return { value: { closed: referral }, text: fitted(text) }
  },
}
