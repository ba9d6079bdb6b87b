/** Which work is asked for: the flags of `intake claim` that choose. */
import type { ClaimOptions } from '../../client/index.ts'
import { channels, regions, urgencies } from '../../referral/codes/clear.ts'
import { compartmentNames } from '../../referral/compartment.ts'
import { type Input, type Option, UsageError } from '../command.ts'
import { named, oneOf } from './naming.ts'
import { instantOf } from './wording.ts'

/** Each may be repeated: any of its words will do. */
export const choices: Readonly<Record<string, Option>> = {
  region: {
    value: 'REGION',
    many: true,
    help: 'Only of this region, such as kent; may be repeated.',
  },
  urgency: { value: 'URGENCY', many: true, help: `Only ${Object.keys(urgencies).join(', ')}.` },
  channel: { value: 'CHANNEL', many: true, help: 'Only by this channel, such as family_friend.' },
  organisation: { value: 'ID', many: true, help: 'Only what this organisation referred.' },
  unverified: {
    help: 'Only what people without an account sent: no organisation stands behind it.',
  },
  verified: { help: 'Only the others: behind each stands an organisation.' },
  overdue: { help: 'Only what should have been claimed by now.' },
  'due-before': { value: 'TIME', help: 'Only what is due before "2026-11-29 17:00".' },
  compartment: {
    value: 'NAME',
    many: true,
    help: 'Only this of each, such as clinical: no other leaves the service.',
  },
  referral: { value: 'ID', help: 'The item of this one, by its id or reference, and no other.' },
  case: { value: 'ID', help: 'The item of this case, and no other.' },
}

type Chosen = Omit<ClaimOptions, 'max' | 'leaseSeconds' | 'escalated'>

/** What the flags choose. @throws UsageError for words of no list, and for flags that leave nothing */
export function chosenBy(input: Input): Chosen {
  const [unverified, verified] = [input.given('unverified'), input.given('verified')]
  if (unverified && verified) {
    throw new UsageError('--unverified and --verified leave nothing: give one, or none for all')
  }
  const [referral] = input.texts('referral').map(named)
  const [caseId] = input.texts('case').map(named)
  const organisations = input.texts('organisation')
  const compartments = wordsOf(input, 'compartment', 'compartments', compartmentNames)
  const chosen = {
    ...wordsOf(input, 'region', 'regions', keysOf(regions)),
    ...wordsOf(input, 'urgency', 'urgencies', keysOf(urgencies)),
    ...wordsOf(input, 'channel', 'channels', keysOf(channels)),
    ...(organisations.length > 0 && { organisations }),
    ...((unverified || verified) && { unverified }),
    ...dueBefore(input),
  }
  if (referral === undefined && caseId === undefined) return { ...chosen, ...compartments }
  const isOne = referral === undefined || caseId === undefined
  if (!isOne || Object.keys(chosen).length > 0) {
    throw new UsageError('--referral or --case names one item: no other flag chooses beside it')
  }
  return { ...(referral === undefined ? { caseId: caseId ?? '' } : { referral }), ...compartments }
}

function dueBefore(input: Input): { dueBefore?: string } {
  const given = input.text('due-before')
  if (given === undefined) {
    return input.given('overdue') ? { dueBefore: new Date().toISOString() } : {}
  }
  return { dueBefore: instantOf('due-before', given) }
}

function wordsOf<Name extends string, Code extends string>(
  input: Input,
  flag: string,
  name: Name,
  list: readonly Code[],
) {
  const words = input.texts(flag).map((word) => oneOf(flag, word, list))
  return (words.length > 0 ? { [name]: words } : {}) as { [_ in Name]?: Code[] }
}

function keysOf<Code extends string>(table: Readonly<Record<Code, string>>): Code[] {
  return Object.keys(table) as Code[]
}
