/** Why two referrals are taken for one person's, for people. Pure. */
import { type Bit, wordsOf } from '../matching/odds.ts'

/** An observation with its words. */
export function presentBit(bit: Bit) {
  return { ...bit, words: wordsOf(bit) }
}

/** What agrees, each once, the weightiest first: `names sound alike; birth year equal`. */
export function inWords(bits: readonly Bit[]): string {
  const agreeing = bits.filter(({ because }) => because !== 'missing')
  const ordered = [...agreeing].sort((a, b) => b.bits - a.bits)
  return [...new Set(ordered.map(wordsOf))].join('; ')
}
