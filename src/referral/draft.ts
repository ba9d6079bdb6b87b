/**
 * A draft: what a person or a partner's program writes, and `intake refer` reads. Beside the answers
 * stand the codes that the server will see. Compartments and fields may be left out; completing a
 * draft says `not_asked` for them, so a call that dropped after one name can be sealed.
 */
import type { Static, TObject, TProperties } from 'typebox'
import * as Type from 'typebox'
import { type Checked, checkReferral, formProblems } from './check.ts'
import { channels, regions, urgencies } from './codes/clear.ts'
import { compartmentNames } from './compartment.ts'
import { dateProblems, momentOf, outside, respondByBounds } from './dates.ts'
import { group } from './fields/answer.ts'
import { code } from './fields/code.ts'
import { day } from './fields/text.ts'
import { compartmentSchemas, type Referral } from './fields.ts'
import { readIdentifier, storedIdentifier } from './identifiers.ts'
import { oddities } from './oddities.ts'
import { type Problem, problemsMax, schemaProblems } from './problems.ts'
import { read, readList } from './reading.ts'

const drafted = <Fields extends TProperties>({ properties }: TObject<Fields>) =>
  Type.Optional(Type.Partial(Type.Object(properties), { additionalProperties: false }))

const DraftReferral = group({
  interpreting: drafted(compartmentSchemas.interpreting),
  identity: drafted(compartmentSchemas.identity),
  contact: drafted(compartmentSchemas.contact),
  consent: drafted(compartmentSchemas.consent),
  referrer: drafted(compartmentSchemas.referrer),
  detention: drafted(compartmentSchemas.detention),
  legal: drafted(compartmentSchemas.legal),
  clinical: drafted(compartmentSchemas.clinical),
  narrative: drafted(compartmentSchemas.narrative),
  documents: drafted(compartmentSchemas.documents),
})

export const Draft = group(
  {
    channel: code(channels, 'By which way the referral came.'),
    region: code(regions, 'Where the person is held; `unknown` may be said on purpose.'),
    respondBy: Type.Optional(day('A day by which an answer is of use.')),
    urgency: Type.Optional(code(urgencies, 'Raises what the rules propose; never lowers it.')),
    referral: DraftReferral,
  },
  'A referral before it is sealed.',
)

export type Draft = Static<typeof Draft>
export type DraftReferral = Static<typeof DraftReferral>

/**
 * A draft that can be sealed, with its referral completed, and what whoever typed it should look at
 * again; or why it cannot.
 */
export type CheckedDraft =
  | { refusal?: undefined; problems: []; warnings: Problem[]; draft: Draft; referral: Referral }
  | (Checked & { refusal: NonNullable<Checked['refusal']> })

/**
 * Checks a draft. Pointers start at the draft: `/referral/identity/familyName`.
 *
 * @param now - by which dates are judged
 */
export function checkDraft(value: unknown, now = new Date()): CheckedDraft {
  const problems = [
    ...schemaProblems(Draft, value),
    ...pastRespondBy(value, now),
    ...formProblems(read(value, 'referral')).map(inDraft),
  ].slice(0, problemsMax)
  if (problems.length > 0) return { refusal: 'referral-invalid', problems }
  const draft = value as Draft
  const referral = completeReferral(draft.referral)
  const checked = checkReferral(referral)
  if (checked.refusal === undefined) {
    return { problems: [], warnings: warningsOf(draft, now), draft, referral }
  }
  return { refusal: checked.refusal, problems: checked.problems.map(inDraft) }
}

/** An answer that is of no use any more was asked for: a year off, or an old draft sent again. */
function pastRespondBy(draft: unknown, now: Date): Problem[] {
  const at = momentOf(read(draft, 'respondBy'))
  if (at === undefined || at > now.getTime()) return []
  return respondByProblems(draft, now)
}

function respondByProblems(draft: unknown, now: Date): Problem[] {
  const detail = outside(respondByBounds, read(draft, 'respondBy'), now.getTime())
  return detail === undefined ? [] : [{ pointer: '/respondBy', detail }]
}

/** What stops nothing. */
function warningsOf(draft: Draft, now: Date): Problem[] {
  const { referral } = draft
  const inReferral = [
    ...placeholdersLeftOut(referral),
    ...oddities(referral),
    ...dateProblems(referral, now),
  ].map(inDraft)
  return [...respondByProblems(draft, now), ...inReferral].slice(0, problemsMax)
}

function placeholdersLeftOut(referral: DraftReferral): Problem[] {
  return readList(referral, 'identity', 'identifiers').flatMap((identifier, index) => {
    const { type, value } = identifier as { type: string; value: string }
    if (readIdentifier(type, value).kind !== 'nothing') return []
    const detail = 'stands for nothing: it is left out of what is sealed.'
    return [{ pointer: `/identity/identifiers/${index}/value`, detail }]
  })
}

/**
 * A draft with all text in NFC: what is sealed must be, and keyboards differ. A copy, so that what
 * the caller changes meanwhile is not sealed.
 */
export function composed(draft: unknown): unknown {
  return JSON.parse(JSON.stringify(draft), (_, value) =>
    typeof value === 'string' ? value.normalize('NFC') : value,
  )
}

function inDraft({ pointer, detail }: Problem): Problem {
  return { pointer: `/referral${pointer}`, detail }
}

/**
 * The referral with all ten compartments. A field that must be answered and was left out becomes
 * `not_asked`; of the names, only where none is given. Identifiers take their normal spelling, and
 * those that stand for nothing are left out.
 */
export function completeReferral(draft: DraftReferral): Referral {
  const completed = compartmentNames.map((name) => {
    const required = compartmentSchemas[name].required ?? []
    const unasked = Object.fromEntries(required.map((field) => [field, 'not_asked']))
    return [name, { ...unasked, ...draft[name] }]
  })
  const referral = Object.fromEntries(completed) as Referral
  const { familyName, givenNames, identifiers } = referral.identity
  if (familyName === undefined && givenNames === undefined)
    referral.identity.familyName = 'not_asked'
  const stored = (identifiers ?? []).flatMap(({ type, value }) => {
    const normal = storedIdentifier(type, value)
    return normal === undefined ? [] : [{ type, value: normal }]
  })
  if (stored.length > 0) referral.identity.identifiers = stored
  else delete referral.identity.identifiers
  return referral
}
