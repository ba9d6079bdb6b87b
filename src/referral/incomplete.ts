import { compartmentNames } from './compartment.ts'
import { consentToAssessment } from './consent.ts'
import { openSafetyQuestions } from './facts.ts'
import { compartmentSchemas } from './fields.ts'
import { standsForNothing } from './placeholders.ts'
import { isUnanswered, type Readable, read } from './reading.ts'

/**
 * What is still to be asked: the fields that must be answered and are not, an assessment without
 * consent asked, and the safety questions left open. Of the compartments that were not opened it says
 * nothing.
 *
 * @returns JSON pointers, in the order of the compartments
 */
export function incompleteFields(referral: Readable): string[] {
  const opened = compartmentNames.filter((name) => referral[name] !== undefined)
  const open = openSafetyQuestions(referral)
  return opened.flatMap((name) => {
    const compartment = referral[name]
    const fields = new Set([
      ...(compartmentSchemas[name].required ?? []).filter((field) =>
        isUnanswered(read(compartment, field)),
      ),
      ...(name === 'identity' && !isNamed(compartment) ? ['familyName'] : []),
      ...(name === 'consent' && consentToAssessment(compartment) === 'not_asked' ? ['given'] : []),
      ...open.filter((question) => question.compartment === name).map(({ field }) => field),
    ])
    return [...fields].map((field) => `/${name}/${field}`)
  })
}

function isNamed(identity: unknown): boolean {
  return [read(identity, 'familyName'), read(identity, 'givenNames')].some((name) => {
    return !isUnanswered(name) && !(typeof name === 'string' && standsForNothing(name))
  })
}
