/**
 * How many elements a keyholder has evaluated today. The number is written before they are evaluated,
 * so that a crash counts too many and never too few, and a restart does not begin the day again.
 */
import { readIfThere, replaceFile } from '../disk.ts'
import { totalSpent } from '../matching/keyholders.ts'
import { lockFile } from './lock.ts'

/** The shares of the total, in percent, at which an alarm goes to the log. */
const alarmPercents = [50, 80, 100] as const

export type TotalOptions = {
  /** A file of its own; it is made if it does not exist. */
  readonly file: string
  readonly elementsPerDay: number
  /** Called once a day for each of the shares. */
  readonly alarm: (percent: number, total: number) => void
}

type Kept = { readonly day: string; readonly elements: number }

export function createTotal({ file, elementsPerDay, alarm }: TotalOptions) {
  let last: Promise<unknown> = Promise.resolve()
  let locked: ReturnType<typeof lockFile> | undefined
  /** The day whose last alarm was raised by a refusal. */
  let fullOn = ''

  async function add(elements: number): Promise<number> {
    const now = new Date()
    const { day, elements: before } = await today(now)
    const after = before + elements
    if (after > elementsPerDay) {
      // Nobody may ever ask for just the elements that are left, so the first refusal is the end of the day too.
      if (fullOn !== day && before < elementsPerDay) alarm(100, before)
      fullOn = day
      throw totalSpent(now, 'the elements of the day are spent')
    }
    await replaceFile(file, JSON.stringify({ day, elements: after }))
    for (const percent of alarmPercents) {
      const share = (elementsPerDay * percent) / 100
      const isTold = percent === 100 && fullOn === day
      if (before < share && after >= share && !isTold) alarm(percent, after)
    }
    return after
  }

  /** A second process that was started by mistake would overwrite counts of the first. */
  async function lock(): Promise<void> {
    locked ??= lockFile(file)
    await locked.catch((error: unknown) => {
      locked = undefined
      throw error
    })
  }

  /** It is read each time: the file is authoritative, also after a person has corrected it. */
  async function today(now: Date): Promise<Kept> {
    await lock()
    const day = now.toISOString().slice(0, 10)
    const kept = readKept(await readIfThere(file), file)
    // A clock that is set back does not begin the day again.
    return kept && kept.day >= day ? kept : { day, elements: 0 }
  }

  return {
    /** Today's total so far. @throws Error if the file is spoilt, or another process counts in it */
    async read(): Promise<number> {
      return (await today(new Date())).elements
    },

    /**
     * Adds `elements` durably, and returns the total of the day.
     *
     * @throws NotEvaluated `matching-budget-spent` if that is over the total; nothing is added then
     */
    charge(elements: number): Promise<number> {
      const charged = last.then(() => add(elements))
      last = charged.catch(() => {})
      return charged
    },

    /** Lets another process count. */
    async close(): Promise<void> {
      const held = locked
      locked = undefined
      const release = await held?.catch(() => undefined)
      await release?.()
    },
  }
}

function readKept(text: string | undefined, file: string): Kept | undefined {
  if (text === undefined) return undefined
  const fault = new Error(`${file} holds no total of a day: set it right, or remove it`)
  try {
    const kept = JSON.parse(text) as Partial<Kept> | null
    const { day = '', elements = -1 } = kept ?? {}
    if (/^\d{4}-\d\d-\d\d$/.test(day) && Number.isSafeInteger(elements) && elements >= 0) {
      return { day, elements }
    }
  } catch {
    throw fault
  }
  throw fault
}
