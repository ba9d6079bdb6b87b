/**
 * From names as people write them to the tokens that match keys are made of: docs/PROTOCOL.md, "Match
 * keys". Which name is the family's, which stands first and which accents were at hand differ from one
 * referral to the next, so all of that is taken away here.
 */
import anyAscii from 'any-ascii'

/** More tokens than people have names; further ones would only be other spellings. */
const tokensMax = 6
const tokenLettersMin = 2
/** Longer than any word of a name; one letter can become many where another script is written out. */
const tokenLettersMax = 64

// Letters and marks of a script other than Latin. Marks of no script of their own (accents, the vowel
// signs of Arabic) stay, and go with the other marks: a vocalised name must meet an unvocalised one.
const otherScripts = /(?:(?!\p{Script=Latin}|\p{Script=Inherited})[\p{L}\p{M}])+/gu

// Apostrophes, and what stands for hamza and ayn in transliterations. `O'Brien` is one token.
const apostrophes = /['’‘ʼʿʾ`´]/g

// Letters that do not come apart into a letter of a to z and a mark.
const unlike: Readonly<Record<string, string>> = {
  ß: 'ss',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  æ: 'ae',
  œ: 'oe',
  ı: 'i',
}

const unlikeLetters = /[ßøłđðþæœı]/g

/** Articles, words for "son of", titles: written by one referrer and left out by the next. */
const particles: ReadonlySet<string> = new Set(
  (
    'al el ul bin ben ibn bint abu umm van von der den de del da la le ' +
    'mr mrs ms dr haji hajji syed sheikh'
  ).split(' '),
)

/**
 * The tokens of a person's names: words of the letters a to z, two letters or more, cut to 64, six at
 * most, none twice, in the order of `names`. Particles are left out, unless there is nothing else.
 *
 * The names are taken together, so that `Syed` beside `Ali` is left out whichever field it stood in.
 *
 * @param names - given names, family name, other names, in this order
 */
export function tokensOf(names: readonly string[]): string[] {
  const words = names.flatMap(wordsOf)
  const others = words.filter((word) => !particles.has(word))
  const tokens = (others.length > 0 ? others : words)
    .filter((word) => word.length >= tokenLettersMin)
    .map((word) => word.slice(0, tokenLettersMax))
  return [...new Set(tokens)].slice(0, tokensMax)
}

/** A name in form NFC with the letters of other scripts written in Latin ones; Latin letters stay. */
export function transliterate(name: string): string {
  return name.normalize('NFC').replace(otherScripts, anyAscii)
}

function wordsOf(name: string): string[] {
  return transliterate(name)
    .replace(apostrophes, '')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(unlikeLetters, (letter) => unlike[letter] ?? letter)
    .split(/[^a-z]/)
    .filter((word) => word !== '')
}
