/**
 * Proposes how soon a person must be seen to, out of the answers alone, by rules that are published
 * and numbered. A person may raise what is proposed.
 *
 * A rule holds on what was answered. What was not answered counts only for the safety questions: a
 * call that dropped before they were asked must not wait behind one in which they were.
 */
import { type Urgency, urgencies } from './codes/clear.ts'
import { type Facts, factsOf, safetyQuestions } from './facts.ts'
import type { Readable } from './reading.ts'

/** The version of the rules, and the clinician who approved them. */
export const urgencyRules = { rules: 1, approvedBy: 'unapproved' } as const

export interface Proposal {
  urgency: Urgency
  /** Why, in words, the gravest first; empty for `standard`. */
  reasons: string[]
  /** The rules that hold, in the order of `reasons`. */
  ruleIds: string[]
  /** The version of the rules. */
  rules: 1
  approvedBy: 'unapproved'
}

interface Rule {
  id: string
  urgency: Urgency
  words: string
  /** @param now - milliseconds since 1970 */
  holds: (facts: Facts, now: number) => boolean
}

const hour = 3_600_000
const day = 24 * hour

const rules: readonly Rule[] = [
  {
    id: 'removal-72h',
    urgency: 'immediate',
    words: 'Removal is within 72 hours.',
    holds: ({ removalAt }, now) => isWithin(72 * hour, removalAt, now),
  },
  {
    id: 'suicide-plan',
    urgency: 'immediate',
    words: 'There is a current plan of suicide.',
    holds: ({ suicidePlan }) => suicidePlan,
  },
  {
    id: 'fluid-refusal-24h',
    urgency: 'immediate',
    words: 'Fluids have been refused for over 24 hours.',
    holds: ({ fluidRefusalSince }, now) => isOver(24 * hour, fluidRefusalSince, now),
  },
  {
    id: 'food-refusal-48h',
    urgency: 'immediate',
    words: 'Food has been refused for over 48 hours.',
    holds: ({ foodRefusalSince }, now) => isOver(48 * hour, foodRefusalSince, now),
  },
  {
    // Section 60 counts from when the Home Office is satisfied of the pregnancy, if that is later.
    // Nobody who refers can know that moment, so the whole detention is counted.
    id: 'pregnancy-72h',
    urgency: 'immediate',
    words: 'Pregnant, and detained beyond 72 hours (Immigration Act 2016, section 60).',
    holds: ({ pregnant, detainedSince }, now) => pregnant && isOver(72 * hour, detainedSince, now),
  },
  {
    id: 'hospital-emergency',
    urgency: 'immediate',
    words: 'A condition needs a hospital now.',
    holds: ({ hospitalEmergency }) => hospitalEmergency,
  },
  {
    id: 'removal-7d',
    urgency: 'urgent',
    words: 'Removal is within 7 days.',
    holds: ({ removalAt }, now) => isWithin(7 * day, removalAt, now),
  },
  {
    id: 'pregnancy',
    urgency: 'urgent',
    words: 'Pregnant.',
    holds: ({ pregnant }) => pregnant,
  },
  {
    id: 'self-harm-active',
    urgency: 'urgent',
    words: 'Self-harm is happening now.',
    holds: ({ selfHarmActive }) => selfHarmActive,
  },
  {
    id: 'essential-medication-stopped',
    urgency: 'urgent',
    words: 'Essential medication has stopped.',
    holds: ({ essentialMedicationStopped }) => essentialMedicationStopped,
  },
  {
    id: 'constant-observation',
    urgency: 'urgent',
    words: 'An ACDT plan is open, with constant observation.',
    holds: ({ constantObservation }) => constantObservation,
  },
  {
    id: 'segregated',
    urgency: 'urgent',
    words: 'Segregated under rule 40 or 42.',
    holds: ({ segregated }) => segregated,
  },
  ...safetyQuestions.map(
    (question): Rule => ({
      id: `not-asked-${question.id}`,
      urgency: 'urgent',
      words: `Not asked, or not to the end: ${question.words}.`,
      holds: ({ open }) => open.includes(question),
    }),
  ),
  {
    id: 'hearing-14d',
    urgency: 'soon',
    words: 'A hearing or bail is within 14 days.',
    holds: ({ hearingsAt }, now) => hearingsAt.some((at) => isWithin(14 * day, at, now)),
  },
  {
    id: 'rule-35-refused',
    urgency: 'soon',
    words: 'A rule 35 report was refused.',
    holds: ({ rule35Refused }) => rule35Refused,
  },
  {
    id: 'rule-35-unanswered',
    urgency: 'soon',
    words: 'A rule 35 request or report is unanswered.',
    holds: ({ rule35Unanswered }) => rule35Unanswered,
  },
]

/**
 * The urgency of the gravest rule that holds, `standard` if none does. Works on whatever was opened;
 * without one of the compartments of `readsOf` (facts.ts) its safety questions count as not asked.
 */
export function proposeUrgency(referral: Readable, now: Date): Proposal {
  const facts = factsOf(referral)
  const held = rules.filter((rule) => rule.holds(facts, now.getTime()))
  return {
    urgency: mostUrgent('standard', ...held.map((rule) => rule.urgency)),
    reasons: held.map((rule) => rule.words),
    ruleIds: held.map((rule) => rule.id),
    ...urgencyRules,
  }
}

/** The most urgent of these: a person raises a proposal with it, and cannot lower one. */
export function mostUrgent(first: Urgency, ...others: Urgency[]): Urgency {
  const given = new Set([first, ...others])
  const [gravest = first] = (Object.keys(urgencies) as Urgency[]).filter((code) => given.has(code))
  return gravest
}

/** To come within the span. It counts for a day after its time: flights and courts run late. */
function isWithin(span: number, at: number | undefined, now: number): boolean {
  return at !== undefined && at - now <= span && now - at <= day
}

function isOver(span: number, since: number | undefined, now: number): boolean {
  return since !== undefined && now - since > span
}
