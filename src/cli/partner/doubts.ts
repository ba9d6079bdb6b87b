/** What in a draft is worth a second look, for whoever typed it. It stops nothing. */
import { type Problem, shown, type Warned } from '../../client/index.ts'

/** Collects what a referrer's client tells. */
export function createDoubts() {
  const found = new Map<string, readonly Problem[]>()
  return {
    onWarnings({ referralId, warnings }: Warned): void {
      found.set(referralId, warnings)
    },

    of(referralId: string): readonly Problem[] | undefined {
      return found.get(referralId)
    },

    /** All of them, one line each. */
    words(): string[] {
      return [...found.values()].flatMap(wordsOfDoubts)
    },
  }
}

/** One line each: `Look again: /respondBy lies more than 366 days ahead.` */
export function wordsOfDoubts(warnings: readonly Problem[]): string[] {
  return warnings.map(({ pointer, detail }) => `Look again: ${shown(pointer)} ${shown(detail)}`)
}
