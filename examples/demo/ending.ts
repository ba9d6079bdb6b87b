/**
 * How the demo ends. Whatever it makes, a process or a folder, it says here how to undo, before or as
 * soon as it is there; and what is being made when the end comes is waited for, and undone then.
 */

/** Why it ended before its time, and what its exit code is then. */
export type Early = { readonly words: string; readonly exitCode: number }

export type Ending = ReturnType<typeof createEnding>

/** 128 and the number of the signal, as shells count. */
const signals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** Thrown at whoever would make something after the end has come. */
class Ended extends Error {}

/** Hears signals and a closed output from now on. */
export function createEnding() {
  const undoings: (() => Promise<unknown> | unknown)[] = []
  const making = new Set<Promise<unknown>>()
  let early: Early | undefined
  let isOver = false
  let over: (reason: Early) => void = () => {}
  const ended = new Promise<Early>((resolve) => {
    over = resolve
  })

  function end(reason: Early): void {
    // npm passes on a Ctrl-C that the terminal has sent here already: twice is once.
    if (isOver) return
    isOver = true
    early = reason
    over(reason)
  }

  for (const [signal, exitCode] of Object.entries(signals)) {
    process.on(signal, () => end({ words: `The demo was ended by ${signal}.`, exitCode }))
  }
  // Whoever reads has read enough (`npm run demo | head -3`); what is printed from now on is lost.
  process.stdout.on('error', () => {
    end({ words: 'Nobody reads what the demo prints any more, so it ended.', exitCode: 0 })
  })
  process.stderr.on('error', () => {})

  return {
    get early() {
      return early
    },

    /** Whether the end has come: what fails from now on is of no interest. */
    get isOver() {
      return isOver
    },

    /** Waits for the end: now it is what was asked for, and not early. */
    async wanted(): Promise<void> {
      await ended
      early = undefined
    },

    /** @throws what `work` throws, and an error as soon as the end comes */
    async unless(work: Promise<unknown>): Promise<void> {
      // What it throws after the end is only that what it worked with is gone.
      work.catch(() => {})
      await Promise.race([
        work,
        ended.then(({ words }) => {
          throw new Ended(words)
        }),
      ])
    },

    /**
     * Makes something that is to be undone.
     *
     * @param undo - also called where `make` failed half-way, or was not done when the end came
     */
    async make<Made>(make: () => Promise<Made>, undo: () => unknown): Promise<Made> {
      if (isOver) throw new Ended('the demo has ended')
      undoings.unshift(undo)
      const made = make()
      making.add(made)
      try {
        return await made
      } finally {
        making.delete(made)
      }
    },

    /** Undoes everything, the last first, and says what an early end left: nothing. */
    async clean(): Promise<void> {
      isOver = true
      await Promise.allSettled(making)
      const failures: unknown[] = []
      for (const undo of undoings.splice(0)) {
        try {
          await undo()
        } catch (error) {
          failures.push(error)
        }
      }
      for (const failure of failures) console.error('This could not be cleaned up:', failure)
      if (early && failures.length === 0) {
        console.error(`${early.words} It left no process and no folder behind.`)
        console.error('To see all of it: npm run demo')
      }
    },
  }
}
