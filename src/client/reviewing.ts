/** The part of a reader that reviews cases, loaded with the first call: whoever only claims never does. */
import type { createReviewing as load, Reviewing } from './cases.ts'

/** @see Reviewing */
export function createReviewing(...parts: Parameters<typeof load>): Reviewing {
  const reviewing = async () => (await import('./cases.ts')).createReviewing(...parts)
  return {
    case: async (...asked) => (await reviewing()).case(...asked),
    possibleMatches: async (...asked) => (await reviewing()).possibleMatches(...asked),
    reviews: async (...asked) => (await reviewing()).reviews(...asked),
    decide: async (...asked) => (await reviewing()).decide(...asked),
    merge: async (...asked) => (await reviewing()).merge(...asked),
    split: async (...asked) => (await reviewing()).split(...asked),
    clearFlags: async (...asked) => (await reviewing()).clearFlags(...asked),
    search: async (...asked) => (await reviewing()).search(...asked),
    readNotes: async (...asked) => (await reviewing()).readNotes(...asked),
    notesSeen: async (...asked) => (await reviewing()).notesSeen(...asked),
  }
}
