/**
 * The skeleton of a name: its consonants, with those alike that one sound is written with in the
 * languages of the people we meet. It is a token's second code beside double metaphone, which knows
 * how English spells and misses a good part of what Arabic becomes in Latin letters. The recipe
 * is in docs/PROTOCOL.md, "Match keys".
 */

const spelt = {
  S: ['tsch', 'tch', 'sch', 'sh', 'ch', 'cz', 'zh'],
  j: ['dj', 'dzh', 'g'],
  f: ['ph'],
  t: ['th'],
  d: ['dh'],
  v: ['w'],
  s: ['z'],
  k: ['kh', 'gh', 'qu', 'ck', 'q', 'c', 'x'],
}
const codes: ReadonlyMap<string, string> = new Map(
  Object.entries(spelt).flatMap(([code, all]) => all.map((spelling) => [spelling, code])),
)

const softC = /c(?=[eiy])/g

// Tried in this order at each letter, from left to right: the longest spelling first, or `dzh` would
// be read as `d` and `zh`.
const spellings = /tsch|tch|dzh|sch|sh|ch|cz|zh|dj|ph|kh|gh|qu|ck|th|dh|[qcxgwz]/g

/** The code of a token of the letters a to z: consonants, and `S` for sh. Empty where it has none. */
export function skeletonOf(token: string): string {
  return token
    .replace(softC, 's')
    .replace(spellings, (spelling) => codes.get(spelling) ?? spelling)
    .replace(/(?<=.)h/g, '')
    .replace(/[aeiouy]/g, '')
    .replace(/(?<=.)v/g, '')
    .replace(/(.)\1+/g, '$1')
}
