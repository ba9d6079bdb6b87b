/** The matching key in the service's own process: for trials, where no other process is wanted. */
import { Refusal } from '../errors.ts'
import { type KeyHolders, NotEvaluated } from '../matching/holders.ts'
import { createHolder, type HolderOptions } from './holder.ts'

/** A holder within reach. @see createHolder for what it counts and logs */
export function embedHolder(options: HolderOptions) {
  const holder = createHolder(options)

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
    evaluate: (keys, elements) => Promise.all(keys.map((key) => evaluate(key, elements))),
    open: () => holder.open(),
    close: () => holder.close(),
  } satisfies KeyHolders & Record<'open' | 'close', () => Promise<unknown>>
}
