/** The answers about cases, as far as a client reads them (schemas.ts). */
import type { Static } from 'typebox'
import * as cases from '../cases/schemas.ts'
import { tolerant } from './tolerant.ts'

export const CaseAnswer = tolerant(cases.Case)
/**
 * A case: the referrals held to be about one person, and why. Of the judgements the newest come first,
 * those that no longer hold among them.
 */
export type Case = Static<typeof CaseAnswer>

export const PossibleMatchesAnswer = tolerant(cases.PossibleMatches)
/** The cases that may be about the same person as one, the likeliest first. */
export type PossibleMatches = Static<typeof PossibleMatchesAnswer>

export const ReviewsAnswer = tolerant(cases.Reviews)
/** What waits for a person's judgement. */
export type Reviews = Static<typeof ReviewsAnswer>

export const JudgedAnswer = tolerant(cases.Judged)
/** The case as judged; `otherId` is the other one, where there still are two. */
export type Judged = Static<typeof JudgedAnswer>

export const SplitAnswer = tolerant(cases.Split)
/** What a split left: the case, the other one, and in `cases` all that result. */
export type Split = Static<typeof SplitAnswer>

export const FoundAnswer = tolerant(cases.Found)
/** What a search found, the likeliest first. */
export type Found = Static<typeof FoundAnswer>
