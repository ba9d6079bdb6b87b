/**
 * A tab that was left open forgets. A press of a key, a touch, and text that comes otherwise (dictated,
 * pasted) count as somebody being there; time is read from the clock, because a computer that sleeps runs no
 * timers.
 */

/** Of a shared computer: the next person may sit down within minutes. */
const clearedAfterMs = 15 * 60_000
/** Time enough to read a warning and press a key (WCAG 2.2, 2.2.1). */
const warnedBeforeMs = 2 * 60_000
const lookEveryMs = 5_000

export type Idle = {
  /** Somebody must press a key, or all is forgotten. */
  warn(): void
  /** Somebody is there. */
  stay(): void
  clear(): void
}

/** Watches from now on. */
export function watchIdle({ warn, stay, clear }: Idle): void {
  let last = Date.now()
  let warned = false

  function look(): void {
    const idleMs = Date.now() - last
    if (idleMs >= clearedAfterMs) {
      last = Date.now()
      warned = false
      clear()
    } else if (idleMs >= clearedAfterMs - warnedBeforeMs && !warned) {
      warned = true
      warn()
    }
  }

  function press(): void {
    // After a sleep the press may come before the timer: it saves nothing that should be gone.
    look()
    last = Date.now()
    if (warned) stay()
    warned = false
  }

  for (const event of ['keydown', 'pointerdown', 'input']) {
    document.addEventListener(event, press, { capture: true })
  }
  document.addEventListener('visibilitychange', look)
  setInterval(look, lookEveryMs)
}
