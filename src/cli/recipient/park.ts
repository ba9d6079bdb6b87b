/** Putting off the work on an item that one holds: for what, and until when. */
import { type ParkOptions, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { type Command, fitted } from '../command.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { claimNamed, fence, fenceDetails, leaseOf, referralOf } from './lease.ts'
import { oneOf } from './naming.ts'
import { noteAbout, noteDetails, noteOptions, textOf } from './noting.ts'
import { instantOf, parkedWords } from './wording.ts'

const reasons = Object.keys(parkedWords) as ParkOptions['reason'][]

/** `intake park`. */
export const park: Command = {
  operands: 'CLAIM [--fence N] --reason REASON [--until TIME]',
  summary: 'Park an item that is yours: nobody works on it until then.',
  details: `It is waiting again when that time has come, or as soon as its case has another referral. Without --until it
sleeps until that, or until somebody wakes it. Nobody counts it as a failure.

${fenceDetails}

${noteDetails}

${connectionDetails}`,
  options: {
    ...fence,
    reason: { value: 'REASON', help: `${reasons.join(', ')}.` },
    until: { value: 'TIME', help: '"2026-11-29 17:00" by the clock of London.' },
    ...noteOptions,
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const claim = claimNamed(input)
    const reason = oneOf('reason', input.text('reason') ?? '', reasons)
    const given = input.text('until')
    const until = given === undefined ? undefined : instantOf('until', given)
    const reader = await readerOf(input)
    const { claimId, fence } = await leaseOf(reader, claim)
    const text = await textOf(input, 'note')
    const note =
      text === undefined
        ? undefined
        : await noteAbout(reader, await referralOf(reader, claim), text)
    await reader.park({ claimId, fence }, { reason, ...(until !== undefined && { until }) }, note)
    const end = until === undefined ? 'until something wakes it' : `until ${londonTime(until)}`
    const words = `Parked, ${shown(parkedWords[reason])}, ${end}`
    const value = { parked: claimId, reason, ...(until !== undefined && { until }) }
    return { value, text: fitted(words) }
  },
}
