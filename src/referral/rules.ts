/**
 * The urgency rules, as data: which questions must not be passed over, and what makes a referral
 * urgent. `openapi/urgency-rules.json` is written from here.
 */
import type { Urgency } from './codes/clear.ts'
import type { CompartmentName } from './compartment.ts'
import type { Condition } from './conditions.ts'

/** The version of the rules, and the clinician who approved them. */
export const urgencyRules = { rules: 1, approvedBy: 'unapproved' } as const

/** The compartments the rules read. Who holds all of them can propose the urgency again. */
export const readsOf = ['detention', 'legal', 'clinical'] as const satisfies CompartmentName[]

/** A question that must not be passed over. */
export interface SafetyQuestion {
  id: string
  at: string
  words: string
  /** Whether the answer tells the rules all they need: the time, the plan, that it goes on now. */
  closedBy: Condition
}

/** One rule. It holds on what was answered. */
export interface Rule {
  id: string
  urgency: Urgency
  words: string
  when: Condition
}

const hoursOfDay = 24

/** A `no`, an `unknown`, or what else closes the question. */
function question(id: string, at: string, words: string, ...others: Condition[]): SafetyQuestion {
  return { id, at, words, closedBy: { any: [{ at, is: ['no', 'unknown'] }, ...others] } }
}

/** Not a date, or one that can be: a notice without a date tells enough, there is no date yet. */
function absentOrPossible(at: string): Condition {
  return {
    any: [
      { at, absent: true },
      { at, possible: true },
    ],
  }
}

const told = ['yes', 'no', 'unknown']

/** Asked in every referral; one that was left open makes it urgent until somebody asks. */
export const safetyQuestions: readonly SafetyQuestion[] = [
  question('removal', '/legal/removal', 'removal', {
    all: [{ at: '/legal/removal', detailed: true }, absentOrPossible('/legal/removal/removalAt')],
  }),
  question('self-harm', '/clinical/selfHarm', 'self-harm', {
    at: '/clinical/selfHarm/active',
    is: told,
  }),
  question('suicide', '/clinical/suicidalThoughts', 'thoughts of suicide', {
    at: '/clinical/suicidalThoughts/currentPlan',
    is: told,
  }),
  question(
    'pregnancy',
    '/clinical/pregnancy',
    'pregnancy',
    { at: '/clinical/pregnancy', is: ['yes'] },
    {
      all: [
        { at: '/clinical/pregnancy', detailed: true },
        absentOrPossible('/clinical/pregnancy/since'),
      ],
    },
  ),
  question('food-refusal', '/clinical/foodRefusalSince', 'refusal of food', {
    at: '/clinical/foodRefusalSince',
    possible: true,
  }),
  question('fluid-refusal', '/clinical/fluidRefusalSince', 'refusal of fluids', {
    at: '/clinical/fluidRefusalSince',
    possible: true,
  }),
  question(
    'torture',
    '/clinical/torture',
    'torture',
    { at: '/clinical/torture', is: ['yes'] },
    { at: '/clinical/torture', detailed: true },
  ),
]

const pregnant: Condition = {
  any: [
    { at: '/clinical/pregnancy', is: ['yes'] },
    { at: '/clinical/pregnancy', detailed: true },
  ],
}

/** Since the day that is stated, else since the first stay that is dated; one that cannot be counts. */
const detainedOver72Hours: Condition = {
  any: [
    { at: '/detention/detainedSince', overHours: 72 },
    { at: '/detention/detainedSince', impossible: true },
    {
      all: [
        { at: '/detention/detainedSince', absent: true },
        {
          any: [
            { at: '/detention/places/*/from', overHours: 72 },
            { at: '/detention/places/*/from', impossible: true },
          ],
        },
      ],
    },
  ],
}

/** The rules, the gravest first. */
export const rules: readonly Rule[] = [
  {
    id: 'removal-72h',
    urgency: 'immediate',
    words: 'Removal is within 72 hours.',
    when: { at: '/legal/removal/removalAt', withinHours: 72 },
  },
  {
    id: 'suicide-plan',
    urgency: 'immediate',
    words: 'There is a current plan of suicide.',
    when: { at: '/clinical/suicidalThoughts/currentPlan', is: ['yes'] },
  },
  {
    id: 'fluid-refusal-24h',
    urgency: 'immediate',
    words: 'Fluids have been refused for over 24 hours.',
    when: { at: '/clinical/fluidRefusalSince', overHours: 24 },
  },
  {
    id: 'food-refusal-48h',
    urgency: 'immediate',
    words: 'Food has been refused for over 48 hours.',
    when: { at: '/clinical/foodRefusalSince', overHours: 48 },
  },
  {
    // Section 60 counts from when the Home Office is satisfied of the pregnancy, if that is later.
    // Nobody who refers can know that moment, so the whole detention is counted.
    id: 'pregnancy-72h',
    urgency: 'immediate',
    words: 'Pregnant, and detained beyond 72 hours (Immigration Act 2016, section 60).',
    when: { all: [pregnant, detainedOver72Hours] },
  },
  {
    id: 'hospital-emergency',
    urgency: 'immediate',
    words: 'A condition needs a hospital now.',
    when: { at: '/clinical/conditions/*/emergency', is: ['yes'] },
  },
  {
    id: 'removal-7d',
    urgency: 'urgent',
    words: 'Removal is within 7 days.',
    when: { at: '/legal/removal/removalAt', withinHours: 7 * hoursOfDay },
  },
  {
    id: 'pregnancy',
    urgency: 'urgent',
    words: 'Pregnant.',
    when: pregnant,
  },
  {
    id: 'self-harm-active',
    urgency: 'urgent',
    words: 'Self-harm is happening now.',
    when: { at: '/clinical/selfHarm/active', is: ['yes'] },
  },
  {
    id: 'essential-medication-stopped',
    urgency: 'urgent',
    words: 'Essential medication has stopped.',
    when: { at: '/clinical/medicationStopped/*/essential', is: ['yes'] },
  },
  {
    id: 'constant-observation',
    urgency: 'urgent',
    words: 'An ACDT plan is open, with constant observation.',
    when: {
      all: [
        { at: '/detention/acdt/open', is: ['yes'] },
        { at: '/detention/acdt/level', is: ['constant'] },
      ],
    },
  },
  {
    id: 'segregated',
    urgency: 'urgent',
    words: 'Segregated under rule 40 or 42.',
    when: { at: '/detention/segregation', is: ['rule_40', 'rule_42'] },
  },
  ...safetyQuestions.map(
    ({ id, words, closedBy }): Rule => ({
      id: `not-asked-${id}`,
      urgency: 'urgent',
      words: `Not asked, not to the end, or with a date that cannot be (any more): ${words}.`,
      when: { not: closedBy },
    }),
  ),
  {
    id: 'hearing-14d',
    urgency: 'soon',
    words: 'A hearing or bail is within 14 days.',
    when: {
      any: [
        { at: '/legal/hearings/*/at', withinHours: 14 * hoursOfDay },
        { at: '/legal/bail/hearingAt', withinHours: 14 * hoursOfDay },
      ],
    },
  },
  {
    id: 'rule-35-refused',
    urgency: 'soon',
    words: 'A rule 35 report was refused.',
    when: { at: '/legal/rule35/*/status', is: ['refused_by_healthcare'] },
  },
  {
    // Healthcare has not answered the request, or the Home Office has not answered the report.
    id: 'rule-35-unanswered',
    urgency: 'soon',
    words: 'A rule 35 request or report is unanswered.',
    when: { at: '/legal/rule35/*/status', is: ['requested', 'report_made'] },
  },
]
