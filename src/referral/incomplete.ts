import { compartmentNames } from './compartment.ts'
import { consentToAssessment } from './consent.ts'
import { compartmentSchemas } from './fields.ts'
import { standsForNothing } from './placeholders.ts'
import { isUnanswered, type Readable, read } from './reading.ts'
import { openSafetyQuestions } from './urgency.ts'

/**
 * What is still to be asked: the fields that must be answered and are not, an assessment without
 * consent asked, and the safety questions left open, also by a date that cannot be. Of the compartments that were not opened it says
 * nothing.
 *
 * @param now - when it was asked; for a reader, when it was received
 * @returns JSON pointers, in the order of the compartments
 */
export function incompleteFields(referral: Readable, now: Date): string[] {
  const opened = compartmentNames.filter((name) => referral[name] !== undefined)
  const open = openSafetyQuestions(referral, now).map(({ at }) => at)
  return opened.flatMap((name) => {
    const compartment = referral[name]
    const fields = new Set([
      ...(compartmentSchemas[name].required ?? []).filter((field) =>
        isUnanswered(read(compartment, field)),
      ),
      ...(name === 'identity' && !isNamed(compartment) ? ['familyName'] : []),
      ...(name === 'consent' && consentToAssessment(compartment) === 'not_asked' ? ['given'] : []),
    ])
    const pointers = [...fields].map((field) => `/${name}/${field}`)
    return [...new Set([...pointers, ...open.filter((at) => at.startsWith(`/${name}/`))])]
  })
}

function isNamed(identity: unknown): boolean {
  return [read(identity, 'familyName'), read(identity, 'givenNames')].some((name) => {
    return !isUnanswered(name) && !(typeof name === 'string' && standsForNothing(name))
  })
}
