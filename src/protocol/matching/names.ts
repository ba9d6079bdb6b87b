/**
 * From names as people write them to the tokens that match keys are made of: docs/PROTOCOL.md, "Match
 * keys". Which name is the family's, which stands first and which accents were at hand differ from one
 * referral to the next, so all of that is taken away here.
 */
import anyAscii from 'any-ascii'
import { isPlaceholderWord, standsForNothing } from '../../referral/placeholders.ts'
import {
  alsoNames,
  apostrophes,
  articles,
  common,
  firsts,
  lasts,
  ownScript,
  pairs,
  particles,
} from './namewords.ts'

/** More tokens than people have names; further ones would only be other spellings. */
const tokensMax = 6
const tokenLettersMin = 2
/** Longer than any word of a name; one letter can become many where another script is written out. */
const tokenLettersMax = 64
/** A title is left out only where so many words remain: of `Le Van Hung` none is a title. */
const remainingMin = 2

// Soft hyphens, joiners, marks of direction: they come along with copied text and cannot be seen.
const invisible = /\p{Default_Ignorable_Code_Point}/gu

const apostropheSet: ReadonlySet<string> = new Set(apostrophes)

const notOfWords = /[^\p{L}\p{M}]+/u

// Letters and marks of a script other than Latin. Marks of no script of their own (accents, the vowel
// signs of Arabic) stay, and go with the other marks: a vocalised name must meet an unvocalised one.
const otherScripts = /(?:(?!\p{Script=Latin}|\p{Script=Inherited})[\p{L}\p{M}])+/gu

// A vowel stands on these where a word begins; the transliterator writes them as nothing, or as an
// apostrophe. Sorani writes a hamza before any first vowel.
const firstAlef =
  /^(?:\u0626(?=[\u0627\u06d5\u06ce\u06c6\u0648\u06cc])[\u0627\u06d5]?|[\u0627\u0623\u0671\u0639\u05d0\u05e2\u0710\u0725])/
const firstAlefBelow = /^\u0625/

const particleSet: ReadonlySet<string> = new Set(particles)
const ownScriptSet: ReadonlySet<string> = new Set(ownScript)
const commonSet: ReadonlySet<string> = new Set([
  ...common,
  ...particles.filter((word) => !alsoNames.includes(word)),
  ...Object.values(firsts),
])
const articleSet: ReadonlySet<string> = new Set(articles)
const firstSpelling: ReadonlyMap<string, string> = new Map(Object.entries(firsts))

/** `letters` is what a word comes to: a to z, one letter or more. */
type Word = { readonly letters: string; readonly isParticle: boolean }

/**
 * The tokens of a person's names: words of the letters a to z, two letters or more, cut to 64, six at
 * most, none twice, in the order of `names`. Placeholders are no words; compounds are one; particles
 * are left out where two other words remain.
 *
 * The names are taken together, so that `Syed` is left out whichever field it stood in.
 *
 * @param names - given names, family name, other names, in this order
 */
export function tokensOf(names: readonly string[]): string[] {
  const words = withFirsts(names.flatMap((name) => withLasts(withPairs(wordsOf(name)))))
  const others = words.filter(({ isParticle, letters }) => {
    return !isParticle && letters.length >= tokenLettersMin
  })
  const remain = new Set(others.map(({ letters }) => letters)).size >= remainingMin
  const tokens = (remain ? others : words)
    .map(({ letters }) => letters.slice(0, tokenLettersMax))
    .filter((letters) => letters.length >= tokenLettersMin)
  return [...new Set(tokens)].slice(0, tokensMax)
}

/** Whether half a tradition bears this token, so that it is no part of a name by itself. */
export function isCommon(token: string): boolean {
  return commonSet.has(token)
}

/**
 * A word in form NFKC in the letters a to z, as far as a transliterator writes it in them. Empty where
 * nothing is left.
 */
export function lettersOf(word: string): string {
  return lettersIn(
    word
      .replace(firstAlefBelow, 'i')
      .replace(firstAlef, 'a')
      .replace(otherScripts, anyAscii)
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      // ß, ø, ɓ: Latin letters that do not come apart into a letter of a to z and a mark.
      .replace(/[^a-z]+/g, anyAscii),
  )
}

function lettersIn(text: string): string {
  return text.toLowerCase().replace(/[^a-z]/g, '')
}

/** The words of a name, without placeholders and without what comes to no letter at all. */
function wordsOf(name: string): Word[] {
  const visible = name.normalize('NFC').replace(invisible, '')
  const text = [...visible].filter((letter) => !apostropheSet.has(letter)).join('')
  if (standsForNothing(text)) return []
  return text
    .normalize('NFKC')
    .split(notOfWords)
    .filter((word) => !isPlaceholderWord(word))
    .map(read)
    .filter(({ letters }) => letters !== '')
}

function read(word: string): Word {
  const letters = lettersOf(word)
  const isParticle = /^[\p{Script=Latin}\p{M}]+$/u.test(word)
    ? particleSet.has(letters)
    : ownScriptSet.has(word.replace(/\p{M}/gu, ''))
  return { letters, isParticle }
}

/** Joins the words that are one only side by side: `Haile Mariam`. */
function withPairs(words: readonly Word[]): Word[] {
  const joined: Word[] = []
  for (const word of words) {
    const before = joined.at(-1)
    const isPair = pairs.some(({ firsts, seconds }) => {
      return before && firsts.includes(before.letters) && seconds.includes(word.letters)
    })
    if (before && isPair) joined.splice(-1, 1, whole(before.letters + word.letters))
    else joined.push(word)
  }
  return joined
}

/** Joins a last to the word before it: `Rahmat Ullah`; also one in two words, `Nur al-Din`. */
function withLasts(words: readonly Word[]): Word[] {
  const joined: Word[] = []
  let article = ''
  for (const [at, word] of words.entries()) {
    const before = joined.at(-1)
    const next = words[at + 1]
    if (before && next && Object.hasOwn(lasts, word.letters + next.letters)) {
      article = word.letters
      continue
    }
    const last = [article + word.letters, word.letters].find((it) => Object.hasOwn(lasts, it))
    article = ''
    if (before && last) joined.splice(-1, 1, whole(before.letters + lasts[last]))
    else joined.push(word)
  }
  return joined
}

/** Joins a first to the word behind it: `Abdul Rahman`, `Abd al-Rahman`, also across two names. */
function withFirsts(words: readonly Word[]): Word[] {
  const joined: Word[] = []
  let first = ''
  let waiting: Word[] = []
  for (const word of words) {
    if (first !== '' && articleSet.has(word.letters)) {
      waiting.push(word)
    } else if (first !== '' && !word.isParticle) {
      joined.push(whole(first + word.letters))
      first = ''
      waiting = []
    } else {
      joined.push(...alone(first), ...waiting)
      waiting = []
      first = firstSpelling.get(word.letters) ?? ''
      if (first === '') joined.push({ ...word, letters: respelt(word.letters) })
    }
  }
  return [...joined, ...alone(first), ...waiting]
}

function alone(first: string): Word[] {
  return first === '' ? [] : [whole(first)]
}

function whole(letters: string): Word {
  return { letters: respelt(letters), isParticle: false }
}

/** `Abdelrahman`, `Abdurrahman` and `Abdirahman` in the one spelling of such names. */
function respelt(letters: string): string {
  return letters
    .replace(/^abd[aeiou]l(?=[a-z]{2})/, 'abdul')
    .replace(/^abd[aeiou]([rsndtz])\1?(?=[a-z]{3})/, 'abdul$1')
}
