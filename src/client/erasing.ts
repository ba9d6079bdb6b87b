/** The end of referrals: closed by whoever answers them, erased by a client with the scope `cases:erase`, or kept from that. */
import type { Static } from 'typebox'
import * as erasure from '../erasure/schemas.ts'
import type { HoldReason } from '../referral/codes/hold.ts'
import type { Case } from './caseschemas.ts'
import { BadAnswer, ServiceProblem } from './failure.ts'
import { requireReferenceOf, wellTyped } from './naming.ts'
import { readAnswer } from './schemas.ts'
import { tolerant } from './tolerant.ts'
import type { Transport } from './transport.ts'

const ErasedAnswer = tolerant(erasure.Erased)
/** That a referral is erased, and from which day on no backup holds it. */
export type Erased = Static<typeof ErasedAnswer>

const HoldsAnswer = tolerant(erasure.Holds)
/** That a referral may not be erased, and why. */
export type Hold = Static<typeof HoldsAnswer>['holds'][number]

/** One of a case that stays, and why: something stands against it, or it is gone from there. */
export type NotErased = {
  readonly referralId: string
  readonly reference: string
  readonly code: 'erasure-refused' | 'not-found'
  /** The service's words: escape them before they are shown. */
  readonly detail: string
}

/** What became of each referral of a case. */
export type ErasedCase = {
  readonly erased: readonly Erased[]
  readonly left: readonly NotErased[]
}

/** @see createErasing */
export type Erasing = {
  /**
   * Closes a referral that has its answer, by its id or reference: there is nothing more to do about it, its answer is not
   * taken back any more, and whoever sent it is shown that. A rule of retention counts its days from then. It takes the
   * scope `triage:work` alone. Safe to repeat: the first time stands.
   *
   * @throws ServiceProblem `state-refused` for one without an answer or withdrawn, `not-found` for one that this key does not
   *   open, `erased`, `insufficient-scope`; Refusal `reference-mistyped`
   */
  close(name: string): Promise<void>
  /**
   * Erases a referral for good, by its id or reference. Safe to repeat: the first time stands.
   *
   * @returns when, and the day on which backups forget it too
   * @throws ServiceProblem `erasure-refused` for one that is held, or whose withdrawal was asked for within seven days;
   *   `not-found`, `insufficient-scope`
   */
  erase(name: string): Promise<Erased>
  /**
   * Erases each referral of a case as it was read, and none that came to it since: what was not shown to whoever decided
   * stays. May be interrupted, and called again with the case as it is then.
   *
   * @throws as `erase`, but for what `left` names
   */
  eraseCase(found: Pick<Case, 'referrals'>): Promise<ErasedCase>
  /** Keeps a referral from being erased, by anybody and by rule, or changes why. @throws ServiceProblem `not-found`, `erased` */
  placeHold(name: string, reason: HoldReason): Promise<void>
  /** Lets it be erased again. Safe to repeat. @throws ServiceProblem `not-found`, `erased` */
  liftHold(name: string): Promise<void>
  /** All that is held, the oldest hold first. */
  holds(): Promise<Hold[]>
}

/** More pages than this are no list of holds. */
const pagesMax = 1_000

/** The part of a reader that closes and erases. @param kid - of the recipient key that the reader opens with */
export function createErasing(transport: Transport, kid: string): Erasing {
  async function erase(name: string): Promise<Erased> {
    const path = pathOf(name, 'erasure')
    const answer = await transport.send({ method: 'POST', path, repeatable: true })
    const erased = readAnswer(ErasedAnswer, answer, `POST ${path}`)
    if (/^[0-9]{8}$/.test(name)) requireReferenceOf([erased.referralId], name)
    else if (erased.referralId !== name) throw new BadAnswer(`another than ${name} was erased`)
    return erased
  }

  async function eraseCase({ referrals }: Pick<Case, 'referrals'>): Promise<ErasedCase> {
    const erased: Erased[] = []
    const left: NotErased[] = []
    for (const { referralId, reference } of referrals) {
      try {
        erased.push(await erase(referralId))
      } catch (error) {
        const code = error instanceof ServiceProblem ? error.problem.code : undefined
        if (code !== 'erasure-refused' && code !== 'not-found') throw error
        left.push({ referralId, reference, code, detail: (error as ServiceProblem).message })
      }
    }
    return { erased, left }
  }

  async function holds(): Promise<Hold[]> {
    const found: Hold[] = []
    let next: string | undefined
    for (let pages = 0; pages < pagesMax; pages += 1) {
      const query = next === undefined ? '' : `?cursor=${encodeURIComponent(next)}`
      const path = `/v1/referrals/holds${query}`
      const answer = await transport.send({ method: 'GET', path, repeatable: true })
      const page = readAnswer(HoldsAnswer, answer, 'GET /v1/referrals/holds')
      found.push(...page.holds)
      if (page.next === undefined) return found
      next = page.next
    }
    throw new BadAnswer('the list of holds has no end')
  }

  return {
    async close(name) {
      const path = `${pathOf(name, 'closing')}?recipient=${kid}`
      await transport.send({ method: 'POST', path, repeatable: true })
    },
    erase,
    eraseCase,
    async placeHold(name, reason) {
      const path = `${pathOf(name, 'hold')}?reason=${reason}`
      await transport.send({ method: 'PUT', path, repeatable: true })
    },
    async liftHold(name) {
      await transport.send({ method: 'DELETE', path: pathOf(name, 'hold'), repeatable: true })
    },
    holds,
  }
}

function pathOf(name: string, what: string): string {
  return `/v1/referrals/${encodeURIComponent(wellTyped(name))}/${what}`
}
