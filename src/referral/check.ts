import type { ErrorCode } from '../errors.ts'
import type { CompartmentName } from './compartment.ts'
import { consentPermits } from './consent.ts'
import { dateProblems } from './dates.ts'
import { compartmentSchemas, Referral } from './fields.ts'
import { oddities } from './oddities.ts'
import { type Problem, problemsMax, schemaProblems } from './problems.ts'
import { read, readList } from './reading.ts'

/** What is wrong with a referral before it is sealed, and the code under which to refuse it. */
export interface Checked {
  /** Absent where the referral may be sealed. */
  refusal?: Extract<ErrorCode, 'referral-invalid' | 'consent-refused'>
  problems: Problem[]
}

/**
 * Checks a referral before it is sealed: strictly, for here a person can still mend it.
 *
 * `referral-invalid` names every field that does not fit; `consent-refused` is an assessment that the
 * person refused, without a safeguarding note.
 */
export function checkReferral(value: unknown): Checked {
  const problems = [...schemaProblems(Referral, value), ...formProblems(value)].slice(
    0,
    problemsMax,
  )
  if (problems.length > 0) return { refusal: 'referral-invalid', problems }
  if (consentPermits(read(value, 'consent'))) return { problems: [] }
  return { refusal: 'consent-refused', problems: [refusedConsent] }
}

/**
 * Checks one compartment after it was opened. What it finds is shown beside the answers and withholds
 * nothing: an unknown code, field or value may only be newer than this client. Dates that could not be
 * when it was received are among them.
 */
export function readCompartment(
  name: CompartmentName,
  value: unknown,
  receivedAt: Date,
): Problem[] {
  return [
    ...schemaProblems(compartmentSchemas[name], value, `/${name}`),
    ...formProblems({ [name]: value }),
    ...oddities({ [name]: value }),
    ...dateProblems({ [name]: value }, receivedAt),
  ].slice(0, problemsMax)
}

/**
 * What a JSON Schema does not say well: a purpose of consent answered twice, a prison id elsewhere
 * than in prison. Passes over what it cannot read.
 */
export function formProblems(referral: unknown): Problem[] {
  return [...purposesAnsweredTwice(referral), ...prisonsOutsidePrison(referral)]
}

function purposesAnsweredTwice(referral: unknown): Problem[] {
  const seen = new Set<unknown>()
  return readList(referral, 'consent', 'given').flatMap((given, index) => {
    const purpose = read(given, 'to')
    const isFirst = purpose === undefined || !seen.has(purpose)
    seen.add(purpose)
    if (isFirst) return []
    const detail = 'is answered above: keep the answer that stands.'
    return [{ pointer: `/consent/given/${index}/to`, detail }]
  })
}

function prisonsOutsidePrison(referral: unknown): Problem[] {
  return readList(referral, 'detention', 'places').flatMap((stay, index) => {
    if (read(stay, 'prison') === undefined || read(stay, 'place') === 'prison') return []
    const detail = 'belongs only where `place` is `prison`.'
    return [{ pointer: `/detention/places/${index}/prison`, detail }]
  })
}

const refusedConsent: Problem = {
  pointer: '/consent/safeguardingNote',
  detail:
    'The person refuses an assessment. Do not send, or write here why they must be protected all the same.',
}
