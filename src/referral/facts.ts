/**
 * What the urgency rules read, once, out of a referral that may not fit the schema. A
 * safety question whose answer cannot be read counts as not asked: what a newer client says must not
 * make a person look safer.
 */
import { Check } from 'typebox/schema'
import type { CompartmentName } from './compartment.ts'
import { when } from './fields/text.ts'
import { type Readable, read, readList } from './reading.ts'

const Moment = when('')

/** The compartments the rules read. Who holds all of them can propose the urgency again. */
export const readsOf = ['detention', 'legal', 'clinical'] as const satisfies CompartmentName[]

/** Times are milliseconds since 1970. A day without an hour counts from its first moment in UTC. */
export interface Facts {
  removalAt: number | undefined
  hearingsAt: number[]
  detainedSince: number | undefined
  foodRefusalSince: number | undefined
  fluidRefusalSince: number | undefined
  suicidePlan: boolean
  selfHarmActive: boolean
  pregnant: boolean
  hospitalEmergency: boolean
  essentialMedicationStopped: boolean
  constantObservation: boolean
  segregated: boolean
  rule35Refused: boolean
  rule35Unanswered: boolean
  open: readonly SafetyQuestion[]
}

/** Reads the facts. Never throws, whatever was opened. */
export function factsOf(referral: Readable): Facts {
  const { detention, legal, clinical } = referral
  const segregation = read(detention, 'segregation')
  const rule35 = readList(legal, 'rule35').map((report) => read(report, 'status'))
  return {
    removalAt: moment(read(legal, 'removal', 'removalAt')),
    hearingsAt: [
      ...readList(legal, 'hearings').map((hearing) => moment(read(hearing, 'at'))),
      moment(read(legal, 'bail', 'hearingAt')),
    ].filter((at) => at !== undefined),
    detainedSince: detainedSince(detention),
    foodRefusalSince: moment(read(clinical, 'foodRefusalSince')),
    fluidRefusalSince: moment(read(clinical, 'fluidRefusalSince')),
    suicidePlan: read(clinical, 'suicidalThoughts', 'currentPlan') === 'yes',
    selfHarmActive: read(clinical, 'selfHarm', 'active') === 'yes',
    pregnant: isYes(read(clinical, 'pregnancy')),
    hospitalEmergency: anyYes(readList(clinical, 'conditions'), 'emergency'),
    essentialMedicationStopped: anyYes(readList(clinical, 'medicationStopped'), 'essential'),
    constantObservation:
      read(detention, 'acdt', 'open') === 'yes' && read(detention, 'acdt', 'level') === 'constant',
    segregated: segregation === 'rule_40' || segregation === 'rule_42',
    rule35Refused: rule35.includes('refused_by_healthcare'),
    // Healthcare has not answered the request, or the Home Office has not answered the report.
    rule35Unanswered: rule35.includes('requested') || rule35.includes('report_made'),
    open: openSafetyQuestions(referral),
  }
}

/** A question that must not be passed over. */
export interface SafetyQuestion {
  id: string
  compartment: CompartmentName
  field: string
  words: string
  /** Whether a yes tells the rules all they need: the time, the plan, that it goes on now. */
  tellsEnough: (yes: unknown) => boolean
}

/** Asked in every referral; one that was left open makes it urgent until somebody asks. */
export const safetyQuestions: readonly SafetyQuestion[] = [
  {
    id: 'removal',
    compartment: 'legal',
    field: 'removal',
    words: 'removal',
    tellsEnough: tellsOfRemoval,
  },
  {
    id: 'self-harm',
    compartment: 'clinical',
    field: 'selfHarm',
    words: 'self-harm',
    tellsEnough: (yes) => isClosed(read(yes, 'active')),
  },
  {
    id: 'suicide',
    compartment: 'clinical',
    field: 'suicidalThoughts',
    words: 'thoughts of suicide',
    tellsEnough: (yes) => isClosed(read(yes, 'currentPlan')),
  },
  {
    id: 'pregnancy',
    compartment: 'clinical',
    field: 'pregnancy',
    words: 'pregnancy',
    tellsEnough: isYes,
  },
  {
    id: 'food-refusal',
    compartment: 'clinical',
    field: 'foodRefusalSince',
    words: 'refusal of food',
    tellsEnough: isMoment,
  },
  {
    id: 'fluid-refusal',
    compartment: 'clinical',
    field: 'fluidRefusalSince',
    words: 'refusal of fluids',
    tellsEnough: isMoment,
  },
  {
    id: 'torture',
    compartment: 'clinical',
    field: 'torture',
    words: 'torture',
    tellsEnough: isYes,
  },
]

/** The safety questions that were not asked, not asked to the end, or answered unreadably. */
export function openSafetyQuestions(referral: Readable): SafetyQuestion[] {
  return safetyQuestions.filter(({ compartment, field, tellsEnough }) => {
    const answer = read(referral, compartment, field)
    return answer !== 'no' && answer !== 'unknown' && !tellsEnough(answer)
  })
}

/** A notice of removal without a date tells enough: there is no date yet. */
function tellsOfRemoval(yes: unknown): boolean {
  const removalAt = read(yes, 'removalAt')
  return isDetails(yes) && (removalAt === undefined || isMoment(removalAt))
}

function isClosed(answer: unknown): boolean {
  return answer === 'yes' || answer === 'no' || answer === 'unknown'
}

function isYes(answer: unknown): boolean {
  return answer === 'yes' || isDetails(answer)
}

function isDetails(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && !Array.isArray(answer)
}

function anyYes(list: unknown[], field: string): boolean {
  return list.some((item) => read(item, field) === 'yes')
}

function isMoment(answer: unknown): boolean {
  return moment(answer) !== undefined
}

function moment(answer: unknown): number | undefined {
  if (!Check(Moment, answer)) return undefined
  const at = Date.parse(answer)
  // A leap second is a moment to RFC 3339 and none to JavaScript.
  return Number.isNaN(at) ? undefined : at
}

/** As stated, else since the first stay that is dated: rather too early than too late. */
function detainedSince(detention: unknown): number | undefined {
  const stays = readList(detention, 'places').map((stay) => moment(read(stay, 'from')))
  const dated = stays.filter((from) => from !== undefined)
  return (
    moment(read(detention, 'detainedSince')) ?? (dated.length > 0 ? Math.min(...dated) : undefined)
  )
}
