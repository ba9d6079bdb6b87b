/**
 * Proposes how soon a person must be seen to, out of the answers alone, by rules that are published
 * and numbered. A person may raise what is proposed.
 *
 * A rule holds on what was answered. What was not answered counts only for the safety questions: a
 * call that dropped before they were asked must not wait behind one in which they were.
 */
import { type Urgency, urgencies } from './codes/clear.ts'
import { holds } from './conditions.ts'
import { dateBounds, respondByBounds, toleranceMinutes } from './dates.ts'
import type { Readable } from './reading.ts'
import { readsOf, rules, type SafetyQuestion, safetyQuestions, urgencyRules } from './rules.ts'

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

/**
 * The urgency of the gravest rule that holds, `standard` if none does. Works on whatever was opened;
 * without one of the compartments of `readsOf` (rules.ts) its safety questions count as not asked.
 */
export function proposeUrgency(referral: Readable, now: Date): Proposal {
  const held = rules.filter((rule) => holds(rule.when, referral, now.getTime()))
  return {
    urgency: mostUrgent('standard', ...held.map((rule) => rule.urgency)),
    reasons: held.map((rule) => rule.words),
    ruleIds: held.map((rule) => rule.id),
    ...urgencyRules,
  }
}

/**
 * The safety questions that were not asked, not asked to the end, or answered with what cannot be
 * read or a date that cannot be: what a newer client says must not make a person look safer.
 */
export function openSafetyQuestions(referral: Readable, now: Date): SafetyQuestion[] {
  return safetyQuestions.filter(({ closedBy }) => !holds(closedBy, referral, now.getTime()))
}

/** The most urgent of these: a person raises a proposal with it, and cannot lower one. */
export function mostUrgent(first: Urgency, ...others: Urgency[]): Urgency {
  const given = new Set([first, ...others])
  const [gravest = first] = (Object.keys(urgencies) as Urgency[]).filter((code) => given.has(code))
  return gravest
}

/** The rules as `openapi/urgency-rules.json` publishes them. */
export const urgencyData = {
  version: urgencyRules.rules,
  approvedBy: urgencyRules.approvedBy,
  about: [
    'The urgency is that of the first of `urgencies` that a rule which holds has; standard where ' +
      'none holds. header.urgency is the higher of this and what a person states.',
    'Paths are JSON pointers into the referral; * is each item of a list. What is missing, and the ' +
      'item of what is no list, is no value.',
    '`any`: one of the conditions holds. `all`: each does. `not`: it does not.',
    '`absent`: there is no value at the path. All others hold if they hold of one value there.',
    '`is`: the value is one of the words. `detailed`: it is an object.',
    'A date is a text of RFC 3339, `full-date` or `date-time` in capitals, that is in the calendar ' +
      'and has no leap second; a full-date is its first moment in UTC. Of a year (an integer, ' +
      '1000 to 9999) it is the first moment.',
    '`withinHours`: a date at most so many hours ahead and at most 24 hours and ' +
      '`toleranceMinutes` ago. `overHours`: one more than so many hours ago.',
    '`possible`: a date within its bounds. `impossible`: any other value.',
    'The bounds of a date are the row of `dates` with the same path: at most `futureDays` of 24 ' +
      'hours ahead, at most `pastDays` ago (null: any), each with `toleranceMinutes` more, and not ' +
      'before `notBefore`. A date outside is named to who types it, and is kept.',
    'A safety question is open unless `closedBy` holds. Open ones are incomplete.',
    '`respondBy` is the date of the draft: one past its bounds is refused, one far ahead is named.',
    'Where the clock differs from the service’s by over 5 minutes, try both: the graver counts.',
  ],
  urgencies: Object.keys(urgencies),
  reads: readsOf,
  toleranceMinutes,
  dates: dateBounds,
  respondBy: respondByBounds,
  questions: safetyQuestions,
  rules,
} as const
