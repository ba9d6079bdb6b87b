/** What a long list offers, in the language of the page and in its order. */
import { countryCodes, languageCodes } from './lists.ts'
import { optionSets } from './questions.ts'
import { say, spoken } from './texts.ts'

export type Choice = { readonly code: string; readonly words: string }

export function choicesOf(from: 'place' | 'language' | 'country'): readonly Choice[] {
  if (from === 'place') {
    return optionSets.place.map((code) => ({ code, words: say(`option.place.${code}`) }))
  }
  const codes = from === 'language' ? languageCodes : countryCodes
  const named = codes.map((code) => ({ code, words: nameOf(from, code) }))
  const { compare } = new Intl.Collator(spoken().code)
  return named.sort((left, right) => compare(left.words, right.words))
}

/** The words for one code of a list. */
export function nameOf(from: 'place' | 'language' | 'country', code: string): string {
  if (from === 'place') return choicesOf(from).find((choice) => choice.code === code)?.words ?? code
  if (code === 'XXX') return say('country.none')
  const type = from === 'language' ? 'language' : 'region'
  return new Intl.DisplayNames([spoken().code], { type }).of(code) ?? code
}
