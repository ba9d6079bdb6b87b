/** The matching key in the service's own process: for trials, which need no other process. */
import { Refusal } from '../errors.ts'
import { type Evaluation, type Keyholders, NotEvaluated } from '../matching/keyholders.ts'
import { createKeyholder, type KeyholderOptions } from './keyholder.ts'

/** A keyholder in this process. @see createKeyholder for what it counts and logs */
export function embedKeyholder(options: KeyholderOptions) {
  const holder = createKeyholder(options)

  async function evaluate(key: string, elements: readonly string[]) {
    try {
      return await holder.evaluate('embedded', key, elements)
    } catch (cause) {
      if (cause instanceof NotEvaluated) throw cause
      options.log.error({ err: cause }, 'the embedded matching key evaluates nothing')
      const detail = 'the embedded matching key does not answer'
      const counted = !(cause instanceof Refusal)
      throw new NotEvaluated('matching-unavailable', detail, { counted, cause })
    }
  }

  return {
    place: 'embedded' as const,
    async evaluate(keys, elements) {
      const outcomes = await Promise.allSettled(keys.map((key) => evaluate(key, elements)))
      const answers: Evaluation[] = []
      const faults: NotEvaluated[] = []
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') answers.push(outcome.value)
        else faults.push(outcome.reason)
      }
      const told = faults.find(({ code }) => code === 'matching-budget-spent') ?? faults[0]
      // If one key has counted the elements they are charged, whatever happened to the other.
      const counted = answers.length > 0 || faults.some((fault) => fault.counted)
      if (told) throw told.counted === counted ? told : recounted(told, counted)
      return answers
    },
    open: () => holder.open(),
    close: () => holder.close(),
  } satisfies Keyholders & Record<'open' | 'close', () => Promise<unknown>>
}

function recounted(cause: NotEvaluated, counted: boolean): NotEvaluated {
  const { code, message, retryAfterSeconds } = cause
  const after = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
  return new NotEvaluated(code, message, { counted, cause, ...after })
}
