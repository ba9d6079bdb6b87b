/**
 * Words that match keys treat unlike other words of a name: closed lists, part of the recipe, and
 * published as data in `openapi/name-words.json`. All of them are in the letters a to z that a word
 * comes to, save `ownScript`. docs/PROTOCOL.md, "Match keys".
 */
import { matchKeyTypes, referenceTypes } from './keytypes.ts'

/**
 * Apostrophes, primes and letters that look like them, and what stands for hamza, ayn and glottal
 * stops: `O'Brien` is one token, and `Ma'ruf` the same as `Maruf`.
 */
export const apostrophes: readonly string[] = [..."'`´ʹʺʻʼʽʾʿˀˁˈˊˋˌˮʔʕ՚׳ߴߵ᾽᾿῾‘’‛′‵ꜢꜣꜤꜥꞋꞌ＇"]

/** Articles, words for "son of", titles: written by one referrer and left out by the next. */
export const particles: readonly string[] = (
  'al el ul bin ben ibn bint van von der den de del da dos das la le ' +
  'mr mrs ms miss dr prof haji hajji hajj hadji syed sayed sayyid sheikh shaikh sheik'
).split(' ')

/**
 * The same in the letters in which they are written. By what a transliterator makes of them they
 * could not be told from names: `عمر`, Omar, becomes `mr`.
 */
export const ownScript: readonly string[] =
  'ال بن ابن بنت حاج الحاج حاجي حاجی سيد سید السيد شيخ شیخ الشيخ دكتور دکتر'.split(' ')

/** Particles that are names as well: where they are kept, they are a part like any other. */
export const alsoNames: readonly string[] = 'ben da den la le'.split(' ')

/**
 * Words that half a tradition bears. They tell apart only together with another word, and two who
 * share one have no part of the name in common.
 */
export const common: readonly string[] = (
  'thi van md mohd muhd mst mosammat singh kaur begum begam bibi khatun khatoon khatoun akter ' +
  'akther devi kumar kumari bai'
).split(' ')

/**
 * Firsts of compounds, each with its one spelling: written together with the word that follows,
 * whichever name that stands in, for none of them is a name alone.
 */
export const firsts: Readonly<Record<string, string>> = {
  ...spelt('abdul', 'abd abdal abdel abdol abdul abdur abdus'),
  ...spelt('abu', 'abu abo abou'),
  ...spelt('umm', 'umm'),
  ...spelt('gholam', 'gholam ghulam golam gulam'),
  ...spelt('gebre', 'gebre gabre gebra ghebre ghebra'),
  ...spelt('habte', 'habte habta'),
  ...spelt('welde', 'welde wolde weldi'),
  ...spelt('nurul', 'nurul noorul'),
}

/** What may stand between such a first and its word: `Abd al-Rahman`, `Abd ur Rahman`. */
export const articles: readonly string[] =
  'al el ol ul ar er or ur as es us an en un ad ed ud at et ut az ez uz ash esh ush'.split(' ')

/**
 * Words that are written together where one of `firsts` stands before one of `seconds` in the same
 * name. Each of them is a name of its own elsewhere.
 */
export const pairs: readonly { firsts: readonly string[]; seconds: readonly string[] }[] = [
  {
    firsts: 'haile hayle tesfa tekle kidane fikre zera atse'.split(' '),
    seconds: (
      'mariam maryam mariyam selassie selasie sellassie selase silassie michael mikael mikaiel ' +
      'giorgis ghiorghis georgis yesus eyesus medhin medhen egziabher amlak kidan tsadik tsadkan ' +
      'tsion hiwot hiwet berhan'
    ).split(' '),
  },
  {
    firsts: 'amir ali mohammad mohamad muhammad hamid ahmad saeed'.split(' '),
    seconds: 'reza rida'.split(' '),
  },
  {
    firsts: 'amir'.split(' '),
    seconds: 'hossein hosein hussein husain hussain ali mohammad abbas'.split(' '),
  },
  {
    firsts: 'nur noor nour'.split(' '),
    seconds: 'islam alam jahan nahar haq haque'.split(' '),
  },
]

/** Lasts of compounds, each with its one spelling: written together with the word before it. */
export const lasts: Readonly<Record<string, string>> = {
  ...spelt('ullah', 'ullah ulla ollah allah allh'),
  ...spelt('uddin', 'uddin udin eddin aldin'),
  ...spelt('zadeh', 'zadeh zada zade'),
  ...spelt('oglu', 'oglu oghlu ogly'),
  ...spelt('nejad', 'nejad nezhad'),
  ...spelt('zai', 'zai zay'),
}

function spelt(one: string, all: string): Record<string, string> {
  return Object.fromEntries(all.split(' ').map((spelling) => [spelling, one]))
}

/**
 * The lists, as `openapi/name-words.json` publishes them; what is done with them is in
 * docs/PROTOCOL.md.
 */
export const nameWordsData = {
  recipe: 'match-keys/2',
  about: 'Lists of the recipe of match keys: docs/PROTOCOL.md, "Match keys".',
  apostrophes,
  particles,
  alsoNames,
  ownScript,
  common,
  firsts,
  articles,
  pairs,
  lasts,
  types: matchKeyTypes,
  referenceTypes,
} as const
