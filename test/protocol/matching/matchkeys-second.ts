/**
 * A second implementation of match keys, from the text of the protocol and the data beside it alone
 * (openapi/name-words.json, placeholders.json, identifiers.json), in another style: loops over
 * letters, no code and no library of src. Two steps it takes from the vectors, for their tables are
 * another's: the Latin letters of other characters, and the codes of double metaphone. The digits of a
 * telephone it reads itself, the plain way, which is enough for the numbers there.
 */
import { readFileSync } from 'node:fs'
import type { MatchKey, Person } from '../../../src/protocol/matching/matchkeys.ts'

const data = (name: string) => {
  return JSON.parse(readFileSync(new URL(`../../../openapi/${name}.json`, import.meta.url), 'utf8'))
}
const lists = data('name-words')
const nothing = data('placeholders')
const forms = data('identifiers')

/** What the vectors give beside the person. */
export type Given = {
  /** What any-ascii writes for a character. */
  readonly letters: Readonly<Record<string, string>>
  readonly metaphoneOf: (token: string) => string
}

/** The keys of a person. `types` are all that there are, in order; `used` those to make. */
export function keysOf(
  person: Person,
  given: Given,
  types: readonly string[],
  used: readonly string[],
): MatchKey[] {
  const made = valuesOf(person, given)
  const keys: MatchKey[] = []
  for (const type of types) {
    if (used.indexOf(type) < 0) continue
    const values = distinct(made.get(type) ?? [])
    let most = values.length
    if (type === 'FILE' || type === 'PHONE') most = 4
    for (let i = 0; i < values.length && i < most; i++) {
      if (keys.length < 40) keys.push({ type, value: values[i]! })
    }
  }
  return keys
}

function valuesOf(person: Person, given: Given): Map<string, string[]> {
  const made = new Map<string, string[]>()
  const put = (type: string, value: string) => made.set(type, [...(made.get(type) ?? []), value])
  putReferences(person, put)
  for (const phone of person.phones ?? [])
    for (const digits of digitsOf(phone)) put('PHONE', digits)

  const { givenNames, familyName, otherNames = [] } = person
  const names = [givenNames, familyName, ...otherNames].filter((name) => name !== undefined)
  const tokens = tokensOf(names, given.letters)
  const parts = tokens.filter((token) => !isCommon(token))
  const sounds = distinct(tokens.map((token) => squeezed(given.metaphoneOf(token))))
  const alone = parts.length < 2 ? '1' : ''
  if (tokens.length >= 2) put(`N${alone}`, distinct(tokens).join(' '))
  if (sounds.length >= 2) put(`P${alone}`, sounds.join(' '))
  for (const birth of birthsOf(person)) putBirth(birth, tokens, parts, given, put)
  return made
}

type Put = (type: string, value: string) => void

function putReferences({ identifiers = [] }: Person, put: Put): void {
  const found: [type: string, value: string][] = []
  for (const { type, value } of identifiers) {
    const [kind, normal] = referenceOf(type, value)
    if (kind === '') continue
    const whole = kind === 'home_office_file' && normal.indexOf('/') < 0
    found.push([whole ? 'REF_file0' : lists.referenceTypes[kind], normal])
    if (kind === 'home_office_file') put('FILE', normal.split('/')[0]!)
  }
  let count = 0
  for (const type of lists.types) {
    const values = distinct(found.filter(([kind]) => kind === type).map(([, value]) => value))
    for (const value of values) {
      if (count < 8) put(type, value)
      count++
    }
  }
}

function putBirth(
  { year, month, day }: Birth,
  tokens: readonly string[],
  parts: readonly string[],
  given: Given,
  put: Put,
): void {
  if (tokens.length === 0) return
  const p = distinct(parts.map((part) => squeezed(given.metaphoneOf(part))))
  const k = distinct(parts.map(skeletonOf))
  for (const [type, codes] of [['PP_Y', p] as const, ['KK_Y', k] as const]) {
    for (let i = 0; i < codes.length; i++) {
      for (let j = i + 1; j < codes.length; j++) put(type, `${codes[i]} ${codes[j]}|${year}`)
    }
  }
  if (parts.length > 0 || tokens.length > 1) put('MH3_Y', `${minimaOf(tokens).join('.')}|${year}`)
  if (month === '') return

  const MD = month < day ? `${month}-${day}` : `${day}-${month}`
  const SD = (year + month + day).split('').sort().join('')
  const D = `${year}-${MD}`
  const is01 = month === '01' && day === '01' ? '01' : ''
  for (const part of parts) put(`T_D${is01}`, `${part}|${D}`)
  for (const code of p) put(`TP_D${is01}`, `${code}|${D}`)
  for (const code of k) put(`TK_SD${is01}`, `${code}|${SD}`)
  const sounds = distinct(tokens.map((token) => squeezed(given.metaphoneOf(token))))
  if (p.length > 0) put('P_MD', `${sounds.join(' ')}|${MD}`)
  const initials = tokens.map((token) => token[0]!).sort()
  if (tokens.length >= 2) put(`I_D${is01}`, `${initials[0]} ${initials[1]}|${D}`)
}

export function isCommon(token: string): boolean {
  const firsts: string[] = Object.values(lists.firsts)
  if (lists.alsoNames.includes(token)) return false
  return [...lists.common, ...lists.particles, ...firsts].indexOf(token) >= 0
}

function squeezed(code: string): string {
  return code
    .split('')
    .filter((sound, index) => index === 0 || sound !== code[index - 1])
    .join('')
}

type Word = { letters: string; particle: boolean }

export function tokensOf(names: readonly string[], table: Given['letters']): string[] {
  const words = withFirsts(names.flatMap((name) => compounds(wordsOf(name, table))))
  const others = words.filter(({ letters, particle }) => !particle && letters.length >= 2)
  const kept = distinct(others.map(({ letters }) => letters)).length >= 2 ? others : words
  const tokens: string[] = []
  for (const { letters } of kept) {
    const token = letters.substring(0, 64)
    if (token.length >= 2 && tokens.indexOf(token) < 0 && tokens.length < 6) tokens.push(token)
  }
  return tokens
}

/** Soft hyphens, joiners and their like: what Unicode calls default ignorable, by its ranges. */
const invisible: readonly (readonly [number, number])[] = [
  ...([
    [0xad, 0xad],
    [0x34f, 0x34f],
    [0x61c, 0x61c],
    [0x115f, 0x1160],
    [0x17b4, 0x17b5],
  ] as const),
  ...([
    [0x180b, 0x180f],
    [0x200b, 0x200f],
    [0x202a, 0x202e],
    [0x2060, 0x206f],
  ] as const),
  ...([
    [0x3164, 0x3164],
    [0xfe00, 0xfe0f],
    [0xfeff, 0xfeff],
    [0xffa0, 0xffa0],
  ] as const),
  ...([
    [0xfff0, 0xfff8],
    [0x1bca0, 0x1bca3],
    [0x1d173, 0x1d17a],
    [0xe0000, 0xe0fff],
  ] as const),
]

function bare(name: string): string {
  let text = ''
  for (const letter of name.normalize('NFC')) {
    const code = letter.codePointAt(0)!
    if (invisible.some(([first, last]) => code >= first && code <= last)) continue
    if (lists.apostrophes.indexOf(letter) < 0) text += letter
  }
  return text
}

function wordsOf(name: string, table: Given['letters']): Word[] {
  const text = bare(name)
  if (isNothing(text)) return []
  const words: string[] = ['']
  for (const letter of text.normalize('NFKC')) {
    if (/[\p{L}\p{M}]/u.test(letter)) words[words.length - 1] += letter
    else words.push('')
  }
  const found: Word[] = []
  for (const word of words) {
    const letters = lettersOf(word, table)
    if (isNothingWord(word) || letters === '') continue
    const latin = [...word].every((letter) => /[\p{Script=Latin}\p{M}]/u.test(letter))
    const own = [...word].filter((letter) => !/\p{M}/u.test(letter)).join('')
    const particle = latin ? lists.particles.includes(letters) : lists.ownScript.includes(own)
    found.push({ letters, particle })
  }
  return found
}

export function lettersOf(word: string, table: Given['letters']): string {
  let rest = word
  let letters = ''
  const vowels = '\u0627\u06d5\u06ce\u06c6\u0648\u06cc'
  if (rest.startsWith('\u0625')) {
    letters = 'i'
    rest = rest.slice(1)
  } else if (rest.startsWith('\u0626') && rest.length > 1 && vowels.includes(rest[1]!)) {
    letters = 'a'
    rest = rest.slice(rest[1] === '\u0627' || rest[1] === '\u06d5' ? 2 : 1)
  } else if (rest !== '' && '\u0627\u0623\u0671\u0639\u05d0\u05e2\u0710\u0725'.includes(rest[0]!)) {
    letters = 'a'
    rest = rest.slice(1)
  }
  for (const letter of rest) {
    if (!/[\p{Script=Latin}\p{Script=Inherited}]/u.test(letter)) {
      letters += latinOf(letter, table)
      continue
    }
    for (const part of letter.normalize('NFKD')) {
      if (/\p{M}/u.test(part)) continue
      for (const small of part.toLowerCase()) {
        if (/\p{M}/u.test(small)) continue
        letters += small >= 'a' && small <= 'z' ? small : latinOf(small, table)
      }
    }
  }
  return letters
    .toLowerCase()
    .split('')
    .filter((letter) => letter >= 'a' && letter <= 'z')
    .join('')
}

function latinOf(letter: string, table: Given['letters']): string {
  return Object.hasOwn(table, letter) ? table[letter]! : ''
}

/** Pairs, and lasts behind the word before them. */
function compounds(words: readonly Word[]): Word[] {
  const paired: Word[] = []
  for (const word of words) {
    const before = paired[paired.length - 1]
    let is = false
    for (const { firsts, seconds } of lists.pairs) {
      if (before && firsts.includes(before.letters) && seconds.includes(word.letters)) is = true
    }
    if (is) paired[paired.length - 1] = one(before!.letters + word.letters)
    else paired.push(word)
  }
  const joined: Word[] = []
  let held = ''
  for (let at = 0; at < paired.length; at++) {
    const { letters } = paired[at]!
    const next = paired[at + 1]?.letters ?? ''
    if (joined.length > 0 && next !== '' && Object.hasOwn(lists.lasts, letters + next)) {
      held = letters
      continue
    }
    const last = Object.hasOwn(lists.lasts, held + letters) ? held + letters : letters
    held = ''
    if (joined.length > 0 && Object.hasOwn(lists.lasts, last)) {
      joined.push(one(joined.pop()!.letters + lists.lasts[last]))
    } else joined.push(paired[at]!)
  }
  return joined
}

function withFirsts(words: readonly Word[]): Word[] {
  const joined: Word[] = []
  let at = 0
  while (at < words.length) {
    const word = words[at]!
    at++
    if (!Object.hasOwn(lists.firsts, word.letters)) {
      joined.push({ ...word, letters: one(word.letters).letters })
      continue
    }
    let end = at
    while (end < words.length && lists.articles.includes(words[end]!.letters)) end++
    const first = lists.firsts[word.letters]
    if (end < words.length && !words[end]!.particle) {
      joined.push(one(first + words[end]!.letters))
      at = end + 1
    } else {
      joined.push(one(first), ...words.slice(at, end))
      at = end
    }
  }
  return joined
}

function one(letters: string): Word {
  const abd = letters.startsWith('abd') && 'aeiou'.includes(letters[3] ?? '-')
  if (abd && letters[4] === 'l' && letters.length >= 7) {
    return { letters: `abdul${letters.slice(5)}`, particle: false }
  }
  if (abd && 'rsndtz'.includes(letters[4] ?? '-')) {
    const sun = letters[4]!
    const double = letters[5] === sun && letters.length >= 9
    const rest = letters.slice(double ? 6 : 5)
    if (rest.length >= 3) return { letters: `abdul${sun}${rest}`, particle: false }
  }
  return { letters, particle: false }
}

/** Whether a whole value stands for nothing: the sentences of placeholders.json, one by one. */
export function isNothing(value: string): boolean {
  const words = foldedWords(value)
  const compact = words.join('')
  const phrase = words.join(' ')
  if (words.length === 0 || compact === '0') return true
  const alike = [...compact].every((letter) => letter === compact[0])
  if (alike && (compact[0] === 'x' || (compact.length >= 2 && /^[0-9]/.test(compact)))) return true
  for (const known of nothing.phrases) {
    if (phrase === known || (known.includes(' ') && phrase === known.split(' ').join('')))
      return true
    if (words.every((word) => [...word].length === 1) && compact === known) return true
  }
  if (words.every((word) => [...word].length === 1) && nothing.words.includes(compact)) return true
  for (const first of nothing.firsts) {
    if (phrase === first || phrase.startsWith(`${first} `)) return true
  }
  const beside = words.every((word) => isNothingWord(word) || nothing.besideWords.includes(word))
  return beside && words.some(isNothingWord)
}

function isNothingWord(word: string): boolean {
  const [folded = '', ...others] = foldedWords(word)
  return others.length === 0 && (nothing.words.includes(folded) || /^xx+$/.test(folded))
}

function foldedWords(value: string): string[] {
  const words: string[] = ['']
  for (const letter of value.normalize('NFKC').toLowerCase()) {
    if (/\p{Cf}|\p{Pi}|\p{Pf}/u.test(letter) || "'`´ʼ".includes(letter)) continue
    if (/[\p{L}\p{M}\p{N}]/u.test(letter)) words[words.length - 1] += letter
    else words.push('')
  }
  return words.filter((word) => word !== '')
}

export function skeletonOf(token: string): string {
  const sounds: string[] = []
  let at = 0
  while (at < token.length) {
    const [length, sound] = soundAt(token, at)
    sounds.push(sound)
    at += length
  }
  const withoutH = sounds.filter((sound, index) => index === 0 || sound !== 'h')
  const consonants = withoutH.filter((sound) => 'aeiouy'.indexOf(sound) < 0)
  const withoutV = consonants.filter((sound, index) => index === 0 || sound !== 'v')
  return withoutV.filter((sound, index) => index === 0 || sound !== withoutV[index - 1]).join('')
}

function soundAt(token: string, at: number): [length: number, sound: string] {
  const here = (spelling: string) => token.startsWith(spelling, at)
  if (here('tsch')) return [4, 'S']
  if (here('tch') || here('sch')) return [3, 'S']
  if (here('dzh')) return [3, 'j']
  if (here('sh') || here('ch') || here('cz') || here('zh')) return [2, 'S']
  if (here('dj')) return [2, 'j']
  if (here('ph')) return [2, 'f']
  if (here('kh') || here('gh') || here('qu') || here('ck')) return [2, 'k']
  if (here('th')) return [2, 't']
  if (here('dh')) return [2, 'd']
  if (here('ce') || here('ci') || here('cy')) return [1, 's']
  if (here('q') || here('k') || here('c') || here('x')) return [1, 'k']
  if (here('g')) return [1, 'j']
  if (here('w')) return [1, 'v']
  if (here('z')) return [1, 's']
  return [1, token[at]!]
}

/** The least hash of all bigrams, for each of the three seeds. */
export function minimaOf(tokens: readonly string[]): number[] {
  const minima = [2 ** 32, 2 ** 32, 2 ** 32]
  for (const token of tokens) {
    for (let i = -1; i < token.length; i++) {
      const bigram = (token[i] ?? '_') + (token[i + 1] ?? '_')
      for (const seed of [0, 1, 2]) minima[seed] = Math.min(minima[seed]!, murmur3(bigram, seed))
    }
  }
  return minima
}

/** MurmurHash3_x86_32 of Austin Appleby's SMHasher, on bytes 0 to 255, in whole numbers of any size. */
export function murmur3(text: string, seed: number): number {
  const wrap = (x: bigint) => x & 0xffffffffn
  const turn = (x: bigint, by: bigint) => wrap(x << by) | (x >> (32n - by))
  const mixed = (word: bigint) => wrap(turn(wrap(word * 0xcc9e2d51n), 15n) * 0x1b873593n)
  const bytes = text.split('').map((letter) => BigInt(letter.charCodeAt(0)))
  let hash = BigInt(seed)
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    const [a, b, c, d] = bytes.slice(at, at + 4) as [bigint, bigint, bigint, bigint]
    hash ^= mixed(a | (b << 8n) | (c << 16n) | (d << 24n))
    hash = wrap(turn(hash, 13n) * 5n + 0xe6546b64n)
  }
  let tail = 0n
  for (let i = bytes.length - 1; i >= at; i--) tail = (tail << 8n) | bytes[i]!
  hash ^= mixed(tail) ^ BigInt(bytes.length)
  hash = wrap((hash ^ (hash >> 16n)) * 0x85ebca6bn)
  hash = wrap((hash ^ (hash >> 13n)) * 0xc2b2ae35n)
  return Number(hash ^ (hash >> 16n))
}

type Birth = { year: string; month: string; day: string }

function birthsOf({ dateOfBirth = {} }: Person): Birth[] {
  const alone = dateOfBirth.year ?? 0
  const whole = Number.isInteger(alone) && alone >= 1000 && alone <= 9999
  const year = { year: String(alone), month: '', day: '' }
  const first = dayOf(dateOfBirth.date ?? '') ?? (whole ? year : undefined)
  const births: Birth[] = []
  for (const birth of [first, ...(dateOfBirth.otherDates ?? []).map(dayOf)]) {
    if (birth && births.length < 3 && !births.some((it) => sameBirth(it, birth))) births.push(birth)
  }
  return births
}

/** Day and month exchanged, they are one: no key tells them apart. */
function sameBirth(a: Birth, b: Birth): boolean {
  const text = ({ year, month, day }: Birth) => [year, ...[month, day].sort()].join()
  return text(a) === text(b)
}

function dayOf(date: string): Birth | undefined {
  const [year = '', month = '', day = ''] = date.split('-')
  const digits = (text: string, length: number) =>
    text.length === length && [...text].every((letter) => letter >= '0' && letter <= '9')
  if (date.length !== 10 || !digits(year, 4) || !digits(month, 2) || !digits(day, 2))
    return undefined
  const isLeap = +year % 4 === 0 && (+year % 100 !== 0 || +year % 400 === 0)
  const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  const fits = year >= '1000' && +day >= 1 && +day <= (lengths[+month - 1] ?? 0)
  return fits ? { year, month, day } : undefined
}

/** The kind and the normal value, by the sentences of identifiers.json; both empty for none. */
function referenceOf(type: string, typed: string): [kind: string, value: string] {
  if (isNothing(typed)) return ['', '']
  for (const kind of ['uan', type]) {
    const value = Object.hasOwn(forms.types, kind) ? normalOf(kind, typed) : ''
    if (value !== '') return [kind, value]
  }
  return ['', '']
}

function normalOf(kind: string, typed: string): string {
  const { drops, reads, form, free, digits = 0 } = forms.types[kind]
  let text = ''
  for (const letter of typed.normalize('NFKC')) {
    if (/\s|\p{Cf}/u.test(letter)) continue
    if (/\p{Pd}/u.test(letter) || '−⁃˗'.includes(letter)) text += '-'
    else if ('⁄∕\\'.includes(letter)) text += '/'
    else text += ascii(letter)
  }
  text = text.toUpperCase()
  if (!free && !/[0-9]/.test(text)) return ''
  const compact = drops === '' ? text : text.replace(new RegExp(drops, 'g'), '')
  for (const { pattern, writes } of reads) {
    if (!new RegExp(pattern, 'u').test(compact)) continue
    const normal = compact.replace(new RegExp(pattern, 'u'), writes).padStart(digits, '0')
    const found = new RegExp(form, 'u').exec(normal)
    if (!found) return ''
    const proper = (found.slice(1).find((group) => group !== undefined) ?? '').replace(/\D/g, '')
    const empty = /^0+$/.test(proper) || (proper.length >= 6 && /^(.)\1+$/.test(proper))
    return !free && empty ? '' : normal
  }
  return ''
}

function ascii(letter: string): string {
  const code = letter.codePointAt(0)!
  for (const zero of forms.zeros) {
    const first = zero.codePointAt(0)!
    if (code >= first && code <= first + 9) return String(code - first)
  }
  return letter
}

/**
 * Numbers as they are dialled in the United Kingdom, or after `+` or `00` anywhere; several in one
 * field are parted here by anything but blanks, brackets and hyphens.
 */
export function digitsOf(phone: string): string[] {
  const found: string[] = []
  const text = [...phone].map(ascii).join('')
  for (const part of text.split(/[/,;]|\bor\b/)) {
    const [, plus = '', rest = '', extension = ''] =
      /(\+?)([0-9(][0-9 ()-]*[0-9])(?:[ .]*(?:ext|extension|x)[ .]*([0-9]+))?/.exec(part) ?? []
    const dialled = rest.replace(/\(0\)/, '').replace(/[^0-9]/g, '')
    let digits = ''
    if (plus === '+') digits = dialled
    else if (dialled.startsWith('00')) digits = dialled.slice(2)
    else if (dialled.startsWith('0')) digits = `44${dialled.slice(1)}`
    if (digits.length < 10 || /^44(.)\1+$/.test(digits)) continue
    found.push(extension === '' ? digits : `${digits}x${extension}`)
  }
  return found
}

/** Sorted by code unit, each once, without empty ones. */
function distinct(values: readonly string[]): string[] {
  const ordered = [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return ordered.filter((value, index) => value !== '' && value !== ordered[index - 1])
}
