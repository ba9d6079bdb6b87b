/**
 * What people write where they have nothing to write: `not known`, `N/A`, `FNU`, `00000000`. It is
 * no name, number or telephone, and two referrals that share it have nothing in common.
 *
 * The list is closed, and published as data in `openapi/placeholders.json`, because a client in
 * another language has to drop the same texts: otherwise it makes match keys that nobody else makes.
 *
 * Some of these texts are names as well. `Man` is a family name in Hong Kong, `Nil` a given name in
 * Turkey, `Na` a family name in Korea, `Baby` a given name in Kerala. As a whole value they count
 * as placeholders all the same: such a person loses one part of the name, and is found by the
 * others, while keeping the word would join strangers. Inside a longer value (`Man Bahadur`) they
 * are kept, because there somebody plainly wrote a name.
 */

/** Whole values, folded: small letters, words with one space between them. */
const phrases: readonly string[] = [
  ...['unknown', 'not known', 'not yet known', 'name unknown', 'name not known', 'unknown name'],
  ...['not given', 'none given', 'no name given', 'not stated', 'none stated', 'not provided'],
  ...['none provided', 'not disclosed', 'not recorded', 'not available', 'not applicable'],
  ...['not asked', 'not sure', 'unsure', 'unclear', 'dont know', 'do not know', 'didnt say'],
  ...['no idea', 'no information', 'no details', 'missing', 'blank', 'empty', 'nothing'],
  ...['na', 'none', 'nil', 'null', 'no', 'nobody', 'no one', 'undefined'],
  ...['no name', 'no first name', 'no given name', 'no middle name', 'no last name'],
  ...['no surname', 'no family name', 'first name unknown', 'last name unknown'],
  ...['surname unknown', 'family name unknown', 'given name unknown'],
  ...['no number', 'no ref', 'no reference', 'no phone', 'no telephone', 'no mobile'],
  ...['to be confirmed', 'to be advised', 'to be announced', 'to follow', 'awaited', 'awaiting'],
  ...['pending', 'see above', 'as above', 'same as above', 'ditto'],
  ...['refused', 'refused to give', 'refused to say', 'refuses to give', 'refuses to say'],
  ...['declined', 'declined to give', 'declined to say', 'declines to say', 'withheld by request'],
  ...['prefer not to say', 'prefers not to say', 'will not say', 'wont say', 'cannot say'],
  ...['confidential', 'redacted', 'an other', 'a n other', 'john doe', 'jane doe'],
  ...['male', 'female', 'man', 'woman', 'boy', 'girl', 'adult', 'child'],
  ...['baby', 'baby boy', 'baby girl', 'infant', 'newborn', 'new born', 'first name', 'last name'],
  ...['surname', 'family name', 'given name', 'given names', 'forename', 'forenames', 'name'],
  ...['inconnu', 'inconnue', 'desconocido', 'desconocida', 'sconosciuto', 'sconosciuta'],
  ...['desconhecido', 'desconhecida', 'unbekannt', 'bilinmiyor', 'i panjohur', 'không rõ'],
  ...['مجهول', 'مجهولة', 'غير معروف', 'نامعلوم', 'неизвестно'],
]

/** Words that are nobody's name, and count as nothing inside a longer value too. */
const words: readonly string[] = [
  ...['unknown', 'unk', 'unkn', 'unnamed', 'unidentified', 'unspecified', 'undisclosed'],
  ...['unrecorded', 'unconfirmed', 'anonymous', 'anonymised', 'withheld', 'fnu', 'lnu', 'nfn'],
  ...['nln', 'nmn', 'nfi', 'tbc', 'tba', 'tbd'],
]

/** Words that say nothing more beside one of `words`: `unknown male`, `baby unknown`. */
const besideWords: readonly string[] = [
  ...['male', 'female', 'man', 'woman', 'boy', 'girl', 'baby', 'infant', 'child', 'adult'],
  ...['name', 'surname', 'first', 'last', 'family', 'given', 'at', 'this', 'time', 'and', 'yet'],
]

/** How a value begins that names somebody else: `Baby of Fatima` is not Fatima. */
const firsts: readonly string[] = [
  ...['baby of', 'baby boy of', 'baby girl of', 'infant of', 'newborn of', 'child of'],
  ...['son of', 'daughter of', 'wife of', 'husband of', 'mother of', 'father of'],
]

/** The list, and how it is compared, as `openapi/placeholders.json` publishes them. */
export const placeholderData = {
  version: 1,
  about: [
    'Words of a value: form NFKC, small letters; delete the characters of the Unicode categories ' +
      "Cf, Pi and Pf and the apostrophes ' ` ´ ʼ; split at whatever is no letter, mark or number.",
    'A whole value stands for nothing if one of these is true.',
    'It has no words.',
    'Its words, joined, are a single 0, two or more digits that are all the same, or only x.',
    'Its words, joined by one space, are one of `phrases`, or one of `phrases` that has a space ' +
      'with its spaces taken out.',
    'Each word is one character, and joined they are one of `phrases` or `words`.',
    'Its words, joined by one space, are one of `firsts`, or begin with one and a space.',
    'Each word is a placeholder word or one of `besideWords`, and one is a placeholder word.',
    'A placeholder word is one of `words`, or two or more x. It is also left out of a longer name.',
  ],
  phrases,
  words,
  besideWords,
  firsts,
} as const

const phraseSet: ReadonlySet<string> = new Set([
  ...phrases,
  // `notknown`: only of several words, for a single one (`na`) is already as short as it gets.
  ...phrases.filter((phrase) => phrase.includes(' ')).map((phrase) => phrase.replaceAll(' ', '')),
])
const wordSet: ReadonlySet<string> = new Set(words)
const besideSet: ReadonlySet<string> = new Set(besideWords)

/**
 * Whether a whole value (a name as it stands in its field, a number, a telephone) stands for
 * nothing, in any case, spacing and punctuation. Also one without a letter or digit (`-`, `?`), and
 * one of digits alone that are all alike (`0`, `00000`, `1111`; a single `7` is a number).
 */
export function standsForNothing(value: string): boolean {
  const found = wordsOf(value)
  const compact = found.join('')
  if (compact === '' || /^(0|([0-9])\2+)$/.test(compact) || /^x+$/.test(compact)) return true
  const phrase = found.join(' ')
  if (phraseSet.has(phrase)) return true
  // N/A, T.B.C., n o n e
  if (found.every((word) => word.length === 1) && (phraseSet.has(compact) || wordSet.has(compact)))
    return true
  if (firsts.some((first) => phrase === first || phrase.startsWith(`${first} `))) return true
  return (
    found.some(isPlaceholderWord) &&
    found.every((word) => isPlaceholderWord(word) || besideSet.has(word))
  )
}

/**
 * Whether a single word of a longer name stands for nothing. Fewer words do than whole values:
 * `Male` is dropped where it is the whole name, and kept in `Male Ardit`.
 */
export function isPlaceholderWord(word: string): boolean {
  const [folded = '', ...others] = wordsOf(word)
  return others.length === 0 && (wordSet.has(folded) || /^x{2,}$/.test(folded))
}

/**
 * Its words in the spelling of the list: in form NFKC and small letters, without format characters,
 * apostrophes and marks that are no part of a letter.
 */
function wordsOf(value: string): string[] {
  return value
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\p{Cf}\p{Pf}\p{Pi}'`´ʼ]/gu, '')
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((word) => word !== '')
}
