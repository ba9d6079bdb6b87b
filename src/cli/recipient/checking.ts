/** The urgency and the match keys of what was opened, in words for a person. Never a name. */
import {
  type CheckedMatchKeys,
  KeysUnmade,
  type Opened,
  type Reader,
  ServiceProblem,
  type StatedUrgency,
  shown,
  type Unopenable,
} from '../../client/index.ts'
import { fitted } from '../command.ts'
import { faultOf, wordsOf } from '../report.ts'
import { tell } from '../terminal.ts'

/** In the details of each command that opens. */
export const checkingDetails = `A recipient that holds detention, legal and clinical also states the urgency that the rules give now,
and says on standard error where that raised an item. One that holds identity and contact checks the
match keys of what it opened, if nobody has yet, and says there which were not the same.`

/**
 * What a recipient's own keys say to those that stood there: `same`, `supplied` where there were none,
 * or `corrected` where there were others.
 */
export type Comparison = 'same' | 'supplied' | 'corrected'

/** Of all epochs together: keys under a new one are no correction of those under the old one. */
export function comparisonOf({ epochs }: Pick<CheckedMatchKeys, 'epochs'>): Comparison {
  if (epochs.some(({ before }) => before === 'other')) return 'corrected'
  return epochs.some(({ before }) => before === 'none') ? 'supplied' : 'same'
}

/**
 * After a claim or an opening: says on standard error what became of the statements of urgency that
 * opening began, and checks the match keys that nobody has checked yet, where this recipient can. It
 * never fails: whoever opened a referral has it.
 */
export async function checkOpened(
  reader: Reader,
  results: readonly (Opened | Unopenable)[],
): Promise<void> {
  for (const result of results) if (result.opened) await sayRaised(reader, result)
  await checkKeys(reader, results)
}

/**
 * Says on standard error whether opening raised the item of a referral, or why its urgency is not stated.
 *
 * @returns what was raised
 */
export async function sayRaised(
  reader: Reader,
  opened: Opened,
): Promise<Pick<StatedUrgency, 'before' | 'urgency'> | undefined> {
  const { referralId } = opened
  try {
    const stated = await reader.stateUrgency(opened)
    if (stated === 'withheld') {
      const words = 'some of what the rules read does not open'
      tell(fitted(`The urgency of ${shown(referralId)} is not stated: ${words}`))
      return undefined
    }
    if (!stated || stated.before === stated.urgency) return undefined
    const { before, urgency } = stated
    tell(`Urgency of ${shown(referralId)}: raised from ${before} to ${urgency}, as the rules give`)
    return { before, urgency }
  } catch (error) {
    tell(`The urgency of ${shown(referralId)} is not stated: ${wordsOf(faultOf(error))}`)
    return undefined
  }
}

async function checkKeys(reader: Reader, results: readonly (Opened | Unopenable)[]): Promise<void> {
  try {
    const { keyset } = await reader.keyset()
    for (const result of keyset.matching.length > 0 ? results : []) {
      if (result.opened && holdsPerson(result.compartments)) await check(reader, result)
    }
  } catch (error) {
    // The others would meet the same; `intake match` comes back to them.
    const { title, detail } = faultOf(error)
    tell(`Match keys are not checked: ${shown(title)}${detail ? `: ${shown(detail)}` : ''}`)
  }
}

async function check(reader: Reader, opened: Opened): Promise<void> {
  const { referralId } = opened
  const { referralIds } = await reader.unchecked({ referralId })
  if (!referralIds.includes(referralId)) return
  try {
    const comparison = comparisonOf(await reader.checkMatchKeys(opened))
    // Mostly they are the same, and nobody has anything to do: an item stays one screen.
    if (comparison !== 'same') tell(fitted(`Match keys of ${shown(referralId)}: ${comparison}`))
  } catch (error) {
    if (!isOfOneReferral(error)) throw error
    tell(`Match keys of ${shown(referralId)} are not checked: ${wordsOf(faultOf(error))}`)
  }
}

/**
 * Whether another referral may well fare better: keys that cannot be made, a refusal and a bug (500)
 * are of this one.
 */
export function isOfOneReferral(error: unknown): boolean {
  if (error instanceof KeysUnmade) return true
  if (!(error instanceof ServiceProblem)) return false
  const { status, retry } = error.problem
  return retry !== 'after-refresh' && [400, 404, 409, 413, 422, 500].includes(status)
}

function holdsPerson({ identity, contact }: Opened['compartments']): boolean {
  return identity !== undefined && contact !== undefined
}
