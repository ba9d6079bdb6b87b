/** One more reader for a referral, for a while; and a key that goes. */
import { type Rotated, shown } from '../../client/index.ts'
import { londonTime } from '../../client/london.ts'
import { type CompartmentName, compartmentNames } from '../../referral/compartment.ts'
import { type Command, fitted, UsageError } from '../command.ts'
import { connection, connectionDetails, readerOf } from '../settings.ts'
import { draw } from '../terminal.ts'
import { referralNamed } from './naming.ts'
import { endOf } from './wording.ts'

const trusted = `LABEL is a reader of the newest keyset or directory, which are verified: what it is called there, or its kid.`

/** `intake grant`. */
export const grant: Command = {
  operands: 'REFERRAL --to LABEL --compartments a,b [--until DAY]',
  summary: 'Let one more reader open some compartments of a referral, for a while.',
  details: `${trusted}
The grant ends after 14 days, or at --until. What was opened by then stays known.

${connectionDetails}`,
  options: {
    to: { value: 'LABEL', help: 'The reader.' },
    compartments: { value: 'NAMES', help: `Some of ${compartmentNames.join(', ')}.` },
    until: {
      value: 'DAY',
      help: 'When it ends: 2026-12-24 or "24 December 2026", all of that day in London; or "2026-12-24 17:00".',
    },
    ...connection,
  },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const referral = referralNamed(input.operands[0] ?? '')
    const to = input.text('to')
    if (to === undefined) throw new UsageError('name the reader with --to')
    const compartments = compartmentsIn(input.text('compartments'))
    const given = input.text('until')
    const until = given === undefined ? undefined : endOf('until', given)
    const reader = await readerOf(input)
    const value = await reader.grant(referral, { to, compartments, ...(until && { until }) })
    const end = endWords(value.until)
    const what = value.compartments.join(', ')
    return { value, text: fitted(`${shown(value.to.label)} may open ${what}, ${end}`) }
  },
}

function endWords(until: string | undefined): string {
  return until === undefined ? 'without an end' : `until ${londonTime(until)} in London`
}

/** `intake grants`. */
export const grants: Command = {
  operands: 'REFERRAL',
  summary: 'List who else may open a referral, as the service says.',
  details: `It need not be all: a service that hides a grant is not found out by this.

${connectionDetails}`,
  options: connection,
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const reader = await readerOf(input)
    const value = await reader.grants(referralNamed(input.operands[0] ?? ''))
    const lines = value.map(({ kid, label, compartments, until, at, by }) => {
      const end = endWords(until)
      const given = `given ${londonTime(at)} by ${shown(by ?? 'a key that has left')}`
      return `${shown(label ?? kid)}: ${compartments.map(shown).join(', ')}, ${end}; ${given}`
    })
    return { value, text: fitted(lines.length > 0 ? lines.join('\n') : 'Nobody was granted it.') }
  },
}

/** `intake revoke`. */
export const revoke: Command = {
  operands: 'REFERRAL --to LABEL',
  summary: 'Take a grant back. What was opened stays known.',
  details: `${trusted} The service deletes the wrap: that it does is its word.

${connectionDetails}`,
  options: { to: { value: 'LABEL', help: 'The reader.' }, ...connection },
  operandsMin: 1,
  operandsMax: 1,
  async run(input) {
    const referral = referralNamed(input.operands[0] ?? '')
    const to = input.text('to')
    if (to === undefined) throw new UsageError('name the reader with --to')
    await (await readerOf(input)).revokeGrant(referral, to)
    return { value: { referral, to }, text: fitted('Taken back. What was opened stays known.') }
  },
}

/** `intake rotate-key`. */
export const rotateKey: Command = {
  operands: '--to LABEL [--revoke]',
  summary: 'Pass all that your recipient key opens on to the key that follows it.',
  details: `${trusted}
Call it with the key that goes, once the keyset that names its follower is published. It may be interrupted and called
again. Clients may seal under the keyset before for 30 days: call it once more then. Exit code 1 if some did not open.

${connectionDetails}`,
  options: {
    to: { value: 'LABEL', help: 'The key that follows.' },
    revoke: {
      help: 'Delete the wraps of the key that goes, of what was passed on; no keyset may name it any more.',
    },
    ...connection,
  },
  operandsMin: 0,
  operandsMax: 0,
  async run(input) {
    const to = input.text('to')
    if (to === undefined) throw new UsageError('name the key that follows with --to')
    const reader = await readerOf(input)
    const bar = progressBar()
    const revoke = input.given('revoke')
    const value = await reader.rotate({ to, revoke, onProgress: bar })
    const failed = value.failed.map(({ referralId, why }) => `${shown(referralId)}: ${shown(why)}`)
    const text = [
      `${value.given} passed on to ${shown(value.to.label)}, ${value.left} left`,
      ...(value.revoked > 0 ? [`${value.revoked} wraps of the key that goes were deleted`] : []),
      ...(revoke && value.passed > 0 ? [keptWords(value)] : []),
      ...failed,
    ]
    return { value, text: fitted(text.join('\n')), failed: failed.length > 0 }
  },
}

function keptWords({ passed, to }: Rotated): string {
  const own = `${shown(to.label)} opens them since they were sealed, and nothing was passed on`
  return `${passed} wraps of the key that goes stay: ${own}. Disable its client, so that nobody fetches them`
}

/** A line on standard error that is written over, where that is a terminal. */
function progressBar() {
  return ({ given, left }: { readonly given: number; readonly left: number }) => {
    draw(`${given} passed on, ${left} left`, left === 0)
  }
}

function compartmentsIn(text: string | undefined): CompartmentName[] {
  const names = (text ?? '').split(',').filter((name) => name !== '')
  const strange = names.find((name) => !(compartmentNames as readonly string[]).includes(name))
  if (names.length > 0 && strange === undefined) return names as CompartmentName[]
  throw new UsageError(
    `--compartments is some of ${compartmentNames.join(', ')}, with commas between`,
  )
}
