/**
 * A keyholder holds matching keys. It believes nothing about who asks: whatever the caller is
 * permitted elsewhere, no more elements are evaluated in a day than its own total, each evaluation is a line of
 * its own log, and an alarm is raised before the total is reached. What the elements stand for it
 * cannot know, and it writes none of them down.
 */
import { Refusal } from '../errors.ts'
import { readElements } from '../matching/elements.ts'
import { type Evaluation, NotEvaluated } from '../matching/keyholders.ts'
import { encodeBase64url } from '../protocol/bytes.ts'
import { createThread, type KeySource } from './thread.ts'
import { createTotal } from './total.ts'

/** What a keyholder writes its log with: pino's logger, or one with the same methods. */
export type Log = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>

export type KeyholderOptions = {
  /** One matching key per file; there are two while two epochs are listed. */
  readonly keys: readonly KeySource[]
  readonly totalFile: string
  readonly elementsPerDay: number
  readonly log: Log
}

/** Batches that wait their turn: with forty elements each, less than a caller's two seconds. */
const waitingMax = 32

export type Holder = ReturnType<typeof createKeyholder>

export function createKeyholder({ keys, totalFile, elementsPerDay, log }: KeyholderOptions) {
  const thread = createThread(keys)
  const total = createTotal({
    file: totalFile,
    elementsPerDay,
    alarm: (percent, elements) =>
      log.warn({ percent, total: elements, elementsPerDay }, 'alarm: the total of the day'),
  })
  let waiting = 0

  async function counted(caller: string, key: string, blinded: readonly Uint8Array[]) {
    const spent = await total.charge(blinded.length).catch((error: unknown) => {
      log.warn({ caller, elements: blinded.length, reason: reasonOf(error) }, 'refused')
      throw error
    })
    log.info({ caller, elements: blinded.length, total: spent }, 'evaluated')
    return thread.evaluate(key, blinded).catch((cause: unknown) => {
      // Whatever the thread says of it, these elements are spent, and this is not a refusal: nothing is counted for a refusal.
      throw new Error('elements were counted and not evaluated', { cause })
    })
  }

  return {
    /** Opens the keys and reads the total, and returns both. @throws Refusal, or Error, if it cannot */
    async open(): Promise<{ publicKeys: readonly string[]; total: number }> {
      const [publicKeys, spent] = await Promise.all([thread.publicKeys(), total.read()])
      return { publicKeys, total: spent }
    },

    /**
     * The evaluation of 1 to 40 elements under the key whose public half is `key`.
     *
     * @param caller - a name for the log
     * @throws Refusal `not-found` for a key that is not here, `batch-mismatch`, `element-invalid`,
     *   `matching-budget-spent`, `matching-unavailable` when too many wait; nothing is counted then
     */
    async evaluate(caller: string, key: string, elements: readonly string[]): Promise<Evaluation> {
      const publicKeys = await thread.publicKeys()
      if (!publicKeys.includes(key)) {
        throw new Refusal('not-found', 'this process does not hold that matching key')
      }
      const blinded = readElements(elements)
      if (waiting >= waitingMax) {
        const detail = 'too many evaluations are waiting'
        throw new NotEvaluated('matching-unavailable', detail, { counted: false })
      }
      waiting += 1
      try {
        const evaluated = await counted(caller, key, blinded)
        return {
          holder: key,
          elements: evaluated.elements.map((element) => encodeBase64url(element)),
          proof: encodeBase64url(evaluated.proof),
        }
      } finally {
        waiting -= 1
      }
    },

    async close(): Promise<void> {
      await Promise.all([thread.close(), total.close()])
    },
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Refusal ? error.code : 'the total could not be written'
}
