/** The words that end or prolong a claim. */
import { type Outcome, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { openingSteps } from '../../protocol/envelope/step.ts'
import { declineReasons } from '../../referral/codes/state.ts'
import { type Command, fitted, type Input, UsageError } from '../command.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { claimNamed, fence, fenceDetails, leaseOf } from './lease.ts'
import { named, oneOf } from './naming.ts'
import { noteAbout, noteDetails, noteOptions, textOf } from './noting.ts'
import { dueLine, urgencyWord } from './wording.ts'

const outcomes: readonly Outcome['outcome'][] = ['accepted', 'declined', 'redirected', 'unopenable']
const reasons = Object.keys(declineReasons)

/** `intake complete`. */
export const complete: Command = {
  operands: 'CLAIM [--fence N] --referral REFERENCE --outcome OUTCOME',
  summary: 'End the work on an item.',
  details: `${fenceDetails}

${noteDetails} It is about the first referral that is named.

What is accepted stays so until there is nothing more to do about it. Then: intake close REFERENCE.

${connectionDetails}`,
  options: {
    ...fence,
    referral: {
      value: 'REFERENCE',
      many: true,
      help: 'The reference or id of one that this answers; may be repeated.',
    },
    outcome: { value: 'OUTCOME', help: `${outcomes.join(', ')}.` },
    reason: { value: 'REASON', help: `With declined, why: ${reasons.join(', ')}.` },
    step: { value: 'STEP', help: 'With unopenable, the step at which opening failed.' },
    ...noteOptions,
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const claim = claimNamed(input)
    const outcome = outcomeOf(input)
    const said = await textOf(input, 'note')
    const reader = await readerOf(input)
    const lease = await leaseOf(reader, claim)
    const [first = ''] = outcome.referrals
    const note = said === undefined ? undefined : await noteAbout(reader, first, said)
    const value = await reader.complete(lease, outcome, note)
    const late = value.late ? ', late: the lease had ended' : ''
    const back = value.requeued.map((id) => `  referral ${shown(id)}`)
    const others = back.length > 0 ? ['Back on the queue, without an answer:', ...back] : []
    const text = [`Completed as ${shown(value.outcome)}${late}`, ...others].join('\n')
    return { value, text: fitted(text) }
  },
}

/** `intake release`. */
export const release: Command = {
  operands: 'CLAIM [--fence N]',
  summary: 'Give an item back, at its old place in the queue.',
  details: `${fenceDetails}

${connectionDetails}`,
  options: { ...fence, ...connection },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const claim = claimNamed(input)
    const reader = await readerOf(input)
    const lease = await leaseOf(reader, claim)
    await reader.release(lease)
    return { value: { released: lease.claimId }, text: `Released ${shown(lease.claimId)}` }
  },
}

/** `intake renew`. */
export const renew: Command = {
  operands: 'CLAIM [--fence N]',
  summary: 'Keep an item for longer.',
  details: `${fenceDetails}

${connectionDetails}`,
  options: {
    ...fence,
    'lease-seconds': { value: 'N', help: 'From now: 30 to 3600, else 600.' },
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const claim = claimNamed(input)
    const leaseSeconds = input.whole('lease-seconds', 30, 3600) ?? 600
    const reader = await readerOf(input)
    const value = await reader.renew(await leaseOf(reader, claim), leaseSeconds)
    const changed = value.changed
      ? ['Its urgency or its referrals have changed since you claimed it.']
      : []
    const due = `${urgencyWord(value.urgency)}. ${dueLine(value.dueAt, new Date())}`
    const lines = [`Yours until ${londonTime(value.leasedUntil)}`, due, ...changed]
    return { value, text: fitted(lines.join('\n')) }
  },
}

function outcomeOf(input: Input): Outcome {
  const referrals = input.texts('referral').map(named)
  if (referrals.length === 0)
    throw new UsageError('name each referral that this answers: --referral')
  const outcome = oneOf('outcome', input.needed('outcome'), outcomes)
  const reason = codeWith(input, 'reason', outcome === 'declined', reasons)
  const step = codeWith(input, 'step', outcome === 'unopenable', openingSteps)
  return { outcome, referrals, ...(reason && { reason }), ...(step && { step }) } as Outcome
}

/** A code that goes with one outcome, and with no other. */
function codeWith<Code extends string>(
  input: Input,
  name: string,
  isNeeded: boolean,
  list: readonly Code[],
): Code | undefined {
  if (isNeeded) return oneOf(name, input.text(name) ?? '', list)
  if (!input.given(name)) return undefined
  throw new UsageError(`--${name} does not go with that outcome`)
}
