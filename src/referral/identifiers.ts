/**
 * The numbers by which a person is known, from how people type them to the one spelling under which
 * they are compared. `openapi/identifiers.json` publishes the same as data.
 *
 * No number stops a referral: an official form may be newer than this client, or half heard on the
 * telephone. One of odd form is kept as it was typed and makes no match key.
 */
import { type IdentifierType, identifierTypes } from './codes/identity.ts'
import { standsForNothing } from './placeholders.ts'

/** The first digit of each script in which people type numbers; NFKC has put wide ones right. */
const zeros = ['٠', '۰', '०', '০']

/** How one type is read. Patterns are ECMAScript's, and use nothing that RE2 lacks. */
export interface IdentifierForm {
  /** What the value must be, in words that follow "must be". */
  says: string
  example: string
  /** The normal value. A group holds the number proper, in which zeros alone mean nothing. */
  form: string
  /** A class of characters deleted before `reads` is tried; white space always is. May be empty. */
  drops: string
  /** From what is left to the normal value; the first pattern that fits is used. */
  reads: readonly { pattern: string; writes: string }[]
  /** To how many digits zeros are put in front. */
  digits?: number
  /** No grammar is known: kept as typed, and any text is of the form. */
  free?: true
}

const anySeparator = '[-/.:,_#]'
const uanRead = {
  pattern: '^(?:UAN)?([0-9]{4})([0-9]{4})([0-9]{4})([0-9]{4})$',
  writes: '$1-$2-$3-$4',
}
const uanForm = '[0-9]{4}(?:-[0-9]{4}){3}'

/** The form of each type of identifier. */
export const identifierForms: Readonly<Record<IdentifierType, IdentifierForm>> = {
  uan: {
    says: '16 digits in fours: 1234-5678-9012-3456',
    example: '1234-5678-9012-3456',
    form: `^(${uanForm})$`,
    drops: anySeparator,
    reads: [uanRead],
  },
  gwf: {
    says: 'GWF and 9 digits',
    example: 'GWF012345678',
    form: '^GWF([0-9]{9})$',
    drops: anySeparator,
    reads: [{ pattern: '^GWF([0-9]{9})$', writes: 'GWF$1' }],
  },
  cid: {
    says: '1 to 9 digits',
    example: '012345678',
    form: '^([0-9]{9})$',
    drops: anySeparator,
    reads: [{ pattern: '^(?:CID)?([0-9]{1,9})$', writes: '$1' }],
    digits: 9,
  },
  // No official grammar was found: lenient on purpose. What follows the slash is the dependant, so
  // it is never dropped, and a dash before it must not vanish: M1234567-2 is not M12345672.
  home_office_file: {
    says: 'a letter and 6 to 8 digits, with or without a slash and 1 to 3 more',
    example: 'M1234567/2',
    form: '^[A-Z]([0-9]{6,8})(?:/[0-9]{1,3})?$',
    drops: '[.:,_#]',
    reads: [
      { pattern: '^([A-Z])-?([0-9]{6,8})$', writes: '$1$2' },
      { pattern: '^([A-Z])-?([0-9]{6,8})[-/]([0-9]{1,3})$', writes: '$1$2/$3' },
    ],
  },
  port_reference: {
    says: 'text of 40 characters at most',
    example: 'LHR/12345',
    form: '^.{1,40}$',
    drops: '',
    reads: [{ pattern: '^(.{1,40})$', writes: '$1' }],
    free: true,
  },
  prison_number: {
    says: 'a letter, 4 digits and 2 letters',
    example: 'A1234BC',
    form: '^[A-Z]([0-9]{4})[A-Z]{2}$',
    drops: anySeparator,
    reads: [{ pattern: '^([A-Z])([0-9]{4})([A-Z]{2})$', writes: '$1$2$3' }],
  },
  // Paper appeals are numbered from 00001 and online ones from 50001 (HMCTS, ia-case-api).
  appeal: {
    says: 'a kind of appeal, 5 digits and the year: PA/50123/2026',
    example: 'PA/50123/2026',
    form: '^(?:AA|AG|DA|DC|DE|EA|EU|HU|IA|LD|LE|LH|LP|LR|OA|PA|RP|VA)/([0-9]{5})/20[0-9]{2}$',
    drops: anySeparator,
    reads: [{ pattern: '^([A-Z]{2})([0-9]{5})(20[0-9]{2})$', writes: '$1/$2/$3' }],
  },
  upper_tribunal: {
    says: 'UI, the year and 6 digits: UI-2026-001299',
    example: 'UI-2026-001299',
    form: '^UI-[0-9]{4}-([0-9]{6})$',
    drops: anySeparator,
    reads: [{ pattern: '^UI([0-9]{4})([0-9]{6})$', writes: 'UI-$1-$2' }],
  },
  bail: {
    says: '2 letters, a slash and 5 digits, or the form of a unique application number',
    example: 'HH/12345',
    form: `^(?:[A-Z]{2}/([0-9]{5})|(${uanForm}))$`,
    drops: anySeparator,
    reads: [uanRead, { pattern: '^([A-Z]{2})([0-9]{5})$', writes: '$1/$2' }],
  },
}

/** The forms, and how they are tried, as `openapi/identifiers.json` publishes them. */
export const identifierData = {
  version: 1,
  about: [
    'A value that stands for nothing (placeholders.json) is left out, and makes no match key.',
    'Put the value right: form NFKC; delete white space and characters of the Unicode category Cf; ' +
      'each character of category Pd, and − ⁃ ˗, is -; each of ⁄ ∕ \\ is /; digits that begin at ' +
      'one of `zeros` are those of ASCII; then capitals, and form NFKC once more.',
    'Without a digit 0 to 9, and unless the type is `free`, it stands for nothing.',
    'Delete the characters of `drops`, a class of a regular expression. The first of `reads` whose ' +
      '`pattern` fits gives the normal value, `writes`; put zeros in front up to `digits`. It must ' +
      'fit `form`; otherwise the value is odd: keep what was typed, without white space around it.',
    'The group of `form` that took part holds the number proper. If its digits are all 0, or six ' +
      'or more and all the same, the value stands for nothing; not where the type is `free`.',
    'Sealed is the normal value; of a type that is `free`, what was typed without white space ' +
      'around it.',
    'Match keys: a value that is normal as a `uan` is a `uan`, whatever its type. Any other makes ' +
      'a key under its own type, if it is normal.',
  ],
  zeros,
  types: identifierForms,
} as const

/** What an identifier turns out to be. */
export type Identifier =
  /** Of its form; `value` is its one spelling. */
  | { kind: 'normal'; value: string }
  /** Of no form known here; `value` is what was typed, without white space around it. */
  | { kind: 'odd'; value: string }
  /** No number at all: `N/A`, zeros, no digit where a digit is needed. */
  | { kind: 'nothing' }

/**
 * Reads an identifier as people type it. Dashes, slashes and digits of every kind, white space,
 * letters of either case and a label in front (`UAN: …`) are put right before its form is tried.
 *
 * A type that is not known here is kept as typed, unless the value stands for nothing.
 */
export function readIdentifier(type: string, typed: string): Identifier {
  if (standsForNothing(typed)) return { kind: 'nothing' }
  const value = typed.trim()
  if (!isIdentifierType(type)) return { kind: 'odd', value }
  const { free } = identifierForms[type]
  const text = putRight(typed)
  if (!free && !/[0-9]/.test(text)) return { kind: 'nothing' }
  const normal = normalOf(identifierForms[type], text)
  if (normal === undefined) return { kind: 'odd', value }
  if (!free && isEmptyNumber(identifierForms[type], normal)) return { kind: 'nothing' }
  return { kind: 'normal', value: normal }
}

/**
 * Under what an identifier is compared. A number of the form of a `uan` is a `uan` whatever it was
 * called, because the number of an application is given for that of bail and the reverse.
 *
 * @returns `undefined` where it makes no match key: of odd form, or standing for nothing
 */
export function identifierKey(
  type: string,
  typed: string,
): { type: IdentifierType; value: string } | undefined {
  for (const known of ['uan', type]) {
    const read = readIdentifier(known, typed)
    if (read.kind === 'normal' && isIdentifierType(known)) return { type: known, value: read.value }
  }
  return undefined
}

/**
 * What is sealed of an identifier that was typed: its normal spelling; as typed, without white
 * space around it, where its form is odd or free.
 *
 * @returns `undefined` where it stands for nothing and is left out
 */
export function storedIdentifier(type: string, typed: string): string | undefined {
  const read = readIdentifier(type, typed)
  if (read.kind === 'nothing') return undefined
  const free = isIdentifierType(type) && identifierForms[type].free
  return free ? typed.trim() : read.value
}

/** Whether this client knows the type; a newer one may send others. */
export function isIdentifierType(type: string): type is IdentifierType {
  return Object.hasOwn(identifierTypes, type)
}

/** In capitals, with the dashes, slashes and digits of ASCII, and without white space. */
function putRight(typed: string): string {
  return (
    typed
      .normalize('NFKC')
      .replace(/\p{Cf}|\s/gu, '')
      .replace(/[\p{Pd}−⁃˗]/gu, '-')
      .replace(/[⁄∕\\]/g, '/')
      .replace(/\p{Nd}/gu, digitOf)
      // A capital may have no character of its own, and then comes in parts.
      .toUpperCase()
      .normalize('NFKC')
  )
}

function digitOf(digit: string): string {
  const code = digit.codePointAt(0) ?? 0
  const zero = zeros
    .map((first) => first.codePointAt(0) ?? 0)
    .find((first) => {
      return code >= first && code <= first + 9
    })
  return zero === undefined ? digit : String(code - zero)
}

function normalOf({ form, drops, reads, digits = 0 }: IdentifierForm, text: string) {
  const compact = text.replace(new RegExp(drops, 'gu'), '')
  const found = reads.find(({ pattern }) => new RegExp(pattern, 'u').test(compact))
  if (!found) return undefined
  const normal = compact.replace(new RegExp(found.pattern, 'u'), found.writes)
  const padded = normal.padStart(digits, '0')
  return new RegExp(form, 'u').test(padded) ? padded : undefined
}

/** `GWF000000000`, `M1111111`. Four digits alike, as in A1111BC, are a number like any other. */
function isEmptyNumber({ form }: IdentifierForm, normal: string): boolean {
  const groups = new RegExp(form, 'u').exec(normal)?.slice(1) ?? []
  const digits = (groups.find((group) => group !== undefined) ?? '').replace(/[^0-9]/g, '')
  return /^(0+|([0-9])\2{5,})$/.test(digits)
}
