/** `intake withdraw`: who sent a referral takes it back; or a person decides on what the bearer of a receipt asked. */
import { type AskedWithdrawal, type OwnReferral, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { type Command, fitted, type Input, type Report, UsageError } from '../command.ts'
import { referralNamed } from '../recipient/naming.ts'
import { askedFor } from '../recipient/noting.ts'
import { connection, connectionDetails, readerOf, referrerOf } from '../settings.ts'

/** `intake withdraw`. */
export const withdraw: Command = {
  operands: 'ID|REFERENCE [--reason-file FILE | --confirm | --decline]',
  summary: 'Withdraw a referral that your organisation sent, or decide on what a bearer asked.',
  details: `While it has no answer: it is withdrawn at once, and nobody works on it any more. Nothing of it is erased
for seven days. The reason is asked for, or read from a file, for others on this machine see the arguments of
a command; it is sealed to every required recipient.

With --confirm or --decline, and a recipient's key, what the bearer of its receipt asked for is decided:
intake withdrawals lists it. What was declined may be confirmed later.

${connectionDetails}`,
  options: {
    'reason-file': { value: 'FILE', help: 'Why, in a text file (- is standard input).' },
    confirm: { help: 'Withdraw it as its bearer asked.' },
    decline: { help: 'Leave it as it is.' },
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  run: async (input) => {
    const name = referralNamed(input.operands[0] ?? '')
    const [confirm, decline] = [input.given('confirm'), input.given('decline')]
    if (!confirm && !decline) return withdrawOwn(input, name)
    if (confirm === decline || input.given('reason-file')) {
      throw new UsageError('give one of --reason-file, --confirm and --decline')
    }
    const reader = await readerOf(input)
    const value = await reader.decideWithdrawal(name, confirm ? 'confirm' : 'decline')
    return { value, text: fitted(decidedWords(value)) }
  },
}

async function withdrawOwn(input: Input, name: string): Promise<Report> {
  const question = 'Why is it withdrawn? Only recipients can read it.'
  const reason = await askedFor(input, 'reason-file', question)
  const referrer = await referrerOf(input, { onUnmatched() {}, onWarnings() {} })
  const value = await referrer.withdraw(name, reason)
  return { value, text: fitted(withdrawnWords(value)) }
}

function withdrawnWords({ reference, withdrawalAskedAt, keptUntil }: OwnReferral): string {
  return [
    `${shown(reference)}  Withdrawn${at(withdrawalAskedAt)}`,
    ...(keptUntil === undefined
      ? []
      : [`  Nothing of it is erased before ${londonTime(keptUntil)}`]),
  ].join('\n')
}

function decidedWords(asked: AskedWithdrawal): string {
  const { reference, decision, decidedAt, keptUntil } = asked
  const isDone = decision === 'confirmed'
  return [
    `${shown(reference)}  ${isDone ? 'Withdrawn' : 'Not withdrawn: declined'}${at(decidedAt)}`,
    `  ${othersWords(asked)}`,
    ...(isDone ? [`  Nothing of it is erased before ${londonTime(keptUntil)}`] : []),
  ].join('\n')
}

/** How many others asked, by which who decides knows a collector of slips. */
export function othersWords({ othersThatDay }: AskedWithdrawal): string {
  if (othersThatDay === undefined) return 'Others from that network that day: none known'
  return `Others from that network that day: ${othersThatDay}`
}

function at(time: string | undefined): string {
  return time === undefined ? '' : ` ${londonTime(time)}`
}
