/**
 * The words of the page. They stand in one file a language, `texts/en.json`, which a translator edits; a
 * translation that nobody has reviewed is a draft, built in only where that was asked for, and says so.
 */

import en from './texts/en.json' with { type: 'json' }

export type Key = keyof typeof en
type Texts = Readonly<Record<Key, string>>

export type Language = {
  /** BCP 47. */
  readonly code: string
  /** As its speakers write it. */
  readonly name: string
  readonly dir: 'ltr' | 'rtl'
  readonly draft: boolean
  readonly load: () => Promise<Texts>
}

const english: Language = {
  ...{ code: 'en-GB', name: 'English', dir: 'ltr', draft: false },
  load: async () => en,
}

/** Whether they are built in: the build leaves out what follows where they are not. */
declare const DRAFTS: boolean

const drafts: readonly Language[] = DRAFTS
  ? [
      {
        ...{ code: 'ar', name: 'العربية', dir: 'rtl', draft: true },
        load: async () =>
          (await import('./texts/drafts/ar.json', { with: { type: 'json' } })).default,
      },
    ]
  : []

export const languages: readonly Language[] = [english, ...drafts]

let texts: Texts = en
let language = english

/** Speaks this language from now on. */
export async function speak(chosen: Language): Promise<void> {
  texts = await chosen.load()
  language = chosen
}

export function spoken(): Language {
  return language
}

/**
 * The words of a key, with what stands in braces put in, each isolated: among words from right to left the
 * groups of a telephone number would change places.
 */
export function say(key: Key, values: Readonly<Record<string, string>> = {}): string {
  return texts[key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    values[name] === undefined ? whole : `\u2068${values[name]}\u2069`,
  )
}

/** The words of a key that not every question, page or option has. */
export function sayIf(key: string): string | undefined {
  return Object.hasOwn(texts, key) ? texts[key as Key] : undefined
}

/** Words about the person: to them, or to whoever helps, where the two differ. */
export function sayTo(helper: boolean, key: Key): string {
  return (helper ? sayIf(`${key}.helper`) : undefined) ?? texts[key]
}
