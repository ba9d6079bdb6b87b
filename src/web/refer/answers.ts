/**
 * From what was answered to a draft. What was left empty is left out, which counts as not asked; nothing is
 * guessed that makes a person look safer.
 */
import type { Draft } from '../../client/index.ts'
import { identifierForms, readIdentifier } from '../../referral/identifiers.ts'
import type { QuestionId } from './questions.ts'
import { type Answers, isHelper } from './session.ts'

type Parts = Draft['referral']
type Clinical = NonNullable<Parts['clinical']>
type Consent = NonNullable<Parts['consent']>
type Told = 'yes' | 'no' | 'unknown' | undefined

/**
 * The draft of these answers. The region, which the service could read, is never told: it would name the
 * centre, which stands sealed among the answers.
 *
 * @param now - from which days are counted back, and on which consent is given
 */
export function draftOf(answers: Answers, now: Date): Draft {
  return {
    channel: (line(answers.who) ?? 'detained_person_web') as Draft['channel'],
    region: 'unknown',
    referral: withoutGaps({
      interpreting: interpretingOf(answers),
      identity: identityOf(answers),
      contact: withoutGaps({ phone: line(answers.phone), extension: line(answers.extension) }),
      consent: consentOf(answers, now),
      referrer: isHelper(answers) ? referrerOf(answers) : undefined,
      detention: detentionOf(answers),
      legal: legalOf(answers),
      clinical: clinicalOf(answers, now),
      narrative: withoutGaps({ story: line(answers.story) }),
    }) as Parts,
  }
}

function interpretingOf(answers: Answers): Parts['interpreting'] {
  const inWords = line(answers.languageInWords)
  // ISO 639-3 has a code for a language that has none.
  const iso639_3 = line(answers.language) ?? (inWords === undefined ? undefined : 'mis')
  const avoid = line(answers.interpreterAvoid)
  const language = {
    iso639_3,
    spoken: 'unknown',
    needsInterpreter: told(answers.interpreter) ?? 'not_asked',
    interpreterGender: line(answers.interpreterGender),
    avoid: avoid === undefined ? undefined : [avoid],
  }
  // Whoever names no language may still have said who should interpret: of a language not determined.
  const says = [language.interpreterGender, avoid, iso639_3, told(answers.interpreter)].some(
    Boolean,
  )
  return withoutGaps({
    languages: says ? [withoutGaps({ ...language, iso639_3: iso639_3 ?? 'und' })] : undefined,
    communicationNeeds: inWords === undefined ? undefined : `Language: ${inWords}`,
    safeToLeaveMessage: told(answers.safeToLeaveMessage),
  }) as Parts['interpreting']
}

function identityOf(answers: Answers): Parts['identity'] {
  const number = line(answers.number)
  const nationality = line(answers.nationality)
  return withoutGaps({
    familyName: line(answers.familyName),
    givenNames: line(answers.givenNames),
    dateOfBirth: birthOf(line(answers.born)),
    gender: line(answers.gender),
    nationalities: nationality === undefined ? undefined : [nationality],
    identifiers: number === undefined ? undefined : [{ type: typeOf(number), value: number }],
  }) as Parts['identity']
}

function birthOf(born: string | undefined) {
  if (born === undefined) return undefined
  return born.length === 4 ? { year: Number(born) } : { date: born }
}

/** Which number of the Home Office or a court this is, by its form; people do not know its name. */
function typeOf(number: string): string {
  const types = Object.keys(identifierForms).filter((type) => !loose.includes(type))
  const fitting = types.find((type) => readIdentifier(type, number).kind === 'normal')
  return fitting ?? 'home_office_file'
}

/** Forms that too much else has as well. */
const loose = ['cid', 'port_reference', 'bail']

const purposes = [
  ...(['assessment', 'records_request', 'contact_solicitor', 'contact_healthcare'] as const),
  ...(['contact_home_office', 'share_with_partners', 'research'] as const),
]

function consentOf(answers: Answers, now: Date): Partial<Consent> {
  // Nobody consents for another; who writes of themselves knows of it.
  if (isHelper(answers)) return withoutGaps({ personKnows: told(answers.personKnows) })
  const on = dayOf(now)
  const given = purposes.flatMap((to) => {
    const answer = answers[to]
    if (answer !== 'given' && answer !== 'refused') return []
    return [{ to, answer: answer as 'given' | 'refused', how: 'written' as const, on }]
  })
  return { personKnows: 'yes', ...(given.length > 0 && { given }) }
}

function referrerOf(answers: Answers): Parts['referrer'] {
  return withoutGaps({
    role: answers.who === 'visitor' ? 'Visitor' : 'Family or friend',
    name: line(answers.helperName),
    phone: line(answers.helperPhone),
    relationship: line(answers.helperRelationship),
  }) as Parts['referrer']
}

function detentionOf(answers: Answers): Parts['detention'] {
  const wing = line(answers.wing)
  const place = line(answers.place) ?? (wing === undefined ? undefined : 'unknown')
  return withoutGaps({
    places: place === undefined ? undefined : [withoutGaps({ place, wing })],
    detainedSince: line(answers.detainedSince),
  }) as Parts['detention']
}

const undatedHearing = { stage: 'unknown', note: 'There is a hearing; its day is not known.' }

function legalOf(answers: Answers): Parts['legal'] {
  const at = line(answers.hearingAt)
  return withoutGaps({
    representative: detailed(answers.lawyer, {
      firm: line(answers.lawyerFirm),
      name: line(answers.lawyerName),
      phone: line(answers.lawyerPhone),
    }),
    removal: detailed(answers.removal, { removalAt: line(answers.removalAt) }),
    hearings: answers.hearing === 'yes' && at !== undefined ? [{ at }] : undefined,
    // A hearing has a day. Without one there is no other place for it.
    bail: answers.hearing === 'yes' && at === undefined ? undatedHearing : undefined,
  }) as Parts['legal']
}

function clinicalOf(answers: Answers, now: Date): Partial<Clinical> {
  const { requested } = answers
  return withoutGaps({
    requested: requested !== undefined && requested.length > 0 ? requested : undefined,
    torture: told(answers.torture),
    trafficking: told(answers.trafficking),
    sexualOrGenderViolence: told(answers.sexualViolence),
    mentalHealth: told(answers.mentalHealth),
    selfHarm: detailed(answers.selfHarm, { active: told(answers.selfHarmNow) }),
    suicidalThoughts: detailed(answers.suicide, { currentPlan: told(answers.suicidePlan) }),
    pregnancy: told(answers.pregnant),
    foodRefusalSince: since(answers.noFood, answers.noFoodDays, now),
    fluidRefusalSince: since(answers.noDrink, answers.noDrinkDays, now),
    conditions: conditionsOf(answers),
    medicationStopped: medicinesOf(answers),
    disability: told(answers.disability),
    useOfForce: told(answers.force),
    clinicianGender: line(answers.clinicianGender),
  }) as Partial<Clinical>
}

function conditionsOf(answers: Answers) {
  const illness = line(answers.illness)
  const emergency = told(answers.hospital)
  if (illness === undefined && emergency !== 'yes') return undefined
  return [withoutGaps({ condition: illness ?? 'Not named', emergency })]
}

function medicinesOf(answers: Answers) {
  if (told(answers.medicine) !== 'yes') return undefined
  const essential = told(answers.medicineEssential) ?? 'not_asked'
  return [{ medication: line(answers.medicineName) ?? 'Not named', essential }]
}

/** A yes with its details, where there are any, or the word alone. */
function detailed(answer: Answers[QuestionId], details: Record<string, unknown>): unknown {
  const given = withoutGaps(details)
  return told(answer) === 'yes' && Object.keys(given).length > 0 ? given : told(answer)
}

/** A yes with its days counted back: the first moment of that day, which is rather too early than too late. */
function since(answer: Answers[QuestionId], days: Answers[QuestionId], now: Date) {
  const count = line(days)
  if (told(answer) !== 'yes' || count === undefined) return told(answer)
  return dayOf(new Date(now.getTime() - Number(count) * 86_400_000))
}

function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10)
}

function told(answer: Answers[QuestionId]): Told {
  return answer === 'yes' || answer === 'no' || answer === 'unknown' ? answer : undefined
}

function line(answer: Answers[QuestionId]): string | undefined {
  return typeof answer === 'string' && answer.trim() !== '' ? answer.trim() : undefined
}

type WithoutGaps<Fields> = { [Field in keyof Fields]?: Exclude<Fields[Field], undefined> }

/** Without the properties that are undefined. */
function withoutGaps<Fields extends object>(fields: Fields): WithoutGaps<Fields> {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as WithoutGaps<Fields>
}
