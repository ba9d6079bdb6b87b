/** What the service knows of the holders of the matching key: where they are, and how they fail. */
import { type ErrorCode, Refusal } from '../errors.ts'

/**
 * `apart`: in processes of their own, which is what stands between a thief of the database and the
 * names. `embedded`: in this process, for trials. `none`: nothing can be evaluated.
 */
export type KeyPlace = 'apart' | 'embedded' | 'none'

/** What one holder answers, in base64url: elements in the order of those sent. */
export type Evaluation = { holder: string; elements: string[]; proof: string }

export type Keyholders = {
  readonly place: KeyPlace
  /**
   * The evaluation by each of `holders`, in that order; they are named by their public keys, and all
   * of it is base64url.
   *
   * @throws NotEvaluated
   */
  evaluate(holders: readonly string[], elements: readonly string[]): Promise<Evaluation[]>
}

/** There is no evaluation: a holder is down, slow or wrong, or has no more to give today. */
export class NotEvaluated extends Refusal {
  declare readonly code: Extract<ErrorCode, 'matching-unavailable' | 'matching-budget-spent'>
  /** Whether a holder may have counted the elements towards its total. */
  readonly counted: boolean

  constructor(
    code: NotEvaluated['code'],
    detail: string,
    { counted, ...options }: { counted: boolean } & ConstructorParameters<typeof Refusal>[2],
  ) {
    super(code, detail, options)
    this.counted = counted
  }
}

/** Where no matching key is. A referral is accepted all the same. */
export const noKeyholders: Keyholders = {
  place: 'none',
  async evaluate() {
    throw new NotEvaluated('matching-unavailable', 'this service has no matching key', {
      counted: false,
    })
  },
}

/** The refusal of whoever counts, until the day of UTC is over. @param counted - by somebody else */
export function totalSpent(now: Date, detail: string, counted = false): NotEvaluated {
  const retryAfterSeconds = secondsToMidnight(now)
  return new NotEvaluated('matching-budget-spent', detail, { counted, retryAfterSeconds })
}

/** Whole seconds from `now` to the next midnight of UTC, 1 to 86,400. */
function secondsToMidnight(now: Date): number {
  const dayMs = 86_400_000
  return Math.ceil((dayMs - (now.getTime() % dayMs)) / 1000)
}
