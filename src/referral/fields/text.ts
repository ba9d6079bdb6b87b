/**
 * Text, times and their limits. Lengths are in Unicode code points, as JSON Schema counts them. Each
 * limit is far above what people write. What a compartment holds in all is limited by its sealed
 * length: 64 KiB, and 128 KiB for `narrative`.
 */
import type { TString } from 'typebox'
import * as Type from 'typebox'

/** Longer than any personal or organisation's name on record. */
const nameCharactersMax = 200
/** A sentence or two. */
const noteCharactersMax = 500
/** About a page. */
const pageCharactersMax = 4_000
/** About ten pages, which fit in any living script; a longer statement is a document. */
export const storyCharactersMax = 30_000
/** RFC 5321 section 4.5.3.1.3. */
const emailCharactersMax = 254
/** An E.164 number has 15 digits; the rest is room for spaces, brackets and "ask for". */
const phoneCharactersMax = 40

export function name(description: string): TString {
  return text(nameCharactersMax, description)
}

export function note(description: string): TString {
  return text(noteCharactersMax, description)
}

export function page(description: string): TString {
  return text(pageCharactersMax, description)
}

/** Text of at least one character: an answer that was not given is left out, not empty. */
export function text(maxLength: number, description: string): TString {
  return Type.String({ minLength: 1, maxLength, description })
}

/** The digits are compared when they are E.164; other spellings are kept for a person to dial. */
export function phone(description: string): TString {
  return text(phoneCharactersMax, `${description} With country code where possible: +447700900123.`)
}

/** No pattern: an address that a machine dislikes may still be the only one there is. */
export function email(description: string): TString {
  return text(emailCharactersMax, description)
}

/** A day in the calendar, RFC 3339 `full-date`. */
export function day(description: string): TString {
  return Type.String({ format: 'date', description })
}

/** Text of exactly this form, for which `patternWords` has words. */
export function shaped(pattern: string, description: string): TString {
  return Type.String({ pattern, description })
}

export const Day = day('A day: 2026-11-22.')

/** RFC 3339 with capitals and without the suffixes of RFC 9557, so that any reader can parse it. */
export const Instant = Type.String({
  format: 'date-time',
  pattern: '^[0-9T:.+Z-]{20,35}$',
  description: 'A moment: 2026-11-22T09:30:00Z.',
})

/** A time as people know it: the moment, or only the day. */
export function when(description: string) {
  return Type.Union([Day, Instant], { description })
}

/** What a text must be that is not of the pattern, in words that follow "must be". */
export const patternWords: Readonly<Record<string, string>> = {
  '^[a-z]{3}$': 'a language code of three small letters (ISO 639-3)',
  '^([A-Z]{2}|XXX)$': 'a country code of two capitals (ISO 3166-1), or XXX for stateless',
  '^[A-Z]{3}$': 'a prison id of three capitals (HMPPS)',
}
